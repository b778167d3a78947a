package lsp

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"handshake/refactor"
	"handshake/refactor/apply"
)

// codeActionResolve handles codeAction/resolve: it adds the edit to an action
// that codeAction returned. All else in the action is handed back as it came.
func (s *session) codeActionResolve(ctx context.Context, snap *snapshot, action *map[string]jsontext.Value) (map[string]jsontext.Value, error) {
	data, ok := (*action)["data"]
	if !ok {
		return *action, nil // some clients resolve every action
	}
	edit, err := s.resolve(ctx, snap, data)
	if err != nil {
		return nil, err
	}
	if edit == nil {
		edit = &protocol.WorkspaceEdit{}
	}
	raw, err := protocol.Marshal(edit)
	if err != nil {
		return nil, err
	}
	(*action)["edit"] = raw
	return *action, nil
}

// codeRequestFailed says that a request is well-formed but cannot be fulfilled
// (LSP 3.17, "LSPErrorCodes").
const codeRequestFailed jsonrpc2.Code = -32803

// resolve returns the edit of an action. It is nil if there is nothing to do.
func (s *session) resolve(ctx context.Context, snap *snapshot, raw jsontext.Value) (*protocol.WorkspaceEdit, error) {
	var data actionData
	if err := json.Unmarshal(raw, &data); err != nil {
		return nil, jsonrpc2.Errorf(jsonrpc2.InvalidParams, "not an action of this server: %v", err)
	}
	a, err := s.fresh(ctx, snap, data)
	if err != nil {
		return nil, err
	}
	name := snap.docs[data.URI].name
	if data.Key == "" {
		return s.allSafe(a, name)
	}
	o := locate(a, name, snap.found[data.URI], data, snap.docs[data.URI].version)
	switch {
	case o != nil && data.Ignore:
		return s.ignore(a, o.Finding)
	case o == nil || data.Fix < 0 || data.Fix >= len(o.Fixes):
		return nil, protocol.ErrContentModified // the finding is gone
	}
	c := change{sources: a.sources()}
	if c.edits, err = o.prove(data.Fix); err != nil {
		return nil, jsonrpc2.NewError(codeRequestFailed, err.Error())
	}
	if s.client.Workspace.WorkspaceEdit.SnippetEditSupport {
		c.names = a.pkg.NewNames(c.edits)
	}
	c.note = noteOf(o.Fixes[data.Fix], c.edits, name)
	return s.workspaceEdit(c), nil
}

// locate returns the offer that an action was made of. Findings may be equal
// but for their place, so it must be where the action's is; if the document has
// changed since, the action's place is unknown, and there must be only one.
func locate(a *analysis, name string, f *found, data actionData, version int32) *offer {
	id, _, _ := strings.Cut(data.Key, ".")
	var equal []*offer
	for _, o := range a.at(name) {
		if o.id == id {
			equal = append(equal, o)
		}
	}
	if data.Version != version {
		if len(equal) == 1 {
			return equal[0]
		}
		return nil
	}
	for _, o := range equal {
		if o.Rule.OnDemand && o.key == data.Key {
			return o // it was offered of this very text
		}
		for _, p := range f.places {
			if p.key == data.Key && p.Start == o.Span.Start {
				return o
			}
		}
	}
	return nil
}

// fresh returns an analysis of the document as it is in the snapshot: the one
// at hand, or a new one after an edit.
func (s *session) fresh(ctx context.Context, snap *snapshot, data actionData) (*analysis, error) {
	d, f := snap.docs[data.URI], snap.found[data.URI]
	switch {
	case d == nil:
		return nil, jsonrpc2.NewError(codeRequestFailed, "the document is not open")
	case f == nil:
		return nil, jsonrpc2.NewError(codeRequestFailed, errNoPackage.Error())
	case f.exact(snap):
		return f.analysis, nil
	}
	a, err := f.view.analyse(ctx, snap, d.name)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, jsonrpc2.NewError(codeRequestFailed, err.Error())
	}
	return a, nil
}

// allSafe returns the edit that makes all safe fixes of the findings in a file.
func (s *session) allSafe(a *analysis, name string) (*protocol.WorkspaceEdit, error) {
	if a.pkg == nil {
		return nil, nil
	}
	rules := slices.DeleteFunc(a.view.enabled(), func(r *refactor.Rule) bool { return !batched(r) })
	edits, err := apply.Safe(a.pkg, rules, name)
	if err != nil {
		return nil, jsonrpc2.NewError(codeRequestFailed, err.Error())
	}
	if len(edits) == 0 {
		return nil, nil
	}
	return s.workspaceEdit(change{sources: a.sources(), edits: inOrder(edits), note: protocol.ChangeAnnotation{Label: fixAllTitle}}), nil
}
