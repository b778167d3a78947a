package lsp

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handshake/refactor"
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

// An edit that arrives during an analysis makes its result void.
func TestLatestWins(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "go.mod"), "module m\n")
	writeFile(t, filepath.Join(dir, "a.go"), oneFinding)
	bubble(t, func(t *testing.T) {
		running, release := make(chan struct{}), make(chan struct{})
		runs := 0
		slow := &refactor.Rule{Name: "slow", Run: func(*refactor.Package) []refactor.Finding {
			if runs++; runs == 1 {
				close(running)
				<-release
			}
			return nil
		}}
		e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(fullCapabilities), prepare: with(slow)})
		e.answer = func(string, json.RawMessage) any { return []any{nil} }
		e.openFile("a.go")
		for stop := false; !stop; {
			select {
			case <-running:
				stop = true
			default:
				e.receive()
			}
		}
		e.edit([]string{"a.go", "\tbad()\n", "\n\tbad()\n"})
		e.save([]string{"a.go"}) // waits until the server has nothing to do
		close(release)
		e.diagnostics("a.go")
		e.quiet()
		e.close()
		if want := "version 2\n6:1-6:6 warning handshake/badcall: bad is called\n\ta.go:9:0-9:10: it is declared here\nnothing\n"; e.out.String() != want {
			t.Errorf("got:\n%s", e.out.String())
		}
	})
}

// The go command may name files by another path than the editor.
func TestSymlinkedWorkspace(t *testing.T) {
	real := filepath.Join(t.TempDir(), "real")
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Mkdir(real, 0o777))
	if err := os.Symlink(real, link); err != nil {
		t.Skip(err) // Windows asks for a privilege
	}
	writeFile(t, filepath.Join(real, "go.mod"), "module m\n")
	writeFile(t, filepath.Join(real, "a.go"), oneFinding)
	bubble(t, func(t *testing.T) {
		e := newEditor(t, link, clientOptions{Capabilities: json.RawMessage(fullCapabilities)})
		e.openFile("a.go")
		e.diagnostics("a.go")
		e.close()
		if !strings.Contains(e.out.String(), "badcall") {
			t.Errorf("got:\n%s", e.out.String())
		}
	})
}

// Files that nobody may write, such as those of the module cache, are left
// alone.
func TestReadOnlyFile(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "go.mod"), "module m\n")
	writeFile(t, filepath.Join(dir, "a.go"), oneFinding)
	must(t, os.Chmod(filepath.Join(dir, "a.go"), 0o444))
	bubble(t, func(t *testing.T) {
		e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(fullCapabilities)})
		e.openFile("a.go")
		e.quiet()
		e.close()
		if got := e.out.String(); got != "nothing\n" {
			t.Errorf("got:\n%s", got)
		}
	})
}

const oneFinding = "package m\n\nvar _ chan int\n\nfunc f() {\n\tbad()\n}\n\nfunc bad() {}\n"

// Clients escape what others leave as it is.
func TestOddPaths(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sp ace#é+@%41,[x]")
	must(t, os.Mkdir(dir, 0o777))
	writeFile(t, filepath.Join(dir, "go.mod"), "module m\n")
	writeFile(t, filepath.Join(dir, "a,b.go"), oneFinding+"func good() {}\n")
	for _, escape := range []func(string) string{
		func(u string) string { return u },
		func(u string) string { return strings.NewReplacer("+", "%2B", "@", "%40", ",", "%2C").Replace(u) },
		func(u string) string { return strings.ReplaceAll(u, "%5B", "[") },
	} {
		bubble(t, func(t *testing.T) {
			e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(fullCapabilities)})
			e.escape = escape
			e.openFile("a,b.go")
			e.diagnostics("a,b.go")
			e.quiet()
			e.codeActions([]string{"a,b.go", "bad", "source.fixAll"})
			e.take(fixAllTitle)
			e.quiet()
			e.codeActions([]string{"a,b.go", "good", "source.fixAll"})
			e.close()
			if got := e.out.String(); !strings.Contains(got, "1 edits in a,b.go\n") || !strings.HasSuffix(got, "none\n") {
				t.Errorf("as %s:\n%s", e.uri("a,b.go"), got)
			}
		})
	}
}
