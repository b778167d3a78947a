package golangci

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// golangciVersion is that of the golangci-lint which the plugin is tested with.
const golangciVersion = "v2.15.0"

// golangci-lint with the plugin reports what handshake finds, each once, heeds its
// directives and makes its fixes. The test builds golangci-lint, which takes two
// minutes of a processor and the network, and so runs only where HANDSHAKE_GOLANGCI
// is set, as it is in CI.
func TestGolangciLint(t *testing.T) {
	if os.Getenv("HANDSHAKE_GOLANGCI") == "" {
		t.Skip("HANDSHAKE_GOLANGCI is not set")
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"lint/go.mod": fmt.Sprintf("module lint\n\ngo 1.26.0\n\nrequire (\n\tgithub.com/golangci/golangci-lint/v2 %s\n\thandshake v0.0.0\n)\n\nreplace handshake => %s\n",
			golangciVersion, root),
		"lint/main.go": lintMain, "m/go.mod": "module m\n\ngo 1.26\n", "m/.golangci.yml": lintConfig, "m/p.go": linted,
	} {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	run := func(in string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
		cmd.Dir = filepath.Join(dir, in)
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "GOLANGCI_LINT_CACHE="+filepath.Join(dir, "cache"))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, args := range [][]string{{"go", "mod", "tidy"}, {"go", "build", "-o", "lint.exe", "."}} {
		if out, err := run("lint", args...); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	lint := filepath.Join(dir, "lint", "lint.exe")
	out, err := run("m", lint, "run", "./...")
	if err == nil || !strings.Contains(out, "p.go:13:2: sleepstart: time.Sleep only guesses") || !strings.Contains(out, "1 issues:") {
		t.Errorf("golangci-lint run: %v\n%s", err, out)
	}
	if out, err := run("m", lint, "run", "--fix", "./..."); err != nil {
		t.Errorf("golangci-lint run --fix: %v\n%s", err, out)
	}
	fixed, err := os.ReadFile(filepath.Join(dir, "m", "p.go"))
	if err != nil || !strings.Contains(string(fixed), "<-started // until registered") {
		t.Errorf("the file is\n%s", fixed)
	}
}

const lintMain = `package main

import (
	"fmt"
	"os"

	"github.com/golangci/golangci-lint/v2/pkg/commands"

	_ "handshake/refactor/analyzers/golangci"
)

func main() {
	if err := commands.Execute(commands.BuildInfo{Version: "` + golangciVersion + `", GoVersion: "go1.26"}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}
`

const lintConfig = `version: "2"
linters:
  default: none
  enable: [handshake]
  settings:
    custom:
      handshake:
        type: module
        settings:
          rules: [sleepstart, sleepdone]
`

const linted = `package p

import "time"

func Serve() {
	handlers := map[string]func(){}
	events := make(chan string)
	go func() {
		handlers["a"] = func() {}
		for range events {
		}
	}()
	time.Sleep(time.Second) // until registered
	handlers["a"]()
	close(events)
}

func ServeIgnored() {
	handlers := map[string]func(){}
	events := make(chan string)
	go func() {
		handlers["a"] = func() {}
		for range events {
		}
	}()
	time.Sleep(time.Second) //nolint:handshake // it is known
	handlers["a"]()
	close(events)
}
`
