package ruletest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"handshake/refactor"
)

// sections are the headings of a rule's README, in their order.
var sections = []string{"Before", "After", "Why", "Fix safety", "When it stays silent", "References"}

var (
	heading = regexp.MustCompile(`(?m)^## (.*)$`)
	goBlock = regexp.MustCompile("(?s)^```go\n(.*?)```$")
	summary = regexp.MustCompile(`^[\p{Lu}` + "`" + `].*[^.]\.$`)
	inner   = regexp.MustCompile(`[.!?] +\p{Lu}`)
)

// checkReadme checks the README of a rule, and returns it with the After that
// its Before leads to.
func checkReadme(rule *refactor.Rule, data []byte) (updated []byte, problems []string) {
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	doc := &refactor.Rule{Doc: string(data)}
	if !*update && rule.Doc != doc.Doc {
		bad("the rule's Doc is not its README.md")
	}
	if title, _, _ := strings.Cut(doc.Doc, "\n"); title != "# "+rule.Name {
		bad("the first line is %q, not %q", title, "# "+rule.Name)
	}
	if s := doc.Summary(); !summary.MatchString(s) || inner.MatchString(s) {
		bad("the summary %q is not one sentence on one line", s)
	}
	var have []string
	for _, m := range heading.FindAllStringSubmatch(outsideBlocks(doc.Doc), -1) {
		have = append(have, m[1])
		if doc.Section(m[1]) == "" {
			bad("the section %q is empty", m[1])
		}
	}
	if !slices.Equal(have, sections) {
		bad("the sections are %q, not %q", have, sections)
		return data, problems
	}
	before, ok1 := code(doc, "Before")
	after, ok2 := code(doc, "After")
	if !ok1 || !ok2 {
		bad("Before and After are not one ```go block each")
		return data, problems
	}
	got, more := fixAll(rule, before)
	problems = append(problems, more...)
	if got != after {
		bad("Before does not lead to After (go test -update accepts it):\n%s", diff(after, got))
	}
	problems = append(problems, checkAfter(rule, before, after)...)
	const opening = "```go\n"
	at := strings.Index(doc.Doc, "\n## After\n")
	at += strings.Index(doc.Doc[at:], opening) + len(opening)
	return []byte(doc.Doc[:at] + got + doc.Doc[at+len(after):]), problems
}

// outsideBlocks returns the text without its code blocks.
func outsideBlocks(text string) string {
	parts := strings.Split(text, "\n```")
	var out []string
	for i := 0; i < len(parts); i += 2 {
		out = append(out, parts[i])
	}
	return strings.Join(out, "\n")
}

func code(doc *refactor.Rule, section string) (src string, ok bool) {
	m := goBlock.FindStringSubmatch(doc.Section(section))
	if m == nil || strings.Contains(m[1], "```") {
		return "", false
	}
	return m[1], true
}

// fileName returns the name of the file that the code of a README is.
func fileName(src string) string {
	if strings.Contains(src, "\nfunc Test") {
		return "a_test.go"
	}
	return "a.go"
}

// fixAll applies the first fix of each finding until none is left.
func fixAll(rule *refactor.Rule, src string) (fixed string, problems []string) {
	name := fileName(src)
	sources, problems := fixEverything(rule, map[string][]byte{name: []byte(src)})
	return string(sources[name]), problems
}

// fixEverything is fixAll for several files.
func fixEverything(rule *refactor.Rule, sources map[string][]byte) (fixed map[string][]byte, problems []string) {
	p := newProgram(sources)
	problems = p.problems
	for round := 0; ; round++ {
		found, more := p.find(rule)
		if round == 0 {
			if problems = append(problems, more...); len(found) == 0 {
				problems = append(problems, "nothing is found in Before")
			}
		}
		var next *program
		for i, f := range found {
			if len(f.Fixes) == 0 {
				continue
			}
			o, more := p.resolve(i+1, f, f.Fixes[0])
			problems = append(problems, more...)
			if o.program != nil {
				next = o.program
				break
			}
		}
		if next == nil {
			return p.sources, problems
		}
		if p = next; round == 100 {
			return p.sources, append(problems, "the fixes of Before come to no end")
		}
	}
}

// checkAfter checks what holds for After whether the fixes lead to it or not.
func checkAfter(rule *refactor.Rule, before, after string) (problems []string) {
	p := newProgram(map[string][]byte{fileName(after): []byte(after)})
	problems = p.problems
	for name, src := range map[string]string{"Before": before, "After": after} {
		if !formatted([]byte(src)) {
			problems = append(problems, name+" is not formatted")
		}
	}
	found, _ := p.find(rule)
	if fixable(found) > 0 {
		problems = append(problems, "there is something to fix in After:"+list(found))
	}
	return problems
}
