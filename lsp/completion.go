package lsp

import (
	"context"
	"slices"
	"strings"

	"go.lsp.dev/protocol"

	"handshake/refactor"
	"handshake/snippets"
)

// completion handles textDocument/completion: the snippets that fit where a
// word is being typed. It has nothing to say where none is, so that gopls'
// completions are not buried.
func (s *session) completion(_ context.Context, snap *snapshot, p *protocol.CompletionParams) (*protocol.CompletionList, error) {
	list := &protocol.CompletionList{}
	d := snap.docs[p.TextDocument.URI]
	if d == nil || !s.client.TextDocument.Completion.Item.SnippetSupport || !s.settingsOf(d).Snippets {
		return list, nil
	}
	end := d.offset(p.Position, s.client.encoding)
	start := end
	for start > 0 && 'a' <= d.src[start-1] && d.src[start-1] <= 'z' {
		start--
	}
	word := string(d.src[start:end])
	if word == "" {
		return list, nil
	}
	context := refactor.ContextAt(d.src, start)
	if context == refactor.NoCode {
		return list, nil
	}
	names := refactor.NamesAt(d.src, start)
	taken := func(name string) bool { return names[name] }
	version := languageVersion(snap.found[d.uri], d.name)
	for _, sn := range snippets.All() {
		if strings.HasPrefix(sn.Prefix, word) && sn.Fits(version) && fits(sn.Scope, context, d.name) {
			list.Items = append(list.Items, s.item(d, sn, taken, start, end))
		}
	}
	return list, nil
}

// fits reports whether a snippet may stand in a context.
func fits(scope snippets.Scope, context refactor.Context, name string) bool {
	switch scope {
	case snippets.Statement:
		return context == refactor.Statement
	case snippets.TestFile:
		return context == refactor.TopLevel && strings.HasSuffix(name, "_test.go")
	}
	return context == refactor.TopLevel
}

// languageVersion returns the version of Go in which a file was analysed, or "".
func languageVersion(f *found, name string) string {
	if f == nil || f.pkg == nil {
		return ""
	}
	if file := f.pkg.FileNamed(name); file != nil {
		return file.GoVersion
	}
	return ""
}

// item returns a snippet as a completion that replaces the bytes from start to
// end and declares no name that is taken.
func (s *session) item(d *document, sn snippets.Snippet, taken func(string) bool, start, end int) protocol.CompletionItem {
	body := sn.Fresh(taken)
	out := protocol.CompletionItem{
		Label:            sn.Prefix,
		Kind:             protocol.CompletionItemKindSnippet,
		Detail:           protocol.NewOptional(sn.Name),
		Documentation:    &protocol.MarkupContent{Kind: protocol.MarkupKindMarkdown, Value: sn.Description + ".\n\n```go\n" + snippets.Expand(body) + "```"},
		InsertTextFormat: protocol.InsertTextFormatSnippet,
		TextEdit:         &protocol.TextEdit{Range: d.rangeOf(start, end, s.client.encoding), NewText: strings.Join(body, "\n")},
	}
	if slices.Contains(s.client.TextDocument.Completion.Item.InsertTextModeSupport.ValueSet, protocol.InsertTextModeAdjustIndentation) {
		out.InsertTextMode = protocol.InsertTextModeAdjustIndentation
	}
	for _, e := range refactor.AddImports(d.name, d.src, sn.Imports) {
		out.AdditionalTextEdits = append(out.AdditionalTextEdits, protocol.TextEdit{Range: d.rangeOf(e.Start, e.End, s.client.encoding), NewText: e.New})
	}
	return out
}

// settingsOf returns the settings in force for a document.
func (s *session) settingsOf(d *document) Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.name != "" {
		if v := s.viewOf(d.name); v != nil {
			return v.settings
		}
	}
	return s.settings
}
