package lsp

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/natefinch/atomic"
	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"handshake/refactor"
)

// explanations returns the actions that show the documentation of the rules that
// found something, where the client can show documents.
func (r *request) explanations(places []place) (out []*protocol.CodeAction) {
	if !r.client.Window.ShowDocument.Support || r.opts.Docs == "" && r.settingsOf(r.doc).DocsURL == "" {
		return nil
	}
	seen := make(map[*refactor.Rule]bool)
	for _, p := range places {
		kind := kindOf(p.Rule)
		if seen[p.Rule] || !r.wants(kind) {
			continue
		}
		seen[p.Rule] = true
		title := "Explain " + p.Rule.Name
		argument, _ := json.Marshal(explainParams{Rule: p.Rule.Name, Show: true, URI: r.doc.uri}) // strings only
		out = append(out, &protocol.CodeAction{
			Title: title, Kind: &kind, Diagnostics: r.solved(p),
			Command: protocol.Command{Title: title, Command: "handshake.explain", Arguments: []protocol.LSPAny{argument}},
		})
	}
	return out
}

// explainParams are the argument of handshake.explain.
type explainParams struct {
	Rule string  `json:"rule"`
	Show bool    `json:"show,omitempty"` // by the client, which gets the documentation else
	URI  uri.URI `json:"uri,omitempty"`  // of the document in which it is asked for
}

// explainCommand returns the documentation of a rule as Markdown, or has the
// client show it, published or as a file, and returns whether it did.
func (s *session) explainCommand(ctx context.Context, snap *snapshot, call *executeCommandParams) (any, error) {
	var p explainParams
	if err := call.decode(&p); err != nil {
		return nil, err
	}
	for _, r := range s.opts.Rules {
		if r.Name == p.Rule {
			if !p.Show {
				return r.Doc, nil
			}
			return s.showDocs(ctx, r, snap.docs[p.URI])
		}
	}
	return nil, jsonrpc2.NewError(jsonrpc2.InvalidParams, unknown("rule", p.Rule, ruleNames(s.opts.Rules)))
}

// showDocs has the client show the documentation of a rule. The document, if not
// nil, says whose settings tell where it is published.
func (s *session) showDocs(ctx context.Context, r *refactor.Rule, d *document) (any, error) {
	yes := true
	show := &protocol.ShowDocumentParams{External: &yes}
	var published string
	if d != nil {
		published = s.settingsOf(d).DocsURL
	}
	if u, ok := docsOf(r, published); ok {
		show.URI = u
	} else {
		name, err := s.writeDocs(r)
		if err != nil {
			return nil, jsonrpc2.NewError(codeRequestFailed, "the documentation cannot be written: "+err.Error())
		}
		show = &protocol.ShowDocumentParams{URI: uri.File(name), TakeFocus: &yes}
	}
	var result protocol.ShowDocumentResult
	_, err := s.conn.Call(ctx, protocol.MethodWindowShowDocument, show, &result)
	return result.Success, err
}

// docsOf returns where the documentation of a rule is published.
func docsOf(r *refactor.Rule, base string) (uri.URI, bool) {
	if base == "" {
		return "", false
	}
	u, err := uri.Parse(strings.TrimSuffix(base, "/") + "/" + r.Name)
	return u, err == nil
}

// writeDocs writes the documentation of a rule to a file, unless it is there.
func (s *session) writeDocs(r *refactor.Rule) (name string, err error) {
	name = filepath.Join(s.opts.Docs, r.Name+".md")
	if old, err := os.ReadFile(name); err == nil && string(old) == r.Doc {
		return name, nil
	}
	if err := os.MkdirAll(s.opts.Docs, 0o755); err != nil {
		return "", err
	}
	return name, atomic.WriteFile(name, strings.NewReader(r.Doc))
}
