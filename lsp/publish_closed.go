package lsp

import (
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

// Files of the workspace that are not open have reports too: of their package's
// worker if another of its files is open, else of the scan.

// ofClosed returns the findings of a file that is not open as diagnostics. It
// returns nil if the file cannot be read.
func (s *session) ofClosed(file string, offers []*offer, set Settings, textOf func(name string) *text) []protocol.Diagnostic {
	in := textOf(file)
	if in == nil {
		return nil
	}
	var out []protocol.Diagnostic
	for _, o := range offers {
		out = append(out, s.diagnostic(in, place{o, o.Span, o.Related}, set.DocsURL, textOf))
	}
	return out
}

// publishClosed tells the client what a worker found in the files of its package
// that are not open. The caller holds s.mu.
func (s *session) publishClosed(a *analysis) {
	set := a.view.settings
	for _, file := range a.files {
		if a.docs[file] != nil || s.current.named(file) != nil || !s.scan.covers(file) {
			continue
		}
		var diagnostics []protocol.Diagnostic
		if set.Diagnostics && set.Scan && a.pkg != nil {
			var offers []*offer
			for _, o := range a.offers[file] {
				if mentionable(o.Finding) {
					offers = append(offers, o)
				}
			}
			diagnostics = s.ofClosed(file, offers, set, func(name string) *text {
				if f := a.pkg.FileNamed(name); f != nil {
					return newText(f.Src)
				}
				return nil
			})
		}
		s.tellClosed(uri.File(file), diagnostics)
	}
}

// tellClosed makes diagnostics the report of a file that is not open. The caller
// holds s.mu.
func (s *session) tellClosed(u uri.URI, diagnostics []protocol.Diagnostic) {
	s.report(u, protocol.Optional[int32]{}, diagnostics)
}

// takeOver leaves a file that is opened to its worker. What was shown of it
// stays until that has looked, unless the client will ask for it, or writes its
// URI in another way. The caller holds s.mu.
func (s *session) takeOver(d *document) {
	u := uri.File(d.name)
	if r := s.reportOf(u); d.name != "" && r.id != nothing && (u != d.uri || s.client.pulls()) {
		s.withdraw(u, protocol.Optional[int32]{})
	}
}

// release takes back what was shown of a file that was closed, unless the scan
// will look at it. The caller holds s.mu.
func (s *session) release(d *document) {
	delete(s.looked, d.uri)
	delete(s.pulling.handed, d.uri)
	covered := s.scan.covers(d.name)
	if covered {
		s.scan.again(d.name)
	}
	if !covered || s.client.pulls() && !s.pulling.workspace || d.uri != uri.File(d.name) {
		s.withdraw(d.uri, protocol.NewOptional(d.version))
	}
}

// withdraw takes back a report. The caller holds s.mu.
func (s *session) withdraw(u uri.URI, version protocol.Optional[int32]) {
	if r := s.reportOf(u); r.pushed && r.id != nothing {
		s.push(u, version, nil)
	}
	delete(s.reports, u)
}
