package lsp

import (
	"fmt"

	"go.lsp.dev/uri"
)

type didChangeParams struct {
	TextDocument struct {
		URI     uri.URI `json:"uri"`
		Version int32   `json:"version"` // some clients write null
	} `json:"textDocument"`
	ContentChanges []contentChange `json:"contentChanges"`
}

// didChange handles textDocument/didChange.
func (s *session) didChange(p *didChangeParams) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := p.TextDocument.URI
	old := s.current.docs[u]
	if old == nil {
		return fmt.Errorf("%s is not open", u)
	}
	d, splices := old.change(p.TextDocument.Version, p.ContentChanges, s.client.encoding)
	switch {
	case len(d.src) > s.limits.document:
		s.refuse(d)
	case old.refused && !d.refused:
		s.current = s.current.with(d, nil)
		s.opened(d)
	default:
		s.current = s.current.with(d, s.current.found[u].move(splices))
		s.wake(d.name, editDelay)
	}
	return nil
}
