package rules_test

import (
	"bytes"
	"context"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"handshake/refactor"
	"handshake/refactor/apply"
	"handshake/refactor/load"
	"handshake/refactor/rules"
)

// standard imports the standard packages that the programs use and fixes add.
var standard = sync.OnceValues(func() (*load.Graph, error) {
	return load.Load(context.Background(), load.Config{Dir: "."},
		"cmp", "context", "errors", "fmt", "io", "log", "math/rand", "net", "net/http", "os", "reflect", "runtime",
		"sort", "strings", "sync", "sync/atomic", "testing", "testing/synctest", "time")
})

// checked parses and type-checks files as one package; nil if one of them does
// not parse so far that there is syntax.
func checked(t testing.TB, sources map[string][]byte) *refactor.Package {
	t.Helper()
	std, err := standard()
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*refactor.File
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		syntax, err := parser.ParseFile(fset, name, sources[name], parser.ParseComments|parser.SkipObjectResolution)
		if syntax == nil || !syntax.FileStart.IsValid() {
			return nil
		}
		f := &refactor.File{Name: name, Src: sources[name], Syntax: syntax, Tok: fset.File(syntax.FileStart)}
		f.ReadOnly = refactor.ReadOnly(f)
		if err != nil {
			f.ReadOnly = "it does not parse: " + err.Error()
		}
		files = append(files, f)
	}
	config := types.Config{GoVersion: "go1.26", Importer: std, FakeImportC: true}
	return refactor.Check("p", "p", fset, files, config)
}

// A fixed is what one fix makes of a package.
type fixed struct {
	finding refactor.Finding
	fix     refactor.Fix
	edits   []refactor.Edit
	after   *refactor.Package
}

// invariants checks everything that must hold of whatever the rules find in a
// package, and returns what the fixes make of it.
func invariants(t testing.TB, pkg *refactor.Package) (findings []refactor.Finding, all []fixed) {
	t.Helper()
	findings, errs := refactor.Analyze(pkg, rules.All())
	for _, err := range errs {
		t.Errorf("%v\n%s", err, sourceOf(pkg))
	}
	for _, f := range findings {
		for _, problem := range wrong(pkg, f) {
			t.Errorf("%s: %q: %s\n%s", f.Rule.Name, f.Message, problem, sourceOf(pkg))
		}
		for _, fix := range f.Fixes {
			x, problem := try(pkg, f, fix)
			if problem != "" {
				t.Errorf("%s: %s: fix %q: %s\n%s", f.Rule.Name, place(pkg, f.Span), fix.Label(), problem, sourceOf(pkg))
			}
			if x != nil {
				all = append(all, *x)
			}
		}
	}
	return findings, all
}

// wrong returns what is wrong with a finding as such.
func wrong(pkg *refactor.Package, f refactor.Finding) (problems []string) {
	if n := utf8.RuneCountInString(f.Message); n == 0 || n > 100 || strings.ContainsAny(f.Message, "\r\n") {
		problems = append(problems, "the message is not one line of at most 100 characters")
	}
	if !within(pkg, f.Span) {
		problems = append(problems, fmt.Sprintf("the span %v is empty or lies outside of the package", f.Span))
	}
	for _, r := range f.Related {
		if !within(pkg, r.Span) || r.Message == "" {
			problems = append(problems, fmt.Sprintf("the related place %v is empty or lies outside of the package", r))
		}
	}
	for _, fix := range f.Fixes {
		if fix.Title == "" || strings.ContainsAny(fix.Label(), "\r\n") || (fix.Safety == refactor.Safe) != (fix.Reason == "") {
			problems = append(problems, fmt.Sprintf("the fix %q is %s for the reason %q", fix.Title, fix.Safety, fix.Reason))
		}
	}
	for _, w := range f.Withheld {
		if w.Title == "" || w.Reason == "" || strings.ContainsAny(w.Reason, "\r\n") {
			problems = append(problems, fmt.Sprintf("%q is withheld for the reason %q", w.Title, w.Reason))
		}
	}
	return problems
}

func within(pkg *refactor.Package, s refactor.Span) bool {
	f := pkg.FileNamed(s.File)
	return f != nil && 0 <= s.Start && s.Start < s.End && s.End <= len(f.Src)
}

