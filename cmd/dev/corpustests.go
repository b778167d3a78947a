package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// tests are the results of tests before and after the fixes.
type tests struct {
	Packages int      `json:"packages"` // with tests
	Failed   int      `json:"failed"`   // packages that failed before: what they pass may say little
	Passed   int      `json:"passed"`   // tests that passed before
	Broken   []string `json:"broken"`   // tests, and packages as a whole, that passed and no longer do
	Before   float64  `json:"before"`   // seconds
	After    float64  `json:"after"`
}

// testRun tells how tests end: "pass", "fail" or "skip", by package and name.
type testRun struct {
	seconds float64
	ended   map[string]string
}

// runTests runs the tests of packages, which are directories of the repository,
// with or without "/..." at the end, under the race detector. Those that hang
// are given up after the limit.
func (o *options) runTests(ctx context.Context, dir string) (testRun, error) {
	run := testRun{ended: make(map[string]string)}
	for _, pattern := range o.tests {
		name, all := strings.CutSuffix(filepath.ToSlash(pattern), "/...")
		name = filepath.Join(dir, name)
		module := moduleOf(name)
		rel, err := filepath.Rel(module, name)
		if err != nil {
			return run, err
		}
		rel = "./" + filepath.ToSlash(rel)
		if all {
			rel += "/..."
		}
		cmd := exec.CommandContext(ctx, "go", "test", "-race", "-count=1", "-json", "-timeout="+o.limit.String(), "-run="+o.run, rel)
		cmd.Dir, cmd.Env, cmd.Stderr = module, goEnv(), os.Stderr
		begin := time.Now()
		out, err := cmd.Output()
		run.seconds += time.Since(begin).Seconds()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			return run, err
		}
		if err := run.read(out); err != nil {
			return run, err
		}
	}
	return run, nil
}

// read takes in what go test -json prints.
func (run testRun) read(out []byte) error {
	for line := range bytes.Lines(out) {
		var e struct{ Action, Package, Test string }
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("go test says %q: %w", line, err)
		}
		switch e.Action {
		case "pass", "fail", "skip":
			run.ended[strings.TrimSpace(e.Package+" "+e.Test)] = e.Action
		}
	}
	return nil
}

// compare tells what became of the tests that passed.
func (before testRun) compare(after testRun) *tests {
	t := &tests{Before: before.seconds, After: after.seconds}
	for _, name := range slices.Sorted(maps.Keys(before.ended)) {
		isTest := strings.Contains(name, " ")
		if !isTest && before.ended[name] != "skip" {
			t.Packages++
		}
		if !isTest && before.ended[name] == "fail" {
			t.Failed++
		}
		if before.ended[name] == "pass" {
			if isTest {
				t.Passed++
			}
			if end := after.ended[name]; end != "pass" {
				t.Broken = append(t.Broken, fmt.Sprintf("%s: %s", name, cmp.Or(end, "missing")))
			}
		}
	}
	return t
}
