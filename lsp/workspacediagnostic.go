package lsp

import (
	"context"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

type workspaceDiagnosticParams struct {
	PreviousResultIDs []struct {
		URI   uri.URI `json:"uri"`
		Value string  `json:"value"`
	} `json:"previousResultIds"`
	PartialResultToken jsontext.Value `json:"partialResultToken"`
}

// workspaceReport is a WorkspaceDiagnosticReport, or a part of one.
type workspaceReport struct {
	Items []workspaceDocumentReport `json:"items"`
}

type workspaceDocumentReport struct {
	URI     uri.URI `json:"uri"`
	Version *int32  `json:"version"` // null: the file is not open
	documentReport
}

// workspaceDiagnostic handles workspace/diagnostic: the reports of files that are
// not open. A client that takes partial results gets them as they come, and its
// answer when there was something new; until then the request is held, so that
// it need not ask again and again. Others get the answer at once.
func (s *session) workspaceDiagnostic(ctx context.Context, _ *snapshot, p *workspaceDiagnosticParams) (*workspaceReport, error) {
	has := make(map[uri.URI]string)
	for _, previous := range p.PreviousResultIDs {
		has[previous.URI] = previous.Value
	}
	s.mu.Lock()
	s.askedForWorkspace()
	if len(p.PartialResultToken) == 0 {
		defer s.mu.Unlock()
		return s.reportsOfClosed(has, false), nil
	}
	s.pulling.held++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.pulling.held--
		s.mu.Unlock()
	}()
	for told := false; ; told = true {
		var r *workspaceReport
		more := false
		ok := s.await(ctx, func() bool {
			if more = s.scan.underWay || !s.settled(); told && !more {
				r = s.reportsOfClosed(has, true)
				return true
			}
			if r = s.reportsOfClosed(has, true); len(r.Items) == 0 {
				return false
			}
			return true
		})
		switch {
		case !ok:
			return nil, ctx.Err()
		case !more && !told:
			return r, nil
		}
		if len(r.Items) > 0 {
			s.outbox.send(protocol.MethodProgress, &progressParams{p.PartialResultToken.Clone(), r})
		}
		if !more {
			return &workspaceReport{Items: []workspaceDocumentReport{}}, nil
		}
	}
}

// askedForWorkspace takes back what was pushed of files that are not open: from
// now on the client asks for it. The caller holds s.mu.
func (s *session) askedForWorkspace() {
	if s.pulling.workspace {
		return
	}
	s.pulling.workspace = true
	for u, r := range s.reports {
		if r.pushed && s.current.docs[u] == nil {
			if r.id != nothing {
				s.push(u, protocol.Optional[int32]{}, nil)
			}
			r.pushed = false
			s.reports[u] = r
		}
	}
}

// reportsOfClosed returns the reports of files that are not open, for a client
// that has those with the IDs, which it makes those of the reports; or only what
// is new to it. The caller holds s.mu.
func (s *session) reportsOfClosed(has map[uri.URI]string, onlyNew bool) *workspaceReport {
	files := make(map[uri.URI]bool)
	for u := range s.reports {
		files[u] = true
	}
	for u := range has {
		files[u] = true
	}
	out := &workspaceReport{Items: []workspaceDocumentReport{}}
	for _, u := range slices.Sorted(maps.Keys(files)) {
		previous, known := has[u]
		id := s.reportOf(u).id
		if s.current.docs[u] != nil || !known && id == nothing || onlyNew && previous == id {
			continue // open documents have requests of their own
		}
		out.Items = append(out.Items, workspaceDocumentReport{URI: u, documentReport: *s.hand(u, previous)})
		has[u] = id
	}
	return out
}
