package main

import (
	"regexp"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// exampleCode matches the two sections of a rule's README that show its fix.
var exampleCode = regexp.MustCompile("(?s)## Before\n\n```go\n(.*?)```\n\n## After\n\n```go\n(.*?)```\n")

// withDiff returns a rule's README with its Before and After as one diff, which
// a terminal shows in colours. On a code host they stand one below the other.
func withDiff(doc string) string {
	m := exampleCode.FindStringSubmatchIndex(doc)
	if m == nil {
		return doc
	}
	before, after := doc[m[2]:m[3]], doc[m[4]:m[5]]
	all := strings.Count(before, "\n")
	text, err := udiff.ToUnified("", "", before, udiff.Lines(before, after), all)
	if err != nil {
		return doc
	}
	_, text, _ = strings.Cut(text, " @@\n") // the names and the numbers say nothing here
	return doc[:m[0]] + "## Before and after\n\n```diff\n" + text + "```\n" + doc[m[1]:]
}
