package lsp

import (
	"encoding/json"
	"os"
	"path/filepath"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"handshake/refactor"
)

// ignores returns the actions that have findings ignored, one for each rule and
// line.
func (r *request) ignores(places []place) (out []*protocol.CodeAction) {
	type line struct {
		rule   *refactor.Rule
		number uint32
	}
	seen := make(map[line]bool)
	for _, p := range places {
		kind := kindOf(p.Rule)
		at := line{p.Rule, r.doc.position(p.Start, protocol.PositionEncodingKindUTF8).Line}
		if seen[at] || p.Rule.Audit != nil || !r.wants(kind) {
			continue
		}
		seen[at] = true
		a := &protocol.CodeAction{Title: ignoreTitle(p.Rule), Kind: &kind, Diagnostics: r.solved(p)}
		a.Data, _ = json.Marshal(actionData{URI: r.doc.uri, Version: r.doc.version, Key: p.key, Ignore: true}) // a URI always encodes
		out = append(out, a)
	}
	return out
}

func ignoreTitle(rule *refactor.Rule) string { return "Ignore " + rule.Name + " on this line" }

// ignore returns the edit that has a finding ignored. Its reason is a tab stop
// where the client knows these.
func (s *session) ignore(a *analysis, f refactor.Finding) (*protocol.WorkspaceEdit, error) {
	edit, reason, err := a.pkg.Ignore(f, golangci(a.view.dir))
	if err != nil {
		return nil, jsonrpc2.NewError(codeRequestFailed, err.Error())
	}
	return s.workspaceEdit(change{
		sources: a.sources(),
		edits:   []refactor.Edit{edit},
		names:   []refactor.NewName{reason},
		note:    protocol.ChangeAnnotation{Label: ignoreTitle(f.Rule)},
	}), nil
}

// golangci reports whether golangci-lint is configured for a module: in its
// directory, or above it in the same repository
// (golangci-lint.run/docs/configuration/file).
func golangci(dir string) bool {
	for {
		for _, ext := range []string{"yml", "yaml", "toml", "json"} {
			if _, err := os.Stat(filepath.Join(dir, ".golangci."+ext)); err == nil {
				return true
			}
		}
		parent := filepath.Dir(dir)
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil || parent == dir {
			return false
		}
		dir = parent
	}
}
