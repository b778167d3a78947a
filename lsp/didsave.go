package lsp

import "go.lsp.dev/protocol"

// didSave handles textDocument/didSave: other packages may depend on what was
// saved, so all open ones are looked at again.
func (s *session) didSave(p *protocol.DidSaveTextDocumentParams) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.current.files() {
		s.wake(name, 0)
	}
	return nil
}
