package lsp

import (
	"context"
	"fmt"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// tooLarge handles the messages that stand for those that are too large: a call
// fails, and of a document whose text has not arrived nothing is known.
func (s *session) tooLarge() method {
	m := notification(func(t *tooLarge) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		old := s.current.docs[t.URI]
		if t.Method == protocol.MethodTextDocumentDidOpen || t.Method == protocol.MethodTextDocumentDidChange && old != nil {
			s.refuse(newDocument(t.URI, 0, ""))
		}
		return t
	})
	m.call = func(_ context.Context, _ *snapshot, raw []byte) (any, error) {
		var t tooLarge
		if err := unmarshal(raw, &t); err != nil {
			return nil, jsonrpc2.Errorf(jsonrpc2.InvalidParams, "invalid parameters: %v", err)
		}
		return nil, jsonrpc2.NewError(jsonrpc2.InvalidRequest, t.Error())
	}
	return m
}

// refuse makes a document one whose text the server does not know, and tells the
// user. The caller holds s.mu.
func (s *session) refuse(d *document) {
	d = d.without()
	s.current = s.current.with(d, nil)
	s.publish(d, nil)
	s.show(fmt.Sprintf("%s is larger than %d MiB: handshake leaves it alone, and its package.", name(d.uri), s.limits.document>>20))
}

// crowded reports whether no further document can be opened. The caller holds
// s.mu.
func (s *session) crowded(u uri.URI) bool {
	if s.current.docs[u] != nil || len(s.current.docs) < s.limits.documents {
		return false
	}
	s.show(fmt.Sprintf("More than %d documents are open: handshake leaves the others alone.", s.limits.documents))
	return true
}

// show shows a warning to the user, once. The caller holds s.mu.
func (s *session) show(message string) {
	if s.told["tell "+message] {
		return
	}
	s.told["tell "+message] = true
	s.outbox.send(protocol.MethodWindowShowMessage, &protocol.ShowMessageParams{Type: protocol.MessageTypeWarning, Message: message})
}

// name returns how a user calls a document.
func name(u uri.URI) string {
	if u.IsFile() {
		return u.FsPath()
	}
	return u.String()
}
