//go:build unix

package lsp

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Whoever opens a FIFO waits until somebody writes to it.
func TestFIFO(t *testing.T) {
	above := t.TempDir()
	dir := filepath.Join(above, "m")
	must(t, os.Mkdir(dir, 0o777))
	for _, name := range []string{filepath.Join(above, "go.work"), filepath.Join(dir, "go.mod"), filepath.Join(dir, "a.go"), filepath.Join(dir, configFile)} {
		must(t, syscall.Mkfifo(name, 0o666))
	}
	if got := workspaceOf(dir); got != dir {
		t.Errorf("the workspace is %s", got)
	}
	if got, module := ModuleRoot(dir); module {
		t.Errorf("%s is a module", got)
	}
	if got := modules(t.Context(), dir); len(got) > 0 {
		t.Errorf("there are modules %q", got)
	}
	if onDisk()(filepath.Join(dir, "a.go")) != nil {
		t.Error("there is a text")
	}
	must(t, os.Remove(filepath.Join(dir, "go.mod")))
	must(t, os.Remove(filepath.Join(above, "go.work"))) // which the go command would wait for
	writeFile(t, filepath.Join(dir, "go.mod"), "module m\n")
	bubble(t, func(t *testing.T) {
		e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(fullCapabilities)})
		e.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": e.uri("a.go"), "languageId": "go", "version": 1, "text": oneFinding}})
		e.buffers["a.go"] = &buffer{oneFinding, 1}
		e.diagnostics("a.go")
		e.close()
		if got := e.out.String(); !strings.Contains(got, "badcall") {
			t.Errorf("the server says\n%s", got)
		}
	})
}
