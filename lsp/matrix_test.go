package lsp

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"handshake/refactor/load"
)

// A profile is a kind of client: what it says of itself, and what it is to get.
type profile struct {
	name         string
	capabilities string
	options      string // initializationOptions
	encoding     string

	related, data, described bool // of diagnostics
	lazy                     bool // edits are made when they are asked for
	preferred, disabled      bool // of code actions
	explains                 bool // shows documents
	versioned, annotated     bool // of edits
	tabStops                 bool
	announced, completes     bool // code actions, completions
}

const literals = `"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix", "refactor", "source"]}}`

var profiles = []profile{
	{
		name: "none", capabilities: `{}`, encoding: "utf-16",
	}, {
		name: "null", capabilities: `{"workspace": null, "textDocument": {"codeAction": null}, "general": {"positionEncodings": null}}`, encoding: "utf-16",
	}, {
		name: "literals only", capabilities: `{"textDocument": {"codeAction": {` + literals + `}}}`, encoding: "utf-16",
		announced: true,
	}, {
		name: "data without resolve", encoding: "utf-16",
		capabilities: `{"textDocument": {"codeAction": {` + literals + `, "dataSupport": true}}}`,
		announced:    true,
	}, {
		name: "resolve of other things", encoding: "utf-16",
		capabilities: `{"textDocument": {"codeAction": {` + literals + `, "dataSupport": true, "resolveSupport": {"properties": ["command"]}}}}`,
		announced:    true,
	}, {
		name: "resolve, no document changes", encoding: "utf-16",
		capabilities: `{"textDocument": {"codeAction": {` + literals + `, "dataSupport": true, "resolveSupport": {"properties": ["edit"]}}},
			"workspace": {"workspaceEdit": {"changeAnnotationSupport": {}, "snippetEditSupport": true}}}`,
		announced: true, lazy: true,
	}, {
		name: "document changes, no resolve", encoding: "utf-16",
		capabilities: `{"textDocument": {"codeAction": {` + literals + `}}, "workspace": {"workspaceEdit": {"documentChanges": true}}}`,
		announced:    true, versioned: true,
	}, {
		name: "utf-8 first", encoding: "utf-8",
		capabilities: `{"general": {"positionEncodings": ["utf-8", "utf-16"]}, "textDocument": {"publishDiagnostics": {"relatedInformation": true}}}`,
		related:      true,
	}, {
		name: "utf-32 or what is unknown", encoding: "utf-32",
		capabilities: `{"general": {"positionEncodings": ["ebcdic", "utf-32"]}, "textDocument": {"publishDiagnostics": {"dataSupport": true}}}`,
		data:         true,
	}, {
		name: "disabled and preferred", encoding: "utf-16",
		capabilities: `{"textDocument": {"codeAction": {` + literals + `, "isPreferredSupport": true, "disabledSupport": true}}}`,
		announced:    true, preferred: true, disabled: true,
	}, {
		name: "everything", encoding: "utf-8",
		capabilities: `{
			"general": {"positionEncodings": ["utf-8"], "markdown": {"parser": "marked"}, "regularExpressions": {"engine": "ECMAScript"}},
			"window": {"workDoneProgress": true, "showDocument": {"support": true}},
			"workspace": {
				"applyEdit": true, "configuration": false, "workspaceFolders": true,
				"workspaceEdit": {"documentChanges": true, "changeAnnotationSupport": {"groupsOnLabel": true}, "snippetEditSupport": true, "resourceOperations": ["create"]},
				"didChangeWatchedFiles": {"dynamicRegistration": true, "relativePatternSupport": true},
				"didChangeConfiguration": {"dynamicRegistration": true}
			},
			"textDocument": {
				"codeAction": {` + literals + `, "dynamicRegistration": true, "isPreferredSupport": true, "disabledSupport": true, "dataSupport": true,
					"honorsChangeAnnotations": true, "resolveSupport": {"properties": ["command", "edit"]}},
				"completion": {"completionItem": {"snippetSupport": true}},
				"publishDiagnostics": {"relatedInformation": true, "codeDescriptionSupport": true, "versionSupport": true, "dataSupport": true, "tagSupport": {"valueSet": [1, 2]}}
			},
			"experimental": {"anything": [1]}, "of the future": 1
		}`,
		options: `{"docsURL": "https://example.com"}`,
		related: true, data: true, described: true, announced: true, completes: true, lazy: true,
		preferred: true, disabled: true, explains: true, versioned: true, annotated: true, tabStops: true,
	},
}

// Each client gets what it can handle: a file with a safe fix, on a line with
// letters outside of ASCII, and one whose only fix is withheld.
func TestCapabilityMatrix(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", "")
	cache := load.OpenCache(t.TempDir(), 1<<30)
	for _, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			dir, err := filepath.EvalSymlinks(t.TempDir())
			must(t, err)
			must(t, os.CopyFS(dir, os.DirFS("../testdata/legacy")))
			tests, err := filepath.Glob(filepath.Join(dir, "*", "*_test.go"))
			must(t, err)
			for _, name := range tests {
				must(t, os.Remove(name)) // they import much, to no use here
			}
			writeFile(t, filepath.Join(dir, "go.mod"), "module handshake/testdata/legacy\n\ngo 1.26\n")
			client := filepath.Join(dir, "feed", "client.go")
			src, err := os.ReadFile(client)
			must(t, err)
			text := strings.Replace(string(src), "reply := make(", "/* 😀é */ reply := make(", 1)
			writeFile(t, client, text)
			bubble(t, func(t *testing.T) {
				options := clientOptions{Real: true, Capabilities: json.RawMessage(p.capabilities), prepare: func(s *server) { s.opts.Cache = cache }}
				if p.options != "" {
					options.InitializationOptions = json.RawMessage(p.options)
				}
				e := newEditor(t, dir, options)
				m := matrix{editor: e, profile: p}
				m.capabilities()
				m.fixable("feed/client.go")
				m.withheld("jobs/pool.go")
				e.close()
				if e.log.Len() > 0 {
					t.Errorf("the server complains:\n%s", &e.log)
				}
			})
		})
	}
}

