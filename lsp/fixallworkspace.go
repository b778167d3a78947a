package lsp

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"handshake/refactor/apply"
)

const fixAllWorkspaceTitle = "Make all safe fixes of handshake in the workspace"

// fixedWorkspace is the answer to handshake.fixAllWorkspace.
type fixedWorkspace struct {
	Applied bool `json:"applied"`
	Fixes   int  `json:"fixes"`
	Files   int  `json:"files"`
	Left    int  `json:"left"` // findings that remain
}

// fixAllWorkspaceCommand makes all safe fixes in the module of the open file
// {"uri"}, or else in those of all files that have been open, by asking the
// client to apply one edit. Open documents count as they are.
func (s *session) fixAllWorkspaceCommand(ctx context.Context, snap *snapshot, call *executeCommandParams) (any, error) {
	var p struct {
		URI uri.URI `json:"uri"`
	}
	if len(call.Arguments) > 0 {
		if err := call.decode(&p); err != nil {
			return nil, err
		}
	}
	if !s.client.Workspace.ApplyEdit {
		return nil, errCannotApply
	}
	views := s.modules(snap, p.URI)
	if len(views) == 0 {
		return nil, jsonrpc2.NewError(codeRequestFailed, "no file of a module is open")
	}
	for _, d := range snap.docs {
		if d.refused {
			return nil, jsonrpc2.NewError(codeRequestFailed, name(d.uri)+" is too large")
		}
	}
	ctx, work := s.begin(ctx, call.Token, fixAllWorkspaceTitle)
	outcome := "stopped"
	defer func() { work.end(outcome) }()
	docs := snap.files()
	var out fixedWorkspace
	var files []apply.File
	for _, v := range views {
		res, err := v.fixAll(ctx, docs, work.report)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, jsonrpc2.NewError(codeRequestFailed, err.Error())
		}
		for _, err := range res.Errors {
			s.logOnce(firstLine(err.Error()), err)
		}
		out.Fixes += len(res.Made)
		out.Left += len(res.Left)
		files = append(files, res.Files...)
	}
	out.Files = len(files)
	if len(files) == 0 {
		outcome = "nothing to fix"
		return out, nil
	}
	if name := s.modified(docs, files); name != "" {
		outcome = name + " has changed in the meantime"
		return nil, protocol.ErrContentModified
	}
	applied, err := s.apply(ctx, fixAllWorkspaceTitle, s.workspaceEdit(changeOf(docs, files)))
	if out.Applied = applied; applied {
		outcome = fmt.Sprintf("fixes: %d, files: %d, findings left: %d", out.Fixes, out.Files, out.Left)
	}
	return out, err
}

// modules returns the views of modules, in order: that of a document, if its URI
// is not empty.
func (s *session) modules(snap *snapshot, u uri.URI) []*view {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*view
	for _, v := range s.views {
		if d := snap.docs[u]; v.module && (u == "" || d != nil && s.viewOf(d.name) == v) {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b *view) int { return strings.Compare(a.dir, b.dir) })
	return out
}

// fixAll makes the safe fixes of a module in memory.
func (v *view) fixAll(ctx context.Context, docs map[string]*document, done func(done, all int)) (*apply.Result, error) {
	v.session.mu.Lock()
	set := v.settings
	v.session.mu.Unlock()
	graph, err := v.session.goList(ctx, v.config(set, docs), "./...")
	if err != nil {
		return nil, err
	}
	reporting, _ := parted(v.enabled())
	return apply.Graph(ctx, graph, apply.Options{Rules: reporting, Done: done})
}

// modified returns the first file that is no longer as it was fixed, or "".
func (s *session) modified(docs map[string]*document, files []apply.File) string {
	now := s.snapshot().files()
	for _, f := range files {
		d := now[f.Name]
		if d == nil && docs[f.Name] == nil {
			if src, err := os.ReadFile(f.Name); err != nil || !bytes.Equal(src, f.Before) {
				return f.Name
			}
		} else if d != docs[f.Name] {
			return f.Name
		}
	}
	return ""
}

// changeOf returns what makes the files what they are to become.
func changeOf(docs map[string]*document, files []apply.File) change {
	before := make(map[string][]byte)
	c := change{
		sources: sources{docs, func(name string) []byte { return before[name] }},
		note:    protocol.ChangeAnnotation{Label: fixAllWorkspaceTitle},
	}
	slices.SortFunc(files, func(a, b apply.File) int { return cmp.Compare(a.Name, b.Name) })
	for _, f := range files {
		before[f.Name] = f.Before
		c.edits = append(c.edits, f.Edits()...)
	}
	return c
}
