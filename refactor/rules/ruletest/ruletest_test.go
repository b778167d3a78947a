package ruletest

import (
	_ "embed"
	"errors"
	"fmt"
	"go/ast"
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"handshake/refactor"
	"handshake/refactor/edit"
)

//go:embed testdata/toy/README.md
var readme string

// toy finds every statement time.Sleep(…) and offers to delete it, unless its
// argument is called keep.
var toy = &refactor.Rule{Name: "toy", Doc: readme, Run: func(pkg *refactor.Package) (found []refactor.Finding) {
	for _, f := range pkg.Files {
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			s, ok := n.(*ast.ExprStmt)
			if !ok || !strings.HasPrefix(f.Text(s.Pos(), s.End()), "time.Sleep(") {
				return true
			}
			found = append(found, refactor.Finding{
				Span:    f.Span(s.Pos(), s.End()),
				Message: "main sleeps",
				Fixes: []refactor.Fix{{
					Title: "Remove time.Sleep", Safety: refactor.Review, Reason: "faster", Make: func() ([]refactor.Edit, error) {
						if strings.Contains(f.Text(s.Pos(), s.End()), "keep") {
							return nil, errors.New("it is kept")
						}
						b := edit.New(pkg)
						b.DeleteStmt(s)
						return b.Edits()
					},
				}},
			})
			return true
		})
	}
	return found
}}

func TestRun(t *testing.T) {
	t.Chdir("testdata/toy")
	Run(t, toy)
}

func TestExtract(t *testing.T) {
	src, wants, err := extract("a.go", "a // why // want \"x\" `y`\r\n\t// want-1 \"z\\\"\"\nb \n")
	if err != nil {
		t.Fatal(err)
	}
	if want := "a // why\r\n\nb \n"; src != want {
		t.Errorf("the source is %q, not %q", src, want)
	}
	got := ""
	for _, w := range wants {
		got += fmt.Sprintf("%s:%d:%s ", w.file, w.line, w.re)
	}
	if want := `a.go:1:x a.go:1:y a.go:1:z" `; got != want {
		t.Errorf("the expectations are %s, not %s", got, want)
	}
}

// with returns a copy of the toy rule that differs by what change does to its
// findings.
func with(change func(*refactor.Finding)) *refactor.Rule {
	r := *toy
	r.Run = func(pkg *refactor.Package) []refactor.Finding {
		found := toy.Run(pkg)
		for i := range found {
			change(&found[i])
		}
		return found
	}
	return &r
}

// making returns the toy rule with fixes that make something else.
func making(edit func(f *refactor.Finding) []refactor.Edit) *refactor.Rule {
	return with(func(f *refactor.Finding) {
		span := *f
		f.Fixes[0].Make = func() ([]refactor.Edit, error) { return edit(&span), nil }
	})
}

func TestCasesFail(t *testing.T) {
	data, err := os.ReadFile("testdata/toy/testdata/toy.txtar")
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	times := 0
	replace := func(f *refactor.Finding, text string) []refactor.Edit {
		return []refactor.Edit{{Span: f.Span, New: text}}
	}
	for _, r := range []struct {
		name, text string
		rule       *refactor.Rule
		want       string
	}{
		{"finding expected elsewhere", strings.Replace(good, `want "sleeps"`, `want+1 "sleeps"`, 1), toy, `a.go:9: no finding matches "sleeps"`},
		{"finding not expected", strings.Replace(good, ` // want "sleeps"`, ``, 1), toy, "a.go:8: unexpected finding: main sleeps"},
		{"another message", strings.Replace(good, `want "sleeps"`, `want "slept"`, 1), toy, "no finding matches"},
		{"bad expectation", strings.Replace(good, `want "sleeps"`, `want "sleeps`, 1), toy, `an expectation is written`},
		{"golden differs", strings.Replace(good, "fix 1: Remove time.Sleep (faster)/a.go --\npackage main\n", "fix 1: Remove time.Sleep (faster)/a.go --\npackage main\n\n// No.\n", 1), toy, "-// No."},
		{"golden without a fix", good + "-- fix: Add time.Sleep/a.go --\n", toy, "has no fix"},
		{"golden of no file", good + "-- fix: Remove time.Sleep/c.go --\n", toy, "does not end in the name of a file"},
		{"no golden", good[:strings.Index(good, "-- fix 1: ")], toy, "no golden for fix 1: Remove time.Sleep (faster)/a.go"},
		{"withheld differs", strings.Replace(good, "it is kept", "it is thrown away", 1), toy, "-b/b.go:7: Remove time.Sleep: it is thrown away"},
		{"does not type-check", strings.Replace(good, `println("one")`, `println(one)`, 1), toy, "a.go:6:10: undefined: one"},
		{"result does not type-check", good, making(func(f *refactor.Finding) []refactor.Edit { return replace(f, "undefined()") }), "does not compile: undefined: undefined"},
		{"result does not parse", good, making(func(f *refactor.Finding) []refactor.Edit { return replace(f, "(") }), "does not parse"},
		{"result not formatted", good, making(func(f *refactor.Finding) []refactor.Edit { return replace(f, "_  = time.Now") }), "a.go is not formatted any more"},
		{"comment lost", good, making(func(f *refactor.Finding) []refactor.Edit {
			f.Span.Start -= len("// The pause.\n\t")
			return replace(f, "_ = time.Now")
		}), `the comment "// The pause." would be lost`},
		{"not idempotent", good, making(func(f *refactor.Finding) []refactor.Edit { return replace(f, "time.Sleep(1)") }), "there is as much to fix afterwards"},
		{"made differently each time", good, making(func(f *refactor.Finding) []refactor.Edit {
			times++
			return replace(f, fmt.Sprint("println(", times, ")"))
		}), "made twice"},
		{"long message", good, with(func(f *refactor.Finding) { f.Message = strings.Repeat("sleeps", 20) }), "is not one line of at most 100 characters"},
		{"empty span", good, with(func(f *refactor.Finding) { f.Span.End = f.Span.Start }), "the span from 75 to 75 is empty"},
		{"equal titles", good, with(func(f *refactor.Finding) { f.Fixes = append(f.Fixes, f.Fixes[0]) }), "or that of another fix too"},
		{"no reason", good, with(func(f *refactor.Finding) { f.Fixes[0].Reason = "" }), `is review, but its reason is ""`},
		{"panic", good, with(func(f *refactor.Finding) { panic("ouch") }), "panicked"},
	} {
		t.Run(r.name, func(t *testing.T) {
			_, problems := checkCase(r.rule, "toy", []byte(r.text))
			if all := strings.Join(problems, "\n"); !strings.Contains(all, r.want) {
				t.Errorf("the problems do not contain %q:\n%s", r.want, all)
			}
		})
	}
	if _, problems := checkCase(toy, "silent_toy", data); len(problems) == 0 {
		t.Error("a finding in a silent case is no problem")
	}
	if _, problems := checkCase(with(func(f *refactor.Finding) {}), "toy", data); len(problems) > 0 {
		t.Errorf("the rows of the table do not stand for themselves: %s", problems)
	}
}

