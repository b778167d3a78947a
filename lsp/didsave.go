package lsp

import "go.lsp.dev/protocol"

// didSave handles textDocument/didSave: other packages may depend on what was
// saved, so all open ones of the view are looked at again.
func (s *session) didSave(p *protocol.DidSaveTextDocumentParams) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.current.docs[p.TextDocument.URI]; d != nil && d.name != "" {
		s.wakeAll(s.viewOf(d.name))
	}
	return nil
}
