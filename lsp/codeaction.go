package lsp

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"handshake/refactor"
)

// The kinds of code actions. Those of a rule end with its name. Bare
// source.fixAll is left alone: two servers that answer it at once corrupt the
// file (microsoft/vscode#174295).
const (
	quickFix protocol.CodeActionKind = "quickfix.handshake"
	rewrite  protocol.CodeActionKind = "refactor.rewrite.handshake"
	fixAll   protocol.CodeActionKind = "source.fixAll.handshake"
)

const fixAllTitle = "Make all safe fixes of handshake in this file"

type codeActionParams struct {
	TextDocument protocol.TextDocumentIdentifier `json:"textDocument"`
	Range        protocol.Range                  `json:"range"`

	Context struct {
		// Those of other servers are among them, in forms that protocol v1.0.1
		// cannot decode.
		Diagnostics jsontext.Value                 `json:"diagnostics"`
		Only        []protocol.CodeActionKind      `json:"only"`
		TriggerKind protocol.CodeActionTriggerKind `json:"triggerKind"`
	} `json:"context"`
}

// actionData names a code action for codeAction/resolve: the fix of a finding, a
// directive to ignore it, or all safe fixes of the file if there is no key.
type actionData struct {
	URI     uri.URI `json:"uri"`
	Version int32   `json:"version"` // of the document
	Key     string  `json:"key,omitempty"`
	Fix     int     `json:"fix,omitempty"`
	Ignore  bool    `json:"ignore,omitempty"`
}

// codeAction handles textDocument/codeAction: a look-up of what was found. Only
// for clients that cannot ask for the edits later are they made here. The order
// does not change from one request to the next: fixes of findings with their
// alternatives, refactorings, what ignores and what explains a finding, fix-all.
func (s *session) codeAction(ctx context.Context, snap *snapshot, p *codeActionParams) ([]*protocol.CodeAction, error) {
	d, f := snap.docs[p.TextDocument.URI], snap.found[p.TextDocument.URI]
	if d == nil || f == nil || !f.current(snap) && refactor.SyntaxError(d.src) != nil {
		return nil, nil
	}
	ask := request{session: s, snap: snap, doc: d, only: p.Context.Only, automatic: p.Context.TriggerKind == protocol.CodeActionTriggerKindAutomatic}
	start := d.offset(p.Range.Start, s.client.encoding)
	end := d.offset(p.Range.End, s.client.encoding)
	var out []*protocol.CodeAction
	var at []place
	keys := ownKeys(p.Context.Diagnostics)
	for _, p := range f.places {
		if p.touches(start, end) || keys[p.key] {
			at = append(at, p)
			out = append(out, ask.actions(p)...)
		}
	}
	// Refactorings have no place that is kept while an analysis is under way, and
	// are no reason for a lightbulb.
	if !ask.automatic && f.current(snap) {
		for _, o := range f.demand()[d.name] {
			if p := (place{o, o.Span, o.Related}); p.touches(start, end) {
				out = append(out, ask.actions(p)...)
			}
		}
	}
	out = append(out, ask.ignores(at)...)
	out = append(out, ask.explanations(at)...)
	if a := ask.fixAll(f); a != nil {
		out = append(out, a)
	}
	if s.client.lazy() {
		return out, nil
	}
	return s.eager(ctx, snap, out)
}

// ownKeys returns the keys of the server's own diagnostics among those of a
// request. Some editors send the diagnostics of the whole line with a cursor
// that is at none of them.
func ownKeys(raw jsontext.Value) map[string]bool {
	keys := make(map[string]bool)
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return keys
	}
	for _, one := range all {
		var d struct {
			Source string         `json:"source"`
			Data   diagnosticData `json:"data"`
		}
		if json.Unmarshal(one, &d) == nil && d.Source == source {
			keys[d.Data.Key] = true
		}
	}
	return keys
}

// A request is a codeAction request in parts.
type request struct {
	*session
	snap      *snapshot
	doc       *document
	only      []protocol.CodeActionKind // empty: all but source actions
	automatic bool
}

