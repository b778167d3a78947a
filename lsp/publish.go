package lsp

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"handshake/refactor"
)

// source is the name under which diagnostics are shown.
const source = "handshake"

// diagnosticData is what a diagnostic carries for the client to hand back.
type diagnosticData struct {
	Rule string `json:"rule"`
	Key  string `json:"key"`
}

// A report is what is to be shown of a file.
type report struct {
	diagnostics []protocol.Diagnostic
	id          string // the same for equal diagnostics: the result ID when they are pulled
	pushed      bool   // the client was told without asking
}

// nothing is the id of a report without diagnostics.
const nothing = "0"

// reportOf returns the report of a file. The caller holds s.mu.
func (s *session) reportOf(u uri.URI) report {
	if r, ok := s.reports[u]; ok {
		return r
	}
	return report{id: nothing}
}

func newReport(u uri.URI, diagnostics []protocol.Diagnostic) (report, error) {
	if len(diagnostics) == 0 {
		return report{id: nothing}, nil
	}
	raw, err := protocol.Marshal(&protocol.PublishDiagnosticsParams{URI: u, Diagnostics: diagnostics})
	sum := sha256.Sum256(raw)
	return report{diagnostics: diagnostics, id: hex.EncodeToString(sum[:8])}, err
}

// publish tells the client what was found in a document, unless it knows. The
// caller holds s.mu.
func (s *session) publish(d *document, f *found) {
	s.looked[d.uri] = d
	s.report(d.uri, protocol.NewOptional(d.version), s.diagnostics(d, f))
}

// report makes diagnostics the report of a file and tells the client, unless it
// knows or will ask. The caller holds s.mu.
func (s *session) report(u uri.URI, version protocol.Optional[int32], diagnostics []protocol.Diagnostic) {
	defer s.announce()
	r, err := newReport(u, diagnostics)
	if err != nil {
		s.log.Printf("diagnostics of %s: %v", u, err)
		return
	}
	old := s.reportOf(u)
	if r.id == old.id {
		return
	}
	if r.pushed = !s.asks(u); r.pushed {
		s.push(u, version, diagnostics)
	} else {
		s.refreshSoon()
	}
	s.reports[u] = r
}

func (s *session) push(u uri.URI, version protocol.Optional[int32], diagnostics []protocol.Diagnostic) {
	s.outbox.send(protocol.MethodTextDocumentPublishDiagnostics, &protocol.PublishDiagnosticsParams{URI: u, Version: version, Diagnostics: diagnostics})
}

// diagnostics returns the findings of a document as diagnostics. The caller
// holds s.mu.
func (s *session) diagnostics(d *document, f *found) []protocol.Diagnostic {
	if f == nil || !f.view.settings.Diagnostics {
		return nil
	}
	var out []protocol.Diagnostic
	for _, p := range f.places {
		out = append(out, s.diagnosticOf(d, p, f.view.settings.DocsURL))
	}
	return out
}

// diagnosticOf returns a finding in a document as a diagnostic.
func (s *session) diagnosticOf(d *document, p place, docs string) protocol.Diagnostic {
	return s.diagnostic(d.text, p, docs, func(name string) *text { return d.textOf(name, p.pkg) })
}

// diagnostic returns a finding in a text as a diagnostic. The texts of the files
// that it is related to are nil if there are none.
func (s *session) diagnostic(in *text, p place, docs string, textOf func(name string) *text) protocol.Diagnostic {
	start, end := visible(in.src, p.Start, p.End)
	out := protocol.Diagnostic{
		Range:    in.rangeOf(start, end, s.client.encoding),
		Severity: severity(p.Rule.Severity),
		Code:     protocol.String(p.Rule.Name),
		Source:   protocol.NewOptional(source),
		Message:  protocol.String(p.Message),
	}
	can := s.client.TextDocument.PublishDiagnostics
	if u, ok := docsOf(p.Rule, docs); ok && can.CodeDescriptionSupport {
		out.CodeDescription.Href = u
	}
	if can.DataSupport {
		out.Data, _ = json.Marshal(diagnosticData{p.Rule.Name, p.key}) // strings only
	}
	if can.RelatedInformation {
		for _, r := range p.related {
			if t := textOf(r.File); t != nil {
				out.RelatedInformation = append(out.RelatedInformation, protocol.DiagnosticRelatedInformation{
					Location: protocol.Location{URI: uri.File(r.File), Range: t.rangeOf(r.Start, r.End, s.client.encoding)},
					Message:  r.Message,
				})
			}
		}
	}
	return out
}

// textOf returns the text of a file of the package: the document's if it is its
// own, else what was analysed; nil if there is no such file.
func (d *document) textOf(name string, pkg *refactor.Package) *text {
	if name == d.name {
		return d.text
	}
	if f := pkg.FileNamed(name); f != nil {
		return newText(f.Src)
	}
	return nil
}

// visible returns the range, widened by a byte if it is empty: editors do not
// show empty ranges.
func visible(src []byte, start, end int) (int, int) {
	end = min(end, len(src))
	if start = min(start, end); start == end {
		if end < len(src) && src[end] != '\n' && src[end] != '\r' {
			return start, end + 1
		}
		return max(start-1, 0), end
	}
	return start, end
}

func severity(s refactor.Severity) protocol.DiagnosticSeverity {
	switch s {
	case refactor.Warning:
		return protocol.DiagnosticSeverityWarning
	case refactor.Info:
		return protocol.DiagnosticSeverityInformation
	}
	return protocol.DiagnosticSeverityHint
}
