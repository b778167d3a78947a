package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"handshake/refactor"
	"handshake/refactor/rules"
)

// The report is the same without the cache, with an empty one and with a full
// one. In the last case no rule runs, but where Go itself is what is looked at.
func TestCacheMakesNoDifference(t *testing.T) {
	legacy := t.TempDir()
	if err := os.CopyFS(legacy, os.DirFS(filepath.Join("..", "..", "testdata", "legacy"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(legacy, "go.mod"), []byte("module handshake/testdata/legacy\n\ngo 1.26\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOWORK", "off")
	for _, c := range []struct {
		dir      string
		patterns []string
		kept     bool
	}{
		{legacy, []string{"./..."}, true},
		{filepath.Join(runtime.GOROOT(), "src"), []string{"context", "os/signal", "net/rpc", "os/user"}, false},
	} {
		t.Chdir(c.dir)
		cache := t.TempDir()
		var want []byte
		for _, state := range []string{"off", "cold", "warm"} {
			t.Setenv("HANDSHAKE_CACHE", cache)
			if state == "off" {
				t.Setenv("HANDSHAKE_CACHE", state)
			}
			var runs atomic.Int32
			counting := &refactor.Rule{Name: "counting", Run: func(*refactor.Package) []refactor.Finding { runs.Add(1); return nil }}
			of := every(t)
			of.all, of.named = append(of.all, counting), append(of.named, counting.Name)
			r, err := scan(t.Context(), c.patterns, of, false)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(r, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case want == nil:
				want = got
				if runs.Load() == 0 || c.kept && len(r.Findings) == 0 {
					t.Errorf("%s: %d runs, %d findings", c.dir, runs.Load(), len(r.Findings))
				}
			case string(got) != string(want):
				t.Errorf("%s, %s:\n%s\nwithout a cache:\n%s", c.dir, state, got, want)
			}
			if entries, _ := os.ReadDir(cache); state == "cold" && len(entries) == 0 {
				t.Error("nothing is cached")
			}
			if n := runs.Load(); state == "warm" && c.kept && n != 0 {
				t.Errorf("%d packages were looked at again", n)
			}
		}
	}
}

// every returns projects for which all rules run.
func every(t *testing.T) *projects {
	t.Helper()
	var names []string
	for _, r := range rules.All() {
		names = append(names, r.Name)
	}
	of, err := newProjects(strings.Join(names, ","))
	if err != nil {
		t.Fatal(err)
	}
	return of
}
