// Package ruletest tests a rule by the files in its folder.
//
// README.md is documentation and golden test at once: the fixes of its Before
// must lead to its After. Each testdata/*.txtar is a case: Go files, in one or
// more folders, with a go.mod if the language version matters (1.26 if not).
// Only the standard library and the packages of the archive can be imported;
// a folder such as golang.org/x/sync/errgroup is a package of that path, which
// the rule does not get to see and which needs to hold only what is used of it.
//
// A finding is expected by a comment at the end of its line, or some lines
// above or below it, which the rule does not get to see:
//
//	time.Sleep(d) // want "regexp"
//	// want+1 "regexp" `another on that line`
//
// An expectation on a line of its own leaves a blank line.
//
// What each fix of each finding does to a file is in a golden section, named
// after the label of the fix or a prefix of that and, if more than one finding
// has fixes, the number of the finding in source order. What was not offered,
// by the rule or because a fix could not be made, is in another:
//
//	-- fix: Replace time.Sleep with started channel/a.go --
//	-- fix 2: Buffer reply channel (sender no longer waits)/dir/b.go --
//	-- withheld --
//	a.go:12: Replace time.Sleep with started channel: the body is exported
//
// go test -update rewrites these sections, and the After of the README. A case
// in silent_*.txtar must have no finding at all. A line "type errors" in the
// comment of an archive says that its files need not type-check.
package ruletest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handshake/refactor"
)

var update = flag.Bool("update", false, "rewrite the goldens of rules")

// Run tests the rule, whose folder is the working directory.
func Run(t *testing.T, rule *refactor.Rule) {
	if strings.ToLower(rule.Name) != rule.Name || rule.Name == "" {
		t.Errorf("the name %q is not one lower-case word", rule.Name)
	}
	t.Run("README", func(t *testing.T) {
		file(t, "README.md", func(data []byte) ([]byte, []string) { return checkReadme(rule, data) })
	})
	cases, _ := filepath.Glob("testdata/*.txtar")
	silent := false
	for _, name := range cases {
		base := strings.TrimSuffix(filepath.Base(name), ".txtar")
		silent = silent || isSilent(base)
		t.Run(base, func(t *testing.T) {
			file(t, name, func(data []byte) ([]byte, []string) { return checkCase(rule, base, data) })
		})
	}
	if !silent {
		t.Error("no testdata/silent_*.txtar says when the rule is silent")
	}
}

// file runs a check of a file and, if asked to, writes what it should be.
// Problems that an update mends are then gone.
func file(t *testing.T, name string, check func([]byte) (want []byte, problems []string)) {
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want, problems := check(data)
	if *update && !bytes.Equal(data, want) {
		if err := os.WriteFile(name, want, 0o666); err != nil {
			t.Fatal(err)
		}
		_, problems = check(want)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

func isSilent(base string) bool { return strings.HasPrefix(base, "silent_") }
