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
	"slices"
	"strings"
	"time"
)

// tests are the results of tests before and after the fixes.
type tests struct {
	Packages int      `json:"packages"`
	Passed   int      `json:"passed"` // tests that passed before
	Broken   []string `json:"broken"` // tests, and packages as a whole, that passed and no longer do
	Before   float64  `json:"before"` // seconds
	After    float64  `json:"after"`
}

// testRun tells how tests end: "pass", "fail" or "skip", by package and name.
type testRun struct {
	seconds float64
	ended   map[string]string
}

// runTests runs the tests of packages under the race detector. Those that hang
// are given up after the limit.
func runTests(ctx context.Context, dir string, packages []string, limit time.Duration) (testRun, error) {
	run := testRun{ended: make(map[string]string)}
	cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{"test", "-race", "-count=1", "-json", "-timeout=" + limit.String()}, packages)...)
	cmd.Dir, cmd.Env, cmd.Stderr = dir, goEnv(), os.Stderr
	begin := time.Now()
	out, err := cmd.Output()
	run.seconds = time.Since(begin).Seconds()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return run, err
	}
	for line := range bytes.Lines(out) {
		var e struct{ Action, Package, ImportPath, Test string }
		if err := json.Unmarshal(line, &e); err != nil {
			return run, fmt.Errorf("go test says %q: %w", line, err)
		}
		switch e.Action {
		case "pass", "fail", "skip":
			run.ended[strings.TrimSpace(e.Package+" "+e.Test)] = e.Action
		}
	}
	return run, nil
}

// compare tells what became of the tests that passed.
func (before testRun) compare(after testRun) *tests {
	t := &tests{Before: before.seconds, After: after.seconds}
	for _, name := range slices.Sorted(maps.Keys(before.ended)) {
		isTest := strings.Contains(name, " ")
		if !isTest {
			t.Packages++
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
