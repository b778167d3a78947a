package lsp

import (
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

// publish tells the client what was found in a document, unless it knows. The
// caller holds s.mu.
func (s *session) publish(d *document, f *found) {
	diagnostics := s.diagnostics(d, f)
	raw, err := protocol.Marshal(&protocol.PublishDiagnosticsParams{URI: d.uri, Diagnostics: diagnostics})
	if err != nil {
		s.log.Printf("diagnostics of %s: %v", d.uri, err)
		return
	}
	if known, ok := s.published[d.uri]; known == string(raw) || !ok && len(diagnostics) == 0 {
		return
	}
	s.published[d.uri] = string(raw)
	s.outbox.send(protocol.MethodTextDocumentPublishDiagnostics, &protocol.PublishDiagnosticsParams{
		URI: d.uri, Version: protocol.NewOptional(d.version), Diagnostics: diagnostics,
	})
}

// diagnostics returns the findings of a document as diagnostics. The caller
// holds s.mu.
func (s *session) diagnostics(d *document, f *found) []protocol.Diagnostic {
	if f == nil || !f.view.settings.Diagnostics {
		return nil
	}
	var out []protocol.Diagnostic
	for _, p := range f.places {
		out = append(out, s.diagnostic(d, p, f.view.settings.DocsURL))
	}
	return out
}

func (s *session) diagnostic(d *document, p place, docs string) protocol.Diagnostic {
	start, end := visible(d.src, p.Start, p.End)
	out := protocol.Diagnostic{
		Range:    d.rangeOf(start, end, s.client.encoding),
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
			if t := d.textOf(r.File, p.pkg); t != nil {
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
