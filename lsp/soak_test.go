package lsp

import (
	"context"
	"encoding/json"
	"fmt"
	"go/token"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"
	"time"

	"handshake/refactor/load"
)

// TestSoak types at a file of the legacy service, HANDSHAKE_SOAK keys (300 by
// default), through states that do not parse, while files, modules and folders
// come and go. After each key the text must be that of the client; at the end
// nothing may be left running, and memory must be what it was after a tenth. With
// the experiment goroutineleakprofile no goroutine may wait for ever on the way
// either. "go run ./cmd/dev bench soak" does both at length.
func TestSoak(t *testing.T) {
	keys := 300
	if n, err := strconv.Atoi(os.Getenv("HANDSHAKE_SOAK")); err == nil {
		keys = n
	}
	t.Setenv("GOPROXY", "off")
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	must(t, os.CopyFS(filepath.Join(dir, "one"), os.DirFS("../testdata/legacy")))
	must(t, os.Mkdir(filepath.Join(dir, "two"), 0o777))
	writeFile(t, filepath.Join(dir, "two/go.mod"), "module two\n\ngo 1.26\n")
	writeFile(t, filepath.Join(dir, "two/a.go"), oneFinding)
	writeFile(t, filepath.Join(dir, "one/go.mod"), "module legacy\n\ngo 1.26\n")
	cache := t.TempDir()
	run, real := bubble, pprof.Lookup("goroutineleak") != nil
	if real { // that profile sees nothing in a bubble
		run = func(t *testing.T, f func(*testing.T)) { f(t) }
	}
	run(t, func(t *testing.T) {
		s := &soak{random: rand.New(rand.NewPCG(1, 2))}
		s.editor = newEditor(t, filepath.Join(dir, "one"), clientOptions{Real: true, Capabilities: json.RawMessage(fullCapabilities), prepare: func(server *server) {
			server.opts.Cache = load.OpenCache(cache, 1<<30)
			server.methods["test/source"] = call(func(_ context.Context, snap *snapshot, p *struct {
				Name string `json:"name"`
			}) (string, error) {
				return string(snap.named(p.Name).src), nil
			})
			server.methods["test/settled"] = call(func(ctx context.Context, _ *snapshot, _ *struct{}) (bool, error) {
				return server.await(ctx, server.settled), nil
			})
		}})
		s.rest = s.idle
		if real { // where a minute without a message is a minute
			s.rest = func() { s.call("test/settled", "{}") }
		}
		s.openFile("jobs/pool.go")
		s.openFile("jobs/bus.go")
		s.rest()
		var early, heap uint64
		for s.keys < keys {
			s.burst()
			if s.keys/max(keys/10, 1) > s.curve {
				s.curve = s.keys / max(keys/10, 1)
				heap = s.measure()
				if early == 0 {
					early = heap
				}
			}
		}
		s.rest()
		if keys >= 10_000 && heap > early*3/2 {
			t.Errorf("%d bytes are in use, %d after a tenth of the keys", heap, early)
		}
		s.peer.close()
		noLeaks(t)
	})
}

// A soak is an editor whose user types at random.
type soak struct {
	*editor
	random *rand.Rand
	keys   int
	curve  int
	bursts int
	rest   func() // waits until the server does
}

// burst deletes some bytes, one key at a time, types them again, and does
// something else.
func (s *soak) burst() {
	s.bursts++
	name := []string{"jobs/pool.go", "jobs/bus.go"}[s.random.IntN(2)]
	text := s.buffers[name].text
	n := 1 + s.random.IntN(20)
	at := s.random.IntN(len(text) - n)
	for i := n; i > 0; i-- {
		s.key(name, at+i-1, at+i, "")
	}
	if s.random.IntN(4) == 0 {
		for i, c := range "ch := make(chan int)\n{\"ä😀" { // nonsense in between
			s.key(name, at+i, at+i, string(c))
		}
		s.key(name, 0, len(s.buffers[name].text), text)
	} else {
		for i := range n {
			s.key(name, at+i, at+i, text[at+i:at+i+1])
		}
	}
	if s.buffers[name].text != text {
		s.t.Fatal("the soak itself is wrong")
	}
	uri := s.uri(name)
	position := positionOf(text, at, s.encoding)
	var id string
	if s.random.IntN(2) == 0 {
		id = s.send("textDocument/codeAction", map[string]any{"textDocument": map[string]any{"uri": uri}, "range": textRange{position, position}, "context": map[string]any{"diagnostics": []any{}}})
		if s.random.IntN(2) == 0 {
			s.notify("$/cancelRequest", map[string]any{"id": json.Number(id)})
		}
	}
	watched := func(name string, kind int) {
		s.notify("workspace/didChangeWatchedFiles", map[string]any{"changes": []any{map[string]any{"uri": s.uri(name), "type": kind}}})
	}
	fresh := filepath.Join(s.dir, "jobs/fresh.go")
	two := map[string]any{"uri": "file://" + filepath.ToSlash(filepath.Join(filepath.Dir(s.dir), "two")), "name": "two"}
	switch s.bursts % 40 {
	case 5:
		s.save([]string{name, "now"})
	case 10:
		writeFile(s.t, fresh, "package jobs\n\nfunc fresh() {}\n")
		watched("jobs/fresh.go", 1)
	case 15:
		writeFile(s.t, filepath.Join(s.dir, "go.mod"), fmt.Sprintf("module legacy\n\ngo 1.26\n\n// %d\n", s.bursts))
		watched("go.mod", 2)
	case 20:
		s.notify("workspace/didChangeWorkspaceFolders", map[string]any{"event": map[string]any{"added": []any{two}, "removed": []any{}}})
		s.openFile("../two/a.go")
	case 25:
		os.Remove(fresh)
		watched("jobs/fresh.go", 3)
	case 30:
		s.closeFile("../two/a.go")
		s.notify("workspace/didChangeWorkspaceFolders", map[string]any{"event": map[string]any{"added": []any{}, "removed": []any{two}}})
	case 35:
		s.rest()
	}
	if id != "" {
		s.await(id)
	}
	s.notes = nil
	clear(s.known)
}

