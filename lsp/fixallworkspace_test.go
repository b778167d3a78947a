package lsp

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"handshake/refactor"
)

// A workspace fix is under way, held up by a rule, when something happens.
func TestFixAllWorkspaceIsOvertaken(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(e *editor, id string)
		want    string // error of the command
		end     string // of the progress
	}{
		"by the user's cancel": {
			func(e *editor, _ string) {
				e.notify("window/workDoneProgress/cancel", `{"token": "handshake/1"}`)
			}, "error -32800: ", "stopped",
		},
		"by the client's cancel": {
			func(e *editor, id string) { e.notify("$/cancelRequest", fmt.Sprintf(`{"id": %s}`, id)) }, "error -32800: ", "stopped",
		},
		"by an edit": {
			func(e *editor, _ string) { e.edit([]string{"a.go", "func f", "\nfunc f"}) }, "error -32801: ", "has changed in the meantime",
		},
		"by another program": {
			func(e *editor, _ string) { writeFile(e.t, filepath.Join(e.dir, "b.go"), "package m\n") }, "error -32801: ", "has changed in the meantime",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "go.mod"), "module m\n")
			writeFile(t, filepath.Join(dir, "a.go"), oneFinding+"func good() {}\n")
			writeFile(t, filepath.Join(dir, "b.go"), "package m\n\nfunc g() {\n\tbad()\n}\n")
			bubble(t, func(t *testing.T) {
				e := newEditor(t, dir, clientOptions{InitializationOptions: json.RawMessage(`{"scan": false}`), Capabilities: json.RawMessage(
					`{"window": {"workDoneProgress": true}, "workspace": {"applyEdit": true, "workspaceEdit": {"documentChanges": true}}}`)})
				e.openFile("a.go")
				e.diagnostics("a.go")
				e.quiet()
				running, release := make(chan struct{}, 10), make(chan struct{})
				e.server.opts.Rules = append(e.server.opts.Rules, &refactor.Rule{Name: "slow", Run: func(*refactor.Package) []refactor.Finding {
					running <- struct{}{}
					<-release
					return nil
				}})
				id := e.send("workspace/executeCommand", `{"command": "handshake.fixAllWorkspace"}`)
				for stop := false; !stop; {
					select {
					case <-running:
						stop = true
					default:
						e.receive()
					}
				}
				c.happens(e, id)
				if _, err := e.call("test/text", map[string]any{"uri": e.uri("a.go")}); err != nil { // it has been seen
					t.Fatal(err)
				}
				close(release)
				if _, err := e.await(id); err == nil || !strings.HasPrefix(err.Error(), c.want) {
					t.Errorf("the command ends with %v, not %s", err, c.want)
				}
				e.out.Reset()
				e.quiet()
				if got := e.out.String(); !strings.Contains(got, `"kind":"end"`) || !strings.Contains(got, c.end) || strings.Contains(got, "edits in") {
					t.Errorf("got:\n%s", got)
				}
				e.close()
			})
		})
	}
}
