package lsp

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"go.lsp.dev/protocol"
)

// A progress tells the client how far a long piece of work is, and lets the user
// cancel it. It is not safe for concurrent use. A nil one tells nothing.
type progress struct {
	session *session
	token   jsontext.Value
	cancel  context.CancelFunc
	percent uint32
}

type progressParams struct {
	Token jsontext.Value `json:"token"`
	Value any            `json:"value"`
}

// begin begins a piece of work under the token that the client has sent with a
// request, or one that it is asked for. The context is cancelled when the user
// cancels the work. The caller calls end.
func (s *session) begin(ctx context.Context, token jsontext.Value, title string) (context.Context, *progress) {
	if len(token) == 0 || string(token) == "null" {
		if token = s.newToken(ctx); token == nil {
			return ctx, nil
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &progress{session: s, token: token.Clone(), cancel: cancel}
	s.mu.Lock()
	s.working[string(token)] = cancel
	s.mu.Unlock()
	yes, none := true, uint32(0)
	p.send(&protocol.WorkDoneProgressBegin{Kind: "begin", Title: title, Cancellable: &yes, Percentage: &none})
	return ctx, p
}

// newToken asks the client for a token; nil if it has none.
func (s *session) newToken(ctx context.Context) jsontext.Value {
	if !s.client.Window.WorkDoneProgress {
		return nil
	}
	s.mu.Lock()
	s.tokens++
	token := protocol.String(fmt.Sprintf("handshake/%d", s.tokens))
	s.mu.Unlock()
	if _, err := s.conn.Call(ctx, protocol.MethodWindowWorkDoneProgressCreate, &protocol.WorkDoneProgressCreateParams{Token: token}, nil); err != nil {
		return nil
	}
	raw, _ := jsontext.AppendQuote(nil, string(token)) // ASCII
	return raw
}

func (p *progress) send(value any) {
	p.session.outbox.send(protocol.MethodProgress, &progressParams{p.token, value})
}

// report says how much is done, if that is a percent more.
func (p *progress) report(done, all int) {
	if p == nil || all == 0 {
		return
	}
	percent := uint32(100 * done / all)
	if percent == p.percent {
		return
	}
	p.percent = percent
	message := fmt.Sprintf("%d of %d", done, all)
	p.send(&protocol.WorkDoneProgressReport{Kind: "report", Message: &message, Percentage: &percent})
}

// end says what has become of the work.
func (p *progress) end(message string) {
	if p == nil {
		return
	}
	p.session.mu.Lock()
	delete(p.session.working, string(p.token))
	p.session.mu.Unlock()
	p.cancel()
	p.send(&protocol.WorkDoneProgressEnd{Kind: "end", Message: &message})
}

// workDoneProgressCancel handles window/workDoneProgress/cancel.
func (s *session) workDoneProgressCancel(p *struct {
	Token jsontext.Value `json:"token"`
}) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel := s.working[string(p.Token)]; cancel != nil {
		cancel()
	}
	return nil
}
