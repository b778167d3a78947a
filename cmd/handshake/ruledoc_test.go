package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/glamour"

	"handshake/refactor/rules"
)

// Every rule is explained by a diff, whose two sides are its Before and After.
func TestExplainShowsDiff(t *testing.T) {
	block := regexp.MustCompile("(?s)\n```diff\n(.*?)```\n")
	for _, r := range rules.All() {
		doc := withDiff(r.Doc)
		m := block.FindStringSubmatch(doc)
		if m == nil || strings.Contains(doc, "```go") {
			t.Errorf("%s: no diff in place of Before and After:\n%s", r.Name, doc)
			continue
		}
		var before, after strings.Builder
		for line := range strings.Lines(m[1]) {
			switch line[0] {
			case ' ':
				before.WriteString(line[1:])
				after.WriteString(line[1:])
			case '-':
				before.WriteString(line[1:])
			case '+':
				after.WriteString(line[1:])
			default:
				t.Errorf("%s: odd line in the diff: %q", r.Name, line)
			}
		}
		for heading, got := range map[string]string{"Before": before.String(), "After": after.String()} {
			if want := r.Section(heading); want != "```go\n"+got+"```" {
				t.Errorf("%s: %s is not a side of the diff:\n%s", r.Name, heading, got)
			}
		}
	}
}

func TestExplainIsColoured(t *testing.T) {
	out, err := rendered("# r\n\nOne.\n\n## Before\n\n```go\nx()\nsleep()\n```\n\n## After\n\n```go\nx()\n<-done\n```\n",
		glamour.WithStandardStyle("dark"), glamour.WithWordWrap(80))
	if err != nil {
		t.Fatal(err)
	}
	colour := regexp.MustCompile(`\x1b\[([0-9;]*)m([-+])`)
	found := make(map[string]string)
	for _, m := range colour.FindAllStringSubmatch(out, -1) {
		found[m[2]] = m[1]
	}
	if found["-"] == "" || found["+"] == "" || found["-"] == found["+"] {
		t.Errorf("the sides of the diff have no colours of their own: %q in\n%q", found, out)
	}
}
