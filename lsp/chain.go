package lsp

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
)

// A method handles one kind of message: a notification or a call.
type method struct {
	// notify handles a notification on the reading goroutine: it must be quick
	// and do no I/O.
	notify func(params []byte) error

	// call handles a request. It runs on a goroutine of its own, with the
	// snapshot that was current when the request arrived.
	call func(ctx context.Context, snap *snapshot, params []byte) (any, error)

	// inline calls run on the reading goroutine: later messages depend on them.
	inline bool
}

// A chain hands messages to the server in order. It takes the place of
// protocol.NewServer, which releases every message at once and so loses the
// order of didChange. It never derives a context from the one that jsonrpc2
// v1.0.1 gives it: that one is pooled, and a derived context panics on a
// goroutine of its own when the pool has recycled it.
type chain struct {
	server *server

	mu       sync.Mutex
	inflight map[jsonrpc2.ID]context.CancelFunc
}

func newChain(s *server) *chain {
	return &chain{server: s, inflight: make(map[jsonrpc2.ID]context.CancelFunc)}
}

// errServerNotInitialized and errShutDown answer calls that come too early or
// too late (LSP 3.17, "initialize" and "shutdown").
var (
	errServerNotInitialized = jsonrpc2.NewError(jsonrpc2.ServerNotInitialized, "the server is not initialized")
	errShutDown             = jsonrpc2.NewError(jsonrpc2.InvalidRequest, "the server is shut down")
)

func (c *chain) handle(ctx context.Context, r *jsonrpc2.Request) (any, error) {
	base := jsonrpc2.DetachContext(ctx)
	name := strings.Clone(r.Method())
	if !r.IsCall() {
		c.notify(name, r.Params())
		return nil, nil // an error would close the connection
	}
	m, ok := c.server.methods[name]
	switch {
	case c.server.state == created && name != protocol.MethodInitialize:
		return nil, errServerNotInitialized
	case c.server.state == shutDown:
		return nil, errShutDown
	case !ok || m.call == nil:
		return nil, jsonrpc2.NewError(jsonrpc2.MethodNotFound, "method not found: "+name)
	}
	callCtx, cancel := context.WithCancel(base)
	id := r.ID()
	c.mu.Lock()
	c.inflight[id] = cancel
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.inflight, id)
		c.mu.Unlock()
		cancel()
	}()
	snap := c.server.snapshot()
	if !m.inline {
		jsonrpc2.Async(ctx)
	}
	start := time.Now()
	result, err := c.call(callCtx, name, m, snap, r.Params())
	c.server.traced(name, fmt.Sprintf(" (%v)", id), r.Params(), start, err)
	return result, err
}

func (c *chain) call(ctx context.Context, name string, m method, snap *snapshot, params []byte) (result any, err error) {
	defer func() {
		if v := recover(); v != nil {
			c.server.log.Printf("panic in %s: %v\n%s", name, v, debug.Stack())
			result, err = nil, jsonrpc2.Errorf(jsonrpc2.InternalError, "internal error in %s: %v", name, v)
		}
		if err != nil && (errors.Is(err, context.Canceled) || ctx.Err() != nil) {
			result, err = nil, protocol.ErrRequestCancelled // else code 0 goes out
		}
	}()
	return m.call(ctx, snap, params)
}

// notify handles a notification. Its errors and panics are logged: nobody waits
// for an answer.
func (c *chain) notify(name string, params []byte) {
	defer func() {
		if v := recover(); v != nil {
			c.server.log.Printf("panic in %s: %v\n%s", name, v, debug.Stack())
		}
	}()
	if name == protocol.MethodCancelRequest {
		c.cancel(params)
		return
	}
	m, ok := c.server.methods[name]
	switch {
	case !ok || m.notify == nil:
		if !strings.HasPrefix(name, "$/") { // those may be ignored (LSP 3.17, "$ Notifications and Requests")
			c.server.log.Printf("unknown notification %s", name)
		}
		return
	case c.server.state != initialized && name != protocol.MethodExit:
		return // to be dropped (LSP 3.17, "initialize")
	}
	start := time.Now()
	err := m.notify(params)
	if err != nil {
		c.server.log.Printf("%s: %v", name, err)
	}
	c.server.traced(name, "", params, start, err)
}

// cancel handles $/cancelRequest.
func (c *chain) cancel(params []byte) {
	var p protocol.CancelParams
	if unmarshal(params, &p) != nil {
		return
	}
	var id jsonrpc2.ID
	switch v := p.ID.(type) {
	case protocol.Integer:
		id = jsonrpc2.NewNumberID(int64(v))
	case protocol.String:
		id = jsonrpc2.NewStringID(string(v))
	default:
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if cancel := c.inflight[id]; cancel != nil {
		cancel()
	}
}