// wants reports whether actions of the kind are asked for.
func (r *request) wants(kind protocol.CodeActionKind) bool {
	return len(r.only) == 0 || slices.ContainsFunc(r.only, func(only protocol.CodeActionKind) bool {
		return only == "" || kind == only || strings.HasPrefix(string(kind), string(only)+".")
	})
}

// kindOf returns the kind of the actions for a finding of the rule.
func kindOf(rule *refactor.Rule) protocol.CodeActionKind {
	if rule.OnDemand {
		return rewrite + "." + protocol.CodeActionKind(rule.Name)
	}
	return quickFix + "." + protocol.CodeActionKind(rule.Name)
}

// solved returns the diagnostics that an action for the place is about.
func (r *request) solved(p place) []protocol.Diagnostic {
	if p.Rule.OnDemand {
		return nil
	}
	return []protocol.Diagnostic{r.diagnosticOf(r.doc, p, r.settingsOf(r.doc).DocsURL)}
}

// actions returns the fixes of a finding.
func (r *request) actions(p place) []*protocol.CodeAction {
	kind := kindOf(p.Rule)
	if !r.wants(kind) {
		return nil
	}
	diagnostics := r.solved(p)
	var out []*protocol.CodeAction
	preferred := false
	for i, fix := range p.Fixes {
		if err := p.failed(i); err != nil {
			out = r.disabled(out, kind, fix.Title, err.Error())
			continue
		}
		a := &protocol.CodeAction{Title: fix.Label(), Kind: &kind, Diagnostics: diagnostics}
		if fix.Safety == refactor.Safe && !preferred && !p.Rule.OnDemand && r.client.TextDocument.CodeAction.IsPreferred {
			preferred = true
			a.IsPreferred = &preferred
		}
		a.Data, _ = json.Marshal(actionData{URI: r.doc.uri, Version: r.doc.version, Key: p.key, Fix: i}) // a URI always encodes
		out = append(out, a)
	}
	for _, w := range p.Withheld {
		out = r.disabled(out, kind, w.Title, w.Reason)
	}
	return out
}

// disabled appends an action that says why it cannot be taken. Clients that do
// not know such actions and lightbulbs do not get it.
func (r *request) disabled(out []*protocol.CodeAction, kind protocol.CodeActionKind, title, reason string) []*protocol.CodeAction {
	if r.automatic || !r.client.TextDocument.CodeAction.DisabledSupport {
		return out
	}
	return append(out, &protocol.CodeAction{Title: title, Kind: &kind, Disabled: protocol.CodeActionDisabled{Reason: reason}})
}

// fixAll returns the action that makes all safe fixes, if it is asked for by
// name and there is something to fix, or may be after the last edit.
func (r *request) fixAll(f *found) *protocol.CodeAction {
	if len(r.only) == 0 || !r.wants(fixAll) {
		return nil
	}
	safe := slices.ContainsFunc(f.places, func(p place) bool {
		if !batched(p.Rule) {
			return false
		}
		for i, fix := range p.Fixes {
			if fix.Safety == refactor.Safe && p.failed(i) == nil {
				return true
			}
		}
		return false
	})
	if !safe && f.current(r.snap) {
		return nil
	}
	kind := fixAll
	a := &protocol.CodeAction{Title: fixAllTitle, Kind: &kind}
	a.Data, _ = json.Marshal(actionData{URI: r.doc.uri, Version: r.doc.version}) // a URI always encodes
	return a
}

// batched reports whether the fixes of a rule that is on join fix-all: those of
// hints are chosen one at a time.
func batched(r *refactor.Rule) bool { return !r.OnDemand && r.Severity != refactor.Hint }

// eager resolves actions for clients that do not. Those that cannot be made are
// disabled or left out.
func (s *session) eager(ctx context.Context, snap *snapshot, actions []*protocol.CodeAction) ([]*protocol.CodeAction, error) {
	out := actions[:0]
	for _, a := range actions {
		if a.Data != nil {
			edit, err := s.resolve(ctx, snap, a.Data)
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case err == nil && edit == nil:
				continue
			case err == nil:
				a.Edit = edit
			case s.client.TextDocument.CodeAction.DisabledSupport:
				a.IsPreferred = nil
				a.Disabled.Reason = err.Error()
			default:
				continue
			}
			a.Data = nil
		}
		out = append(out, a)
	}
	return out, nil
}