func TestUpdate(t *testing.T) {
	data, err := os.ReadFile("testdata/toy/testdata/toy.txtar")
	if err != nil {
		t.Fatal(err)
	}
	inputs, goldens := split(txtar.Parse(data))
	if len(goldens) == 0 {
		t.Fatal("the case has no goldens")
	}
	updated, problems := checkCase(toy, "toy", txtar.Format(&txtar.Archive{Comment: txtar.Parse(data).Comment, Files: inputs}))
	if string(updated) != string(data) {
		t.Errorf("updated from nothing:\n%s", diff(string(data), string(updated)))
	}
	if len(problems) == 0 {
		t.Error("missing goldens are no problem")
	}
}

func TestUpdateReadme(t *testing.T) {
	before, rest, _ := strings.Cut(readme, "## After\n\n```go\n")
	_, rest, _ = strings.Cut(rest, "```")
	for _, after := range []string{"", "package main\n\nfunc main() {}\n"} {
		updated, problems := checkReadme(toy, []byte(before+"## After\n\n```go\n"+after+"```"+rest))
		if string(updated) != readme {
			t.Errorf("updated from %q:\n%s", after, diff(readme, string(updated)))
		}
		if len(problems) == 0 {
			t.Error("another After is no problem")
		}
	}
}

func TestReadmeFails(t *testing.T) {
	for _, r := range []struct{ name, old, new, want string }{
		{"another rule", "# toy\n", "# tox\n", `the first line is "# tox"`},
		{"no full stop", "happened.", "happened", "is not one sentence"},
		{"two sentences", "happened.", "happened. Really.", "is not one sentence"},
		{"section missing", "## Why\n", "", "the sections are"},
		{"section empty", "The harness needs a rule to be tested with.", "", `the section "Why" is empty`},
		{"no block", "```go\npackage main\n\nfunc", "```\npackage main\n\nfunc", "not one ```go block each"},
		{"After differs", "\tprintln(\"two\")\n}\n```\n\n## Why", "}\n```\n\n## Why", "Before does not lead to After"},
		{"After not formatted", "func main() {\n\tprintln(\"one\")\n\tprintln", "func main() {\n  println(\"one\")\n\tprintln", "After is not formatted"},
		{"Before does not type-check", "println(\"one\")\n\ttime", "println(one)\n\ttime", "a.go:6:10: undefined: one"},
		{"After can be fixed", "package main\n\nfunc main() {\n", "package main\n\nimport \"time\"\n\nfunc main() {\n\ttime.Sleep(1)\n", "something to fix in After"},
	} {
		t.Run(r.name, func(t *testing.T) {
			text := strings.Replace(readme, r.old, r.new, 1)
			if text == readme {
				t.Fatal("nothing is replaced")
			}
			_, problems := checkReadme(toy, []byte(text))
			if all := strings.Join(problems, "\n"); !strings.Contains(all, r.want) {
				t.Errorf("the problems do not contain %q:\n%s", r.want, all)
			}
		})
	}
}