// try makes a fix. It returns nil if the fix says why it cannot be made.
func try(pkg *refactor.Package, f refactor.Finding, fix refactor.Fix) (x *fixed, problem string) {
	defer func() {
		if v := recover(); v != nil {
			problem = fmt.Sprintf("panics: %v", v)
		}
	}()
	first, err := fix.Make()
	if err != nil {
		if err.Error() == "" {
			return nil, "no reason is given"
		}
		return nil, ""
	}
	after, err := pkg.With(first)
	if err != nil && strings.Contains(err.Error(), "jumps over variable declaration") {
		return nil, "" // a goto: too rare for words of its own
	}
	if err != nil {
		return nil, err.Error()
	}
	edits, err := pkg.Resolve(fix)
	if err != nil {
		return nil, "" // what can deadlock is withheld
	}
	if !slices.Equal(first, edits) {
		return nil, fmt.Sprintf("made twice, the edits are %v, then %v", first, edits)
	}
	x = &fixed{f, fix, edits, after}
	for i, old := range pkg.Files {
		now := after.Files[i]
		if formatted(old.Src) && !formatted(now.Src) {
			return x, "not formatted any more:\n" + string(now.Src)
		}
		if crlf(old.Src) && bytes.Count(now.Src, []byte("\n")) != bytes.Count(now.Src, []byte("\r\n")) {
			return x, fmt.Sprintf("mixed line endings: %q", now.Src)
		}
		if lost := lostComment(old.Src, now.Src); lost != "" {
			return x, fmt.Sprintf("the comment %q is lost in\n%s", lost, now.Src)
		}
	}
	again, errs := refactor.Analyze(after, []*refactor.Rule{f.Rule})
	for _, err := range errs {
		return x, fmt.Sprintf("%v\nin\n%s", err, sourceOf(after))
	}
	findings, _ := refactor.Analyze(pkg, []*refactor.Rule{f.Rule})
	if len(again) < len(findings) {
		return x, "" // of two alike, side by side, one is left: an edit does not tell which
	}
	for _, g := range again {
		was := back(edits, g.Span)
		if was.File != f.Span.File || was.Start < f.Span.Start || was.Start >= f.Span.End {
			continue
		}
		for _, more := range g.Fixes {
			if _, err := after.Resolve(more); err == nil {
				return x, fmt.Sprintf("there is %q to do at the same place afterwards:\n%s", more.Label(), sourceOf(after))
			}
		}
	}
	return x, ""
}

// fixpoint makes all fixes until none is left.
func fixpoint(t testing.TB, pkg *refactor.Package, unsafe bool) *apply.Result {
	t.Helper()
	res, err := apply.Package(pkg, apply.Options{Rules: rules.All(), Unsafe: unsafe})
	if err != nil {
		t.Errorf("%v\n%s", err, sourceOf(pkg))
		return nil
	}
	for _, err := range res.Errors {
		t.Errorf("%v\n%s", err, sourceOf(pkg))
	}
	for _, f := range res.Files {
		if formatted(f.Before) && !formatted(f.After) {
			t.Errorf("not formatted after all fixes:\n%s\nbefore:\n%s", f.After, f.Before)
		}
		if lost := lostComment(f.Before, f.After); lost != "" {
			t.Errorf("the comment %q is lost in\n%s\nbefore:\n%s", lost, f.After, f.Before)
		}
	}
	return res
}

// back returns where a span after the edits begins before them.
func back(edits []refactor.Edit, s refactor.Span) refactor.Span {
	var here []refactor.Edit
	for _, e := range edits {
		if e.File == s.File {
			here = append(here, e)
		}
	}
	slices.SortStableFunc(here, func(a, b refactor.Edit) int { return a.Start - b.Start })
	shift := 0
	for _, e := range here {
		start := e.Start + shift
		if s.Start < start {
			break
		}
		if s.Start < start+len(e.New) {
			return refactor.Span{File: s.File, Start: e.Start, End: e.Start}
		}
		shift += len(e.New) - (e.End - e.Start)
	}
	return refactor.Span{File: s.File, Start: s.Start - shift, End: s.End - shift}
}

func lostComment(before, after []byte) string {
	count := func(src []byte) map[string]int {
		n := make(map[string]int)
		f, _ := parser.ParseFile(token.NewFileSet(), "", src, parser.ParseComments|parser.SkipObjectResolution)
		if f != nil {
			for _, g := range f.Comments {
				for _, c := range g.List {
					n[refactor.CommentKey(c.Text)]++
				}
			}
		}
		return n
	}
	have := count(after)
	for text, n := range count(before) {
		if have[text] < n {
			return text
		}
	}
	return ""
}

func formatted(src []byte) bool {
	out, err := format.Source(src)
	return err == nil && bytes.Equal(out, src)
}

func crlf(src []byte) bool {
	n := bytes.Count(src, []byte("\n"))
	return n > 0 && n == bytes.Count(src, []byte("\r\n"))
}

func place(pkg *refactor.Package, s refactor.Span) string {
	f := pkg.FileNamed(s.File)
	return pkg.Fset.Position(f.Tok.Pos(s.Start)).String()
}

func sourceOf(pkg *refactor.Package) string {
	var b strings.Builder
	for _, f := range pkg.Files {
		fmt.Fprintf(&b, "-- %s --\n%s", f.Name, f.Src)
	}
	return b.String()
}
