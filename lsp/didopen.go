package lsp

import (
	"strings"

	"go.lsp.dev/protocol"
)

// didOpen handles textDocument/didOpen.
func (s *session) didOpen(p *protocol.DidOpenTextDocumentParams) error {
	// The parameters share the memory of the whole message.
	d := newDocument(p.TextDocument.URI, p.TextDocument.Version, strings.Clone(p.TextDocument.Text))
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.crowded(d.uri):
	case len(d.src) > s.limits.document:
		s.takeOver(d)
		s.refuse(d)
	default:
		s.takeOver(d)
		s.current = s.current.with(d, nil)
		s.opened(d)
	}
	return nil
}
