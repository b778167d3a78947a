package lsp

import (
	"cmp"
	"slices"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"handshake/refactor"
)

// workspaceEdit returns edits, in order, of the package that was analysed for
// the client: with the versions of open documents, so that they fail if those
// have changed, or without for clients that know nothing of versions. The names
// in the edits that are new become tab stops for clients that know snippets in
// edits.
func (s *session) workspaceEdit(a *analysis, edits []refactor.Edit, names []refactor.NewName) *protocol.WorkspaceEdit {
	texts := make(map[string]*text)
	textOf := func(file string) *text {
		if texts[file] == nil {
			texts[file] = a.textOf(file)
		}
		return texts[file]
	}
	can := s.client.Workspace.WorkspaceEdit
	snippet := make([]string, len(edits))
	if can.DocumentChanges && can.SnippetEditSupport && len(names) > 0 {
		edits, snippet = asSnippets(edits, names, func(file string) []byte { return textOf(file).src })
	}
	out := &protocol.WorkspaceEdit{}
	byFile := make(map[string]*protocol.TextDocumentEdit)
	for i, e := range edits {
		plain := protocol.TextEdit{Range: textOf(e.File).rangeOf(e.Start, e.End, s.client.encoding), NewText: e.New}
		u := a.uriOf(e.File)
		if !can.DocumentChanges {
			if out.Changes == nil {
				out.Changes = make(map[uri.URI][]protocol.TextEdit)
			}
			out.Changes[u] = append(out.Changes[u], plain)
			continue
		}
		d := byFile[e.File]
		if d == nil {
			d = &protocol.TextDocumentEdit{}
			d.TextDocument.URI = u
			if open := a.docs[e.File]; open != nil {
				d.TextDocument.Version = &open.version
			}
			byFile[e.File] = d
			out.DocumentChanges = append(out.DocumentChanges, d)
		}
		if snippet[i] == "" {
			d.Edits = append(d.Edits, &plain)
		} else {
			d.Edits = append(d.Edits, &protocol.SnippetTextEdit{Range: plain.Range, Snippet: protocol.StringValue{Kind: "snippet", Value: snippet[i]}})
		}
	}
	return out
}

// inOrder returns the edits by file and place.
func inOrder(edits []refactor.Edit) []refactor.Edit {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(x, y refactor.Edit) int {
		return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Start, y.Start), cmp.Compare(x.End, y.End))
	})
	return sorted
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
