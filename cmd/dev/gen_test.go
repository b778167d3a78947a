package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func root(t *testing.T) string {
	t.Helper()
	dir, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestGeneratedFilesAreFresh(t *testing.T) {
	dir := root(t)
	files, err := generated(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), want) {
			t.Errorf("%s is stale; run: go run ./cmd/dev gen", name)
		}
	}
}

func TestNewRule(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"refactor/rules", "lsp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := newRule(dir, "Bad Name"); err == nil {
		t.Error("a bad name was taken")
	}
	if err := newRule(dir, "badthing"); err != nil {
		t.Fatal(err)
	}
	if err := newRule(dir, "badthing"); err == nil {
		t.Error("a rule was created twice")
	}
	if _, err := writeGenerated(dir); err != nil {
		t.Fatal(err)
	}
	files, err := generated(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s was not written: %v", name, err)
		}
	}
	if !strings.Contains(string(files["refactor/rules/rules.go"]), "\t\tbadthing.Rule,\n") {
		t.Errorf("registry:\n%s", files["refactor/rules/rules.go"])
	}
	row := "| [`badthing`](refactor/rules/badthing/README.md) | One sentence that says what the rule finds. |\n"
	if !strings.Contains(string(files["README.md"]), row) {
		t.Errorf("README.md:\n%s", files["README.md"])
	}
	for _, name := range []string{"badthing.go", "badthing_test.go"} {
		if _, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, "refactor", "rules", "badthing", name), nil, 0); err != nil {
			t.Error(err)
		}
	}
}
