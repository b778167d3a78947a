package lsp

import (
	"cmp"
	"slices"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"handshake/refactor"
)

// sources are the files that edits refer to: the open ones, by name, and what
// the others contain.
type sources struct {
	docs   map[string]*document
	closed func(name string) []byte
}

func (s sources) text(name string) *text {
	if d := s.docs[name]; d != nil {
		return d.text
	}
	return newText(s.closed(name))
}

func (s sources) uri(name string) uri.URI {
	if d := s.docs[name]; d != nil {
		return d.uri
	}
	return uri.File(name)
}

// sources returns the files of the package as they were analysed.
func (a *analysis) sources() sources {
	return sources{a.docs, func(name string) []byte { return a.pkg.FileNamed(name).Src }}
}

// A change is what an action or a command does to files.
type change struct {
	sources
	edits []refactor.Edit    // in order
	names []refactor.NewName // those in the edits that the user may want to choose
	note  protocol.ChangeAnnotation
}

// annotation is the name under which an edit has the note of its change.
const annotation protocol.ChangeAnnotationIdentifier = "handshake"

// workspaceEdit returns a change for the client: with the versions of open
// documents, so that it fails if those have changed, or without for clients that
// know nothing of versions; with the note and with tab stops for names where the
// client knows these.
func (s *session) workspaceEdit(c change) *protocol.WorkspaceEdit {
	texts := make(map[string]*text)
	textOf := func(file string) *text {
		if texts[file] == nil {
			texts[file] = c.text(file)
		}
		return texts[file]
	}
	can := s.client.Workspace.WorkspaceEdit
	edits, snippet := c.edits, make([]string, len(c.edits))
	if can.DocumentChanges && can.SnippetEditSupport && len(c.names) > 0 {
		edits, snippet = asSnippets(edits, c.names, func(file string) []byte { return textOf(file).src })
	}
	out := &protocol.WorkspaceEdit{}
	byFile := make(map[string]*protocol.TextDocumentEdit)
	for i, e := range edits {
		plain := protocol.TextEdit{Range: textOf(e.File).rangeOf(e.Start, e.End, s.client.encoding), NewText: e.New}
		u := c.uri(e.File)
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
			if open := c.docs[e.File]; open != nil {
				d.TextDocument.Version = &open.version
			}
			byFile[e.File] = d
			out.DocumentChanges = append(out.DocumentChanges, d)
		}
		noted := can.ChangeAnnotationSupport != nil && c.note.Label != ""
		if noted {
			out.ChangeAnnotations = map[protocol.ChangeAnnotationIdentifier]protocol.ChangeAnnotation{annotation: c.note}
		}
		switch {
		case snippet[i] != "":
			x := &protocol.SnippetTextEdit{Range: plain.Range, Snippet: protocol.StringValue{Kind: "snippet", Value: snippet[i]}}
			if noted {
				x.AnnotationID = annotation
			}
			d.Edits = append(d.Edits, x)
		case noted:
			d.Edits = append(d.Edits, &protocol.AnnotatedTextEdit{TextEdit: plain, AnnotationID: annotation})
		default:
			d.Edits = append(d.Edits, &plain)
		}
	}
	return out
}

// noteOf describes a fix that is taken in a file. A fix for review that changes
// other files, out of the user's sight, asks for confirmation.
func noteOf(fix refactor.Fix, edits []refactor.Edit, file string) protocol.ChangeAnnotation {
	note := protocol.ChangeAnnotation{Label: fix.Title}
	if fix.Reason != "" {
		note.Description = &fix.Reason
	}
	if fix.Safety != refactor.Safe && slices.ContainsFunc(edits, func(e refactor.Edit) bool { return e.File != file }) {
		yes := true
		note.NeedsConfirmation = &yes
	}
	return note
}

// inOrder returns the edits by file and place.
func inOrder(edits []refactor.Edit) []refactor.Edit {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(x, y refactor.Edit) int {
		return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Start, y.Start), cmp.Compare(x.End, y.End))
	})
	return sorted
}
