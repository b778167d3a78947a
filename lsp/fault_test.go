package lsp

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"handshake/refactor/load"
)

// TestMain makes the test a go command that does as it is told, if it is started
// by that name: see fakeGo.
func TestMain(m *testing.M) {
	if address := os.Getenv("HANDSHAKE_FAKE_GO"); address != "" && strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == "go" {
		os.Exit(beGo(address))
	}
	os.Exit(m.Run())
}

// beGo says to the test that it was started and does what it answers.
func beGo(address string) int {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 3
	}
	order, _ := bufio.NewReader(conn).ReadString('\n') // ends with the test at the latest
	switch order {
	case "garbage\n":
		fmt.Println(`{"GOROOT": [] }}} ` + "\x00\xff")
		return 0
	case "die\n":
		p, _ := os.FindProcess(os.Getpid())
		p.Kill()
		<-make(chan struct{})
	case "work\n":
		cmd := exec.Command(os.Getenv("HANDSHAKE_REAL_GO"), os.Args[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		if cmd.Run() == nil {
			return 0
		}
	}
	return 1
}

// A fakeGo is a go command on the PATH whose processes do what order says. If
// that is nothing, they block.
type fakeGo struct {
	order   atomic.Value // string
	blocked chan net.Conn
}

func newFakeGo(t *testing.T) *fakeGo {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("there are no interrupts on Windows")
	}
	real, err := exec.LookPath("go")
	must(t, err)
	self, err := os.Executable()
	must(t, err)
	bin := t.TempDir()
	must(t, os.Symlink(self, filepath.Join(bin, "go")))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Setenv("PATH", bin)
	t.Setenv("HANDSHAKE_REAL_GO", real)
	t.Setenv("HANDSHAKE_FAKE_GO", ln.Addr().String())
	g := &fakeGo{blocked: make(chan net.Conn, 100)}
	g.order.Store("work")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			if order := g.order.Load().(string); order != "" {
				fmt.Fprintln(conn, order)
			} else {
				g.blocked <- conn
			}
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	return g
}

// dead returns when the process at the other end of a connection has ended.
func dead(conn net.Conn) { io.Copy(io.Discard, conn) }

// broken makes a folder with a module in which there is something to find.
func broken(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	writeFile(t, filepath.Join(dir, "go.mod"), "module m\n")
	writeFile(t, filepath.Join(dir, "a.go"), oneFinding)
	return dir
}

// A go command that hangs is stopped, which is said once, and what is known of
// the packages is enough for edits. There is no fake time: it would stand still
// while a process runs.
func TestGoCommandHangs(t *testing.T) {
	g, dir := newFakeGo(t), broken(t)
	limits := make(chan func(), 100)
	e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(fullCapabilities), InitializationOptions: json.RawMessage(`{"scan":false}`), prepare: func(s *server) {
		s.expire = func(f func()) func() bool {
			if g.order.Load() == "" {
				limits <- f
			}
			return func() bool { return true }
		}
	}})
	e.openFile("a.go")
	e.diagnostics("a.go")
	for range 2 {
		g.order.Store("")
		e.notify("workspace/didChangeWatchedFiles", map[string]any{"changes": []any{map[string]any{"uri": e.uri("go.mod"), "type": 2}}})
		expire := <-limits
		first, second := <-g.blocked, <-g.blocked // go list and go env
		e.edit([]string{"a.go", "\tbad()\n", "\t_ = 0\n\tbad()\n"})
		e.diagnostics("a.go")
		g.order.Store("work")
		expire()
		dead(first)
		dead(second)
	}
	e.notify("workspace/didChangeWatchedFiles", map[string]any{"changes": []any{map[string]any{"uri": e.uri("go.mod"), "type": 2}}})
	e.edit([]string{"a.go", "\tbad()\n", "\t_ = 1\n\tbad()\n"})
	e.diagnostics("a.go")
	e.close()
	said := 0
	for _, n := range e.notes {
		if strings.Contains(string(n.Params), errSlow.Error()) {
			said++
		}
	}
	if said += strings.Count(e.out.String(), errSlow.Error()); said != 1 {
		t.Errorf("it is said %d times that the go command hangs:\n%s", said, e.out.String())
	}
	if n := strings.Count(e.out.String(), "bad is called"); n != 4 {
		t.Errorf("%d findings:\n%s", n, e.out.String())
	}
}

