package lsp

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// Without the go command there are no findings, one message, and no end.
func TestGoCommandIsMissing(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "go.mod"), "module m\n")
	for _, name := range []string{"a.go", "b.go"} {
		writeFile(t, filepath.Join(dir, name), "package m\n")
	}
	t.Setenv("PATH", dir)
	bubble(t, func(t *testing.T) {
		e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(fullCapabilities)})
		e.openFile("a.go")
		e.quiet()
		e.openFile("b.go")
		e.command("handshake.reload")
		e.quiet()
		e.edit([]string{"a.go", "package m\n", "package m\n\nhsw"})
		e.complete([]string{"a.go", "hsw"})
		e.close()
		if got := strings.ReplaceAll(e.out.String(), "null\n", ""); got != "window/showMessage: "+goMissing+"\nnothing\nhsworker\n" {
			t.Errorf("got:\n%s", got)
		}
	})
}

// Rules panic in refactor.Analyze; what panics elsewhere must not end the
// server either.
func TestTasksMayPanic(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := ready(t)
		for range 2 {
			p.server.task("test", func() { panic("boom") })
		}
		p.alive()
		p.close()
		if n := strings.Count(p.log.String(), "panic in test: boom"); n != 1 {
			t.Errorf("logged %d times:\n%s", n, p.log.String())
		}
	})
}