// key replaces some bytes and compares the texts.
func (s *soak) key(name string, start, end int, with string) {
	s.keys++
	b := s.buffers[name]
	b.version++
	change := map[string]any{"range": textRange{positionOf(b.text, start, s.encoding), positionOf(b.text, end, s.encoding)}, "text": with}
	b.text = b.text[:start] + with + b.text[end:]
	s.notify("textDocument/didChange", map[string]any{"textDocument": s.document(name), "contentChanges": []any{change}})
	raw, err := s.call("test/source", map[string]any{"name": filepath.Join(s.dir, name)})
	var got string
	if err != nil || json.Unmarshal(raw, &got) != nil || got != b.text {
		s.t.Fatalf("after %d keys %s is\n%q, want\n%q", s.keys, name, got, b.text)
	}
	pause := 10 * time.Millisecond
	if s.random.IntN(30) == 0 {
		pause = 200 * time.Millisecond
	}
	<-time.After(pause)
}

// measure prints what the process uses and returns the bytes of the heap that
// are in use. It waits for the server.
func (s *soak) measure() uint64 {
	s.rest()
	leaks := noLeaks(s.t)
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	rss := "unknown"
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		_, rest, _ := strings.Cut(string(status), "VmRSS:")
		rss, _, _ = strings.Cut(strings.TrimSpace(rest), "\n")
	}
	s.t.Logf("%8d keys: heap %6.1f MB, RSS %s, %d goroutines%s", s.keys, float64(m.HeapAlloc)/(1<<20), rss, runtime.NumGoroutine(), leaks)
	return m.HeapAlloc
}

// noLeaks fails the test if goroutines wait for what can never happen. It returns
// how many there are, for a person, or nothing where that cannot be known.
func noLeaks(t *testing.T) string {
	leaks := pprof.Lookup("goroutineleak")
	if leaks == nil {
		return ""
	}
	var found strings.Builder
	must(t, leaks.WriteTo(&found, 1)) // it is now that they are looked for
	if leaks.Count() > 0 {
		t.Error(&found)
	}
	return fmt.Sprintf(", %d leaked", leaks.Count())
}

// Somebody types for long without a pause, and all of it parses: the positions of
// the last analysis must not grow with each key.
func TestTypingWithoutPause(t *testing.T) {
	dir := broken(t)
	bubble(t, func(t *testing.T) {
		e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(fullCapabilities)})
		e.openFile("a.go")
		e.diagnostics("a.go")
		e.idle()
		files := func() int {
			n := 0
			for _, f := range e.server.snapshot().found {
				f.analysis.pkg.Fset.Iterate(func(*token.File) bool { n++; return true })
			}
			return n
		}
		before := files()
		for range maxLooks {
			for _, edit := range [][]string{{"a.go", "\tbad()\n", "\tbad() \n"}, {"a.go", "\tbad() \n", "\tbad()\n"}} {
				e.edit(edit)
				<-time.After(2 * quickDelay)
			}
		}
		switch n := files() - before; {
		case n < maxLooks/4: // each second edit is back at what was analysed
			t.Errorf("only %d positions were added: no quick looks", n)
		case n > 4*maxLooks:
			t.Errorf("%d positions were added", n)
		}
		e.edit([]string{"a.go", "\tbad()\n", "\tbad()\n\tbad()\n"})
		e.diagnostics("a.go")
		e.idle()
		if n := files() - before; n > 10 {
			t.Errorf("after a pause %d positions are left", n)
		}
		e.close()
	})
}