type matrix struct {
	*editor
	profile
}

// is reports a difference from the profile.
func (m *matrix) is(what string, got, want bool) {
	m.t.Helper()
	if got != want {
		m.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func (m *matrix) capabilities() {
	var got struct {
		Capabilities map[string]json.RawMessage
	}
	must(m.t, json.Unmarshal(m.offered, &got))
	_, actions := got.Capabilities["codeActionProvider"]
	m.is("code actions", actions, m.announced)
	_, completions := got.Capabilities["completionProvider"]
	m.is("completions", completions, m.completes)
	m.is("resolves", strings.Contains(string(got.Capabilities["codeActionProvider"]), `"resolveProvider":true`), m.lazy)
	if m.editor.encoding != m.profile.encoding {
		m.t.Errorf("the encoding is %s, want %s", m.editor.encoding, m.profile.encoding)
	}
}

// find opens a file and returns the first diagnostic of the rule, with its text.
func (m *matrix) find(name, rule string) (raw json.RawMessage, found diagnostic, at string) {
	m.openFile(name)
	m.diagnostics(name)
	text := m.buffers[name].text
	for _, raw := range m.known[name] {
		var d diagnostic
		must(m.t, json.Unmarshal(raw, &d))
		if d.Source != source || d.Message == "" || d.Severity == 0 {
			m.t.Errorf("a diagnostic lacks what all have: %s", raw)
		}
		if d.Code == rule {
			return raw, d, text[offsetOf(text, d.Range.Start, m.editor.encoding):offsetOf(text, d.Range.End, m.editor.encoding)]
		}
	}
	m.t.Fatalf("no diagnostic of %s among %s", rule, m.known[name])
	return nil, found, ""
}

// ask returns the quick fixes for a diagnostic.
func (m *matrix) ask(name string, raw json.RawMessage, d diagnostic) (actions []action) {
	answer, err := m.call("textDocument/codeAction", map[string]any{
		"textDocument": map[string]any{"uri": m.uri(name)}, "range": d.Range,
		"context": map[string]any{"diagnostics": []any{raw}, "only": []string{"quickfix"}},
	})
	if err != nil {
		m.t.Fatal(err)
	}
	must(m.t, json.Unmarshal(answer, &actions))
	for _, a := range actions {
		if a.Kind != "quickfix.handshake."+d.Code || len(a.Diagnostics) != 1 && a.Disabled == nil {
			m.t.Errorf("the action %q is of kind %s, for %d diagnostics", a.Title, a.Kind, len(a.Diagnostics))
		}
	}
	return actions
}

func (m *matrix) fixable(name string) {
	raw, d, at := m.find(name, "replybuf")
	if at != "make(chan answer)" {
		m.t.Errorf("the diagnostic is at %q", at)
	}
	m.is("related information", len(d.RelatedInformation) > 0, m.related)
	m.is("data of a diagnostic", d.Data != nil, m.data)
	m.is("link", d.CodeDescription != nil, m.described)

	actions := m.ask(name, raw, d)
	titles := []string{"Buffer reply channel", "Ignore replybuf on this line"}
	if m.explains {
		titles = append(titles, "Explain replybuf")
	}
	var got []string
	for _, a := range actions {
		got = append(got, a.Title)
	}
	if !slices.Equal(got, titles) {
		m.t.Fatalf("the actions are %q, want %q", got, titles)
	}
	fix := actions[0]
	m.is("preferred", fix.IsPreferred, m.preferred)
	m.is("an edit at once", fix.Edit != nil, !m.lazy)
	m.is("data of an action", fix.Data != nil, m.lazy)
	if m.lazy {
		for i, a := range actions[:2] {
			answer, err := m.call("codeAction/resolve", string(mustJSON(m.t, a)))
			if err != nil {
				m.t.Fatal(err)
			}
			must(m.t, json.Unmarshal(answer, &actions[i]))
		}
	}
	fix, ignore := actions[0], actions[1]
	for _, a := range actions[:2] {
		m.is("versioned", len(a.Edit.DocumentChanges) > 0, m.versioned)
		m.is("not versioned", len(a.Edit.Changes) > 0, !m.versioned)
		m.is("annotated", len(a.Edit.ChangeAnnotations) > 0, m.annotated)
	}
	tabStops := m.versioned && ignore.Edit.DocumentChanges[0].Edits[0].Snippet != nil
	m.is("tab stops", tabStops, m.tabStops)
	m.apply(*fix.Edit)
	if text := m.buffers[name].text; !strings.Contains(text, "/* 😀é */ reply := make(chan answer, 1)\n") {
		m.t.Errorf("the fix makes\n%s", text)
	}
}

func (m *matrix) withheld(name string) {
	raw, d, _ := m.find(name, "nostopped")
	disabled := false
	for _, a := range m.ask(name, raw, d) {
		disabled = disabled || a.Disabled != nil && a.Disabled.Reason != ""
	}
	m.is("disabled", disabled, m.disabled)
}

func mustJSON(t *testing.T, v action) []byte {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"title": v.Title, "kind": v.Kind, "data": v.Data})
	must(t, err)
	return raw
}
