package lsp

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"handshake/refactor"
	"handshake/refactor/load"
)

// threePackages makes a module with a finding in each of its packages.
func threePackages(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "go.mod"), "module m\n\ngo 1.26\n")
	for _, name := range []string{"a", "b", "c"} {
		must(t, os.Mkdir(filepath.Join(dir, name), 0o777))
		writeFile(t, filepath.Join(dir, name, name+".go"), strings.Replace(oneFinding, "package m", "package "+name, 1))
	}
	return dir
}

// held returns a rule that tells which package it looks at, and waits for the
// release of those with the path.
func held(path string) (rule *refactor.Rule, running, release chan struct{}) {
	running, release = make(chan struct{}, 1), make(chan struct{})
	return &refactor.Rule{Name: "held", Run: func(pkg *refactor.Package) []refactor.Finding {
		if pkg.Path == path {
			running <- struct{}{}
			<-release
		}
		return nil
	}}, running, release
}

// with prepares a server that has another rule. Nothing may change its rules once
// it serves: it looks at the workspace unasked.
func with(rule *refactor.Rule) func(*server) {
	return func(s *server) { s.opts.Rules = append(s.opts.Rules, rule) }
}

// until receives messages until something happens.
func (p *peer) until(happens <-chan struct{}) {
	p.t.Helper()
	for {
		select {
		case <-happens:
			return
		default:
			p.receive()
		}
	}
}

const withProgress = `{"window": {"workDoneProgress": true}}`

// An edit is answered while the scan is at a package; it goes on afterwards.
func TestEditGoesBeforeScan(t *testing.T) {
	dir := threePackages(t)
	bubble(t, func(t *testing.T) {
		rule, running, release := held("m/b")
		e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(`{}`), prepare: with(rule)})
		e.openFile("a/a.go")
		e.diagnostics("a/a.go")
		e.until(running)
		e.edit([]string{"a/a.go", "\tbad()\n", "\n\tbad()\n"})
		e.diagnostics("a/a.go")
		if len(e.pushed) != 1 {
			t.Errorf("the scan was quicker: %v", e.pushed)
		}
		close(release)
		e.diagnostics("c/c.go")
		e.close()
		if got := e.out.String(); strings.Count(got, "version") != 3 || !strings.Contains(got, "version 2\n6:1-6:6 ") || strings.Contains(got, "nothing") {
			t.Errorf("got:\n%s", got)
		}
	})
}

// The user can stop a scan; it begins anew when it is asked to.
func TestCancelScan(t *testing.T) {
	dir := threePackages(t)
	bubble(t, func(t *testing.T) {
		rule, running, release := held("m/b")
		e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(withProgress), prepare: with(rule)})
		e.until(running)
		e.notify("window/workDoneProgress/cancel", `{"token": "handshake/1"}`)
		e.call("test/text", map[string]any{"uri": e.uri("a/a.go")}) // it has been seen
		close(release)
		e.idle()
		e.disk([]string{"c/c.go", "package c\n\n" + strings.TrimPrefix(oneFinding, "package m\n")})
		e.quiet()
		if got := e.out.String(); !strings.Contains(got, `"kind":"end","message":"stopped"`) || strings.Contains(got, "c/c.go") {
			t.Errorf("stopped:\n%s", got)
		}
		e.command("handshake.reload")
		e.diagnostics("c/c.go")
		e.close()
		if got := e.out.String(); !strings.Contains(got, "6:1-6:6 warning") {
			t.Errorf("again:\n%s", got)
		}
	})
}

// A workspace that is opened again has its diagnostics without any package being
// looked at, unless its files have changed. A damaged entry is as good as none.
func TestReopenedWorkspace(t *testing.T) {
	t.Setenv("GOFLAGS", "")
	dir, cached := threePackages(t), t.TempDir()
	var runs atomic.Int32
	session := func(what string, want int32) {
		t.Helper()
		bubble(t, func(t *testing.T) {
			runs.Store(0)
			counting := &refactor.Rule{Name: "counting", Run: func(*refactor.Package) []refactor.Finding {
				runs.Add(1)
				return nil
			}}
			e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(`{}`), prepare: func(s *server) {
				s.opts.Cache = load.OpenCache(cached, 1<<30)
				with(counting)(s)
			}})
			e.shown()
			e.close()
			if got := e.out.String(); strings.Count(got, "badcall pushed") != 3 {
				t.Errorf("%s:\n%s\n%s", what, got, e.log.String())
			}
			if n := runs.Load(); n != want {
				t.Errorf("%s: %d packages were looked at, not %d", what, n, want)
			}
		})
	}
	session("new", 3)
	session("reopened", 0)
	writeFile(t, filepath.Join(dir, "b", "b.go"), strings.Replace(oneFinding, "package m", "package b\n", 1))
	session("changed", 1)
	session("reopened", 0)
	must(t, filepath.WalkDir(cached, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "trim.txt" {
			return err
		}
		return os.WriteFile(name, []byte("no entry"), 0o600)
	}))
	session("damaged", 3)
}
