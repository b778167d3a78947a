package lsp

import (
	"context"
	"sync"

	"go.lsp.dev/jsonrpc2"
)

// An outbox sends notifications to the client in order. Nobody who has
// something to say waits for a client that does not read.
type outbox struct {
	mu    sync.Mutex
	queue []outgoing
	ready chan struct{}
}

type outgoing struct {
	method string
	params any
}

func (o *outbox) send(method string, params any) {
	o.mu.Lock()
	o.queue = append(o.queue, outgoing{method, params})
	o.mu.Unlock()
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

func (o *outbox) run(ctx context.Context, conn jsonrpc2.Conn) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.ready:
		}
		o.mu.Lock()
		queue := o.queue
		o.queue = nil
		o.mu.Unlock()
		for _, m := range queue {
			if conn.Notify(ctx, m.method, m.params) != nil {
				return // the connection is gone
			}
		}
	}
}
