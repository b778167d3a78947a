package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The benchmark runs, and every figure of our own server is there.
func TestBenchLSP(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	file := filepath.Join(root, "testdata", "legacy", "jobs", "pool.go")
	if err := bench(t.Context(), root, io.Discard, []string{"lsp", "-gopls=", "-edits=4", "-out=" + out, "jobs=" + file}); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(out, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	var results benchResults
	if err := json.Unmarshal(raw, &results); err != nil {
		t.Fatal(err)
	}
	figures := results.Servers
	if len(figures) != 1 {
		t.Fatalf("%d figures", len(figures))
	}
	f := figures[0]
	for name, list := range map[string]times{"body": f.Body, "declaration": f.Declaration, "import": f.Import, "action": f.Action, "resolve": f.Resolve} {
		if len(list) == 0 || list[0] <= 0 {
			t.Errorf("%s: %v", name, list)
		}
	}
	if f.ScanMS <= 0 || f.RescanMS <= 0 {
		t.Errorf("the scans took %v and %v", f.ScanMS, f.RescanMS)
	}
	page, err := os.ReadFile(filepath.Join(out, "RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "\n| jobs (") {
		t.Errorf("no line for the package in\n%s", page)
	}
}

func TestTimes(t *testing.T) {
	for want, list := range map[string]times{
		"–":         nil,
		"3.0 / 3.0": {3},
		"2.0 / 12":  {1, 2, 12},
	} {
		if got := list.String(); got != want {
			t.Errorf("%v: %s, want %s", []float64(list), got, want)
		}
	}
}
