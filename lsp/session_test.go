package lsp

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the sessions in testdata/lsp with what the server answers")

// TestSessions runs testdata/lsp/*.txtar. An archive holds the files of a
// workspace, client.json with what the client can do, and a session: lines that
// begin with "> " are what the user does (see editor.commands), the lines below
// each are what comes of it.
func TestSessions(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", "")
	files, err := filepath.Glob("../testdata/lsp/*.txtar")
	must(t, err)
	if len(files) == 0 {
		t.Fatal("no sessions")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			must(t, err)
			dir, err := filepath.EvalSymlinks(t.TempDir())
			must(t, err)
			var session *txtar.File
			options := clientOptions{Capabilities: json.RawMessage(fullCapabilities)}
			for i, f := range archive.Files {
				switch f.Name {
				case "session":
					session = &archive.Files[i]
				case "client.json":
					must(t, json.Unmarshal(f.Data, &options))
				default:
					name := filepath.Join(dir, filepath.FromSlash(f.Name))
					must(t, os.MkdirAll(filepath.Dir(name), 0o777))
					writeFile(t, name, string(f.Data))
				}
			}
			if session == nil {
				t.Fatal("no session")
			}
			bubble(t, func(t *testing.T) {
				e := newEditor(t, dir, options)
				got := e.play(string(session.Data))
				if *update {
					session.Data = []byte(got)
					must(t, os.WriteFile(file, txtar.Format(archive), 0o666))
				} else if diff := cmp.Diff(string(session.Data), got); diff != "" {
					t.Errorf("the session is not as written (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// clientOptions is client.json: what the client says of itself. Configuration
// is what it answers to workspace/configuration. Real asks for the rules that the
// product has, instead of fakeRules.
type clientOptions struct {
	Real bool `json:"real"`

	prepare func(*server) // called before the first message

	ClientInfo            json.RawMessage `json:"clientInfo,omitempty"`
	Capabilities          json.RawMessage `json:"capabilities"`
	InitializationOptions json.RawMessage `json:"initializationOptions,omitempty"`
	Configuration         json.RawMessage `json:"configuration,omitempty"`
}

// fullCapabilities are those of a modern client.
const fullCapabilities = `{
	"general": {"positionEncodings": ["utf-16"]},
	"workspace": {
		"configuration": true, "applyEdit": true,
		"workspaceEdit": {"documentChanges": true},
		"didChangeWatchedFiles": {"dynamicRegistration": true},
		"didChangeConfiguration": {"dynamicRegistration": true}
	},
	"textDocument": {
		"codeAction": {
			"codeActionLiteralSupport": {"codeActionKind": {"valueSet": [""]}},
			"isPreferredSupport": true, "disabledSupport": true, "dataSupport": true,
			"resolveSupport": {"properties": ["edit"]}
		},
		"completion": {"completionItem": {"snippetSupport": true, "insertTextModeSupport": {"valueSet": [1, 2]}}},
		"publishDiagnostics": {"relatedInformation": true, "codeDescriptionSupport": true, "versionSupport": true, "dataSupport": true}
	}
}`
