package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var ruleName = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

// newRule creates the folder of a rule that finds nothing yet. Its test fails
// until the README has a Before that the rule changes.
func newRule(root, name string) error {
	if !ruleName.MatchString(name) {
		return fmt.Errorf("%q is not one lower-case word", name)
	}
	dir := filepath.Join(root, "refactor", "rules", name)
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, "testdata"), 0o777); err != nil {
		return err
	}
	for file, text := range map[string]string{
		name + ".go":                  newSource,
		name + "_test.go":             newTest,
		"README.md":                   newReadme,
		"testdata/silent_plain.txtar": newSilent,
	} {
		text = strings.NewReplacer("NAME", name, "~~~", "```").Replace(text)
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(file)), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

const newSource = `// Package NAME finds …
package NAME

import (
	_ "embed"

	"handshake/refactor"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule is the rule.
var Rule = &refactor.Rule{Name: "NAME", Doc: readme, Severity: refactor.Info, Preview: true, Run: run, Prove: prove.Rewrite}

func run(pkg *refactor.Package) []refactor.Finding {
	return nil
}
`

const newTest = `package NAME

import (
	"testing"

	"handshake/refactor/rules/ruletest"
)

func Test(t *testing.T) { ruletest.Run(t, Rule) }
`

const newReadme = `# NAME

One sentence that says what the rule finds.

## Before

~~~go
package p
~~~

## After

~~~go
package p
~~~

## Why

## Fix safety

## When it stays silent

## References
`

const newSilent = `What the rule must leave alone.

-- a.go --
package p
`
