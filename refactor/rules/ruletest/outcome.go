package ruletest

import (
	"bytes"
	"fmt"
	"go/format"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"

	"handshake/refactor"
)

// A finding is what a rule found in a program, with where that is.
type finding struct {
	refactor.Finding
	pkg  *refactor.Package
	file string // name in the archive
	line int
}

// find runs the rule on all packages of the program. The findings are in the
// order of packages and places.
func (p *program) find(rule *refactor.Rule) (found []finding, problems []string) {
	for _, pkg := range p.packages {
		all, errs := refactor.Analyze(pkg, []*refactor.Rule{rule})
		for _, err := range errs {
			problems = append(problems, err.Error())
		}
		for _, f := range all {
			file := pkg.FileNamed(f.Span.File)
			g := finding{f, pkg, shortName(f.Span.File), file.Tok.Line(file.Tok.Pos(f.Span.Start))}
			found = append(found, g)
			for _, p := range g.check(file) {
				problems = append(problems, fmt.Sprintf("%s:%d: %s", g.file, g.line, p))
			}
		}
	}
	return found, problems
}

// check reports what is wrong with the finding as such.
func (f *finding) check(file *refactor.File) (problems []string) {
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if n := utf8.RuneCountInString(f.Message); n == 0 || n > 100 || strings.Contains(f.Message, "\n") {
		bad("the message %q is not one line of at most 100 characters", f.Message)
	}
	if s := f.Span; s.Start < 0 || s.Start >= s.End || s.End > len(file.Src) {
		bad("the span from %d to %d is empty or lies outside of the file", s.Start, s.End)
	}
	for _, r := range f.Related {
		other := f.pkg.FileNamed(r.File)
		if other == nil || r.Start < 0 || r.Start >= r.End || r.End > len(other.Src) || r.Message == "" || strings.Contains(r.Message, "\n") {
			bad("the related place %v is empty, without a message or lies outside of the package", r)
		}
	}
	titles := make(map[string]bool)
	for _, fix := range f.Fixes {
		if fix.Title == "" || titles[fix.Title] {
			bad("the title %q is empty or that of another fix too", fix.Title)
		}
		titles[fix.Title] = true
		if (fix.Safety == refactor.Safe) != (fix.Reason == "") {
			bad("the fix %q is %s, but its reason is %q", fix.Title, fix.Safety, fix.Reason)
		}
	}
	for _, w := range f.Withheld {
		if w.Title == "" || w.Reason == "" {
			bad("a fix is withheld without a title or a reason: %v", w)
		}
	}
	return problems
}

// An outcome is what became of one fix.
type outcome struct {
	finding int // number in source order, from 1
	fix     refactor.Fix
	reason  string            // why it could not be made, in its own words
	files   map[string][]byte // what it changes, by name in the archive
	program *program          // afterwards
}

// resolve makes a fix of the n-th finding. Whatever makes it unfit to be
// offered is a problem; only that the fix itself says no is not.
func (p *program) resolve(n int, f finding, fix refactor.Fix) (o outcome, problems []string) {
	o = outcome{finding: n, fix: fix}
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Sprintf("%s:%d: fix %q: ", f.file, f.line, fix.Title)+short(fmt.Sprintf(format, args...)))
	}
	first, err := fix.Make()
	if err != nil {
		o.reason = short(err.Error())
		return o, nil
	}
	edits, err := f.pkg.Resolve(fix)
	if err != nil {
		bad("%v", err)
		return o, problems
	}
	if !slices.Equal(first, edits) {
		bad("made twice, the edits are %v, then %v", first, edits)
	}
	if o.program, err = p.with(edits); err != nil {
		bad("%v", err)
		return o, problems
	}
	if len(o.program.problems) > len(p.problems) {
		bad("the result does not compile: %s", strings.Join(o.program.problems, "\n"))
	}
	o.files = make(map[string][]byte)
	for _, name := range slices.Sorted(maps.Keys(p.sources)) {
		before, after := p.sources[name], o.program.sources[name]
		if bytes.Equal(before, after) {
			continue
		}
		o.files[name] = after
		if filepath.Ext(name) == ".go" && formatted(before) && !formatted(after) {
			bad("%s is not formatted any more:\n%s", name, after)
		}
	}
	return o, problems
}

// fixable returns how many findings have a fix that can be made.
func fixable(found []finding) (n int) {
	for _, f := range found {
		for _, fix := range f.Fixes {
			if _, err := fix.Make(); err == nil {
				n++
				break
			}
		}
	}
	return n
}

func formatted(src []byte) bool {
	out, err := format.Source(src)
	return err == nil && bytes.Equal(out, src)
}

func diff(want, got string) string { return udiff.Unified("want", "got", want, got) }
