package lsp

import "go.lsp.dev/protocol"

// didSave handles textDocument/didSave: other packages may depend on what was
// saved, so all open ones are looked at again.
func (s *session) didSave(p *protocol.DidSaveTextDocumentParams) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.current.files() {
		if v := s.viewOf(name); v != nil && v.base == nil {
			v.reload(true) // what kept it from being loaded may be mended
		}
		s.wake(name, 0)
	}
	return nil
}
