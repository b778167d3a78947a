package lsp

import (
	"fmt"

	"go.lsp.dev/protocol"
)

// didClose handles textDocument/didClose: the file on disk is the truth again.
func (s *session) didClose(p *protocol.DidCloseTextDocumentParams) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.current.docs[p.TextDocument.URI]
	if d == nil {
		return fmt.Errorf("%s is not open", p.TextDocument.URI)
	}
	s.current = s.current.without(d)
	s.release(d)
	s.closed(d)
	return nil
}
