package lsp

import (
	"context"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// A pulling is what a client that asks for diagnostics has asked for. It is
// guarded by session.mu.
type pulling struct {
	handed     map[uri.URI]string // the result IDs that the client was given, or was told to ask for
	waiting    map[uri.URI]int    // requests under way, by document
	workspace  bool               // the client has asked for the workspace, too
	held       int                // of these requests, those under way
	refreshing bool               // it is about to be told to ask again
}

func newPulling() pulling {
	return pulling{handed: make(map[uri.URI]string), waiting: make(map[uri.URI]int)}
}

// asks reports whether the client asks for the report of a file, so that it must
// not get it twice: of open documents if it asks for anything, of others once it
// has asked for the workspace. Many editors never do. The caller holds s.mu.
func (s *session) asks(u uri.URI) bool {
	return s.client.pulls() && (s.current.docs[u] != nil || s.pulling.workspace)
}

// documentReport is a DocumentDiagnosticReport or, with a URI, a
// WorkspaceDocumentDiagnosticReport (LSP 3.17, "Pull Diagnostics").
type documentReport struct {
	Kind     string                      `json:"kind"`
	ResultID string                      `json:"resultId"`
	Items    *[]protocol.Diagnostic      `json:"items,omitzero"` // nil if unchanged
	Related  map[uri.URI]*documentReport `json:"relatedDocuments,omitzero"`
}

// hand returns the report of a file for a client that has the one with the
// previous ID. The caller holds s.mu.
func (s *session) hand(u uri.URI, previous string) *documentReport {
	r := s.reportOf(u)
	s.pulling.handed[u] = r.id
	if r.id == previous {
		return &documentReport{Kind: "unchanged", ResultID: r.id}
	}
	items := append([]protocol.Diagnostic{}, r.diagnostics...)
	return &documentReport{Kind: "full", ResultID: r.id, Items: &items}
}

type documentDiagnosticParams struct {
	TextDocument     protocol.TextDocumentIdentifier `json:"textDocument"`
	PreviousResultID string                          `json:"previousResultId"`
}

// documentDiagnostic handles textDocument/diagnostic: it waits until the document
// as it is by then was looked at.
func (s *session) documentDiagnostic(ctx context.Context, _ *snapshot, p *documentDiagnosticParams) (*documentReport, error) {
	u := p.TextDocument.URI
	s.mu.Lock()
	s.pulling.waiting[u]++
	s.mu.Unlock()
	ok := s.await(ctx, func() bool {
		d := s.current.docs[u]
		return d == nil || s.looked[u] == d || s.settled()
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pulling.waiting[u]--; s.pulling.waiting[u] == 0 {
		delete(s.pulling.waiting, u)
	}
	if !ok {
		return nil, ctx.Err()
	}
	out := s.hand(u, p.PreviousResultID)
	if s.client.TextDocument.Diagnostic != nil && s.client.TextDocument.Diagnostic.RelatedDocumentSupport {
		out.Related = s.related(u)
	}
	return out, nil
}

// related returns the reports of the other open files of a document's package
// that are others than the client has. The caller holds s.mu.
func (s *session) related(u uri.URI) map[uri.URI]*documentReport {
	f := s.current.found[u]
	if f == nil {
		return nil
	}
	var out map[uri.URI]*documentReport
	for name := range f.docs {
		d := s.current.named(name)
		if d == nil || d.uri == u {
			continue
		}
		if has, ok := s.pulling.handed[d.uri]; ok && has != s.reportOf(d.uri).id && s.looked[d.uri] == d {
			if out == nil {
				out = make(map[uri.URI]*documentReport)
			}
			out[d.uri] = s.hand(d.uri, "")
		}
	}
	return out
}

// refreshSoon has the client told to ask again when there is nothing more to
// wait for, if it has something old by then. The caller holds s.mu.
func (s *session) refreshSoon() {
	if s.client.pulls() && s.client.Workspace.Diagnostics.RefreshSupport && !s.pulling.refreshing {
		s.pulling.refreshing = true
		s.task("refresh", s.refresh)
	}
}

func (s *session) refresh() {
	if !s.await(s.ctx, func() bool { return s.settled() && (!s.scan.underWay || len(s.outdated(true)) > 0) }) {
		return
	}
	s.mu.Lock()
	s.pulling.refreshing = false
	old := s.outdated(false)
	for _, u := range old {
		s.pulling.handed[u] = s.reportOf(u).id
	}
	s.mu.Unlock()
	if len(old) > 0 {
		s.ask(protocol.MethodWorkspaceDiagnosticRefresh, nil)
	}
}

// outdated returns the files, or only those that are open, whose report is
// another than the client has, but for those that it is asking for. The caller
// holds s.mu.
func (s *session) outdated(open bool) []uri.URI {
	var out []uri.URI
	for u, r := range s.reports {
		has, ok := s.pulling.handed[u]
		switch isOpen := s.current.docs[u] != nil; {
		case ok && has == r.id:
		case isOpen && ok && s.pulling.waiting[u] == 0,
			!isOpen && !open && s.pulling.workspace && s.pulling.held == 0 && (ok || r.id != nothing):
			out = append(out, u)
		}
	}
	return out
}
