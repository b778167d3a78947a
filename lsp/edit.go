package lsp

import (
	"cmp"
	"slices"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"handshake/refactor"
)

// workspaceEdit returns edits of the package that was analysed for the client:
// with the versions of open documents, so that they fail if those have changed,
// or without for clients that know nothing of versions.
func (s *session) workspaceEdit(a *analysis, edits []refactor.Edit) *protocol.WorkspaceEdit {
	byFile := make(map[string][]protocol.TextEdit)
	texts := make(map[string]*text)
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(x, y refactor.Edit) int {
		return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Start, y.Start), cmp.Compare(x.End, y.End))
	})
	var names []string
	for _, e := range sorted {
		t := texts[e.File]
		if t == nil {
			t = a.textOf(e.File)
			texts[e.File] = t
			names = append(names, e.File)
		}
		byFile[e.File] = append(byFile[e.File], protocol.TextEdit{Range: t.rangeOf(e.Start, e.End, s.client.encoding), NewText: e.New})
	}
	out := &protocol.WorkspaceEdit{}
	if !s.client.Workspace.WorkspaceEdit.DocumentChanges {
		out.Changes = make(map[uri.URI][]protocol.TextEdit)
		for name, e := range byFile {
			out.Changes[a.uriOf(name)] = e
		}
		return out
	}
	for _, name := range names {
		e := &protocol.TextDocumentEdit{}
		e.TextDocument.URI = a.uriOf(name)
		if d := a.docs[name]; d != nil {
			e.TextDocument.Version = &d.version
		}
		for _, t := range byFile[name] {
			e.Edits = append(e.Edits, &t)
		}
		out.DocumentChanges = append(out.DocumentChanges, e)
	}
	return out
}

// textOf returns the text of a file of the package as it was analysed.
func (a *analysis) textOf(name string) *text {
	if d := a.docs[name]; d != nil {
		return d.text
	}
	return newText(a.pkg.FileNamed(name).Src)
}

func (a *analysis) uriOf(name string) uri.URI {
	if d := a.docs[name]; d != nil {
		return d.uri
	}
	return uri.File(name)
}