// When the client is gone, so are the server and the processes that it has
// started.
func TestClientIsGone(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(e *editor)
	}{
		{"end of input", func(e *editor) { e.in.Close() }},
		{"both pipes closed", func(e *editor) { e.in.Close(); e.peer.out.Close() }},
		{"exit", func(e *editor) { e.notify("exit", `null`) }},
		{"its process killed", func(e *editor) { e.cancel() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			g, dir := newFakeGo(t), broken(t)
			g.order.Store("")
			e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(`{}`), InitializationOptions: json.RawMessage(`{"scan":false}`)})
			e.openFile("a.go")
			first, second := <-g.blocked, <-g.blocked
			test.end(e)
			if code := <-e.exit; code != 1 {
				t.Errorf("exit code %d", code)
			}
			dead(first)
			dead(second)
		})
	}
}

// The client no longer reads what the server says, and the pipe breaks.
func TestClientDoesNotListen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := ready(t)
		p.out.Close()
		p.send("test/text", `{}`)
		if code := <-p.exit; code != 1 {
			t.Errorf("exit code %d", code)
		}
	})
}

// Whatever the go command says, it is told, and all is well when it is.
func TestGoCommandFails(t *testing.T) {
	for _, order := range []string{"garbage", "die", "fail"} {
		t.Run(order, func(t *testing.T) {
			g, dir := newFakeGo(t), broken(t)
			g.order.Store(order)
			bubble(t, func(t *testing.T) {
				e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(fullCapabilities)})
				e.openFile("a.go")
				e.quiet()
				if got := e.out.String(); !strings.HasPrefix(got, "window/showMessage: Cannot load packages in $WORK: ") || strings.Count(got, "\n") != 1 || strings.HasSuffix(got, ": \n") {
					t.Errorf("the user sees %q", got)
				}
				e.command("handshake.reload")
				e.quiet()
				g.order.Store("work")
				e.command("handshake.reload")
				e.diagnostics("a.go")
				e.close()
			})
		})
	}
}

// The cache is not needed, and may be anything.
func TestCacheFails(t *testing.T) {
	findings := findingsWith(t)
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, "")
	findings(load.OpenCache(file, 1<<20)) // no directory can be made there
	shared := filepath.Join(t.TempDir(), "cache")
	findings(load.OpenCache(shared, 1<<20), load.OpenCache(shared, 1<<20))
	damaged := 0
	must(t, filepath.WalkDir(shared, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			damaged++
			err = os.WriteFile(name, []byte(strings.Repeat("damaged", damaged)), 0o666)
		}
		return err
	}))
	if damaged == 0 {
		t.Error("nothing was in the cache")
	}
	findings(load.OpenCache(shared, 1<<20), load.OpenCache(shared, 100))
}

// findingsWith returns a function that starts a server with each of the caches and
// fails the test if they do not all find what is to be found, and nothing else is
// said. The package imports one that the cache can hold.
func findingsWith(t *testing.T) func(caches ...*load.Cache) {
	dir := broken(t)
	writeFile(t, filepath.Join(dir, "a.go"), "package m\n\nimport \"sync\"\n\nvar _ sync.Mutex\n"+strings.TrimPrefix(oneFinding, "package m\n"))
	return func(caches ...*load.Cache) {
		t.Helper()
		bubble(t, func(t *testing.T) {
			var all []*editor
			for _, cache := range caches {
				e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(fullCapabilities), prepare: func(s *server) { s.opts.Cache = cache }})
				e.openFile("a.go")
				all = append(all, e)
			}
			for _, e := range all {
				e.diagnostics("a.go")
				e.quiet()
				e.close()
				if got := e.out.String(); !strings.HasPrefix(got, "version 1\n") || strings.Count(got, "\n") != 4 {
					t.Errorf("the server says\n%s", got)
				}
			}
		})
	}
}
