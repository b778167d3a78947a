package rules_test

import (
	"fmt"
	"go/ast"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"handshake/refactor"
	"handshake/refactor/rules"
)

// What is found while somebody types must be what is found afterwards.
func TestTyping(t *testing.T) {
	tally := make(map[string]int)
	for i := range uint64(120) {
		p := generate(seed(i))
		pkg := checked(t, map[string][]byte{p.name: p.src, "/p/other.go": []byte("package " + packageName(p.src) + "\n")})
		findings, _ := refactor.Analyze(pkg, rules.All())
		for _, f := range findings {
			for _, fix := range f.Fixes {
				if edits, err := fix.Make(); err == nil {
					tally[sameWhileTyping(t, pkg, edits)]++
				}
			}
		}
		r := rand.New(rand.NewPCG(i, 7))
		for range 6 {
			tally[sameWhileTyping(t, pkg, typed(r, pkg.FileNamed(p.name)))]++
		}
	}
	t.Log(tally)
	if tally["same"] < 100 {
		t.Errorf("%v: too few edits to say anything", tally)
	}
}

func packageName(src []byte) string {
	_, rest, _ := strings.Cut("\n"+string(src), "\npackage ")
	name, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(name)
}

// typed returns an edit as people make them: a line that goes, comes twice, or
// comes from elsewhere.
func typed(r *rand.Rand, f *refactor.File) []refactor.Edit {
	var stmts []ast.Stmt
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		if b, ok := n.(*ast.BlockStmt); ok {
			stmts = append(stmts, b.List...)
		}
		return true
	})
	if len(stmts) == 0 {
		return nil
	}
	s, other := stmts[r.IntN(len(stmts))], stmts[r.IntN(len(stmts))]
	if r.IntN(2) == 0 {
		return []refactor.Edit{{Span: f.Span(s.Pos(), s.End())}}
	}
	return []refactor.Edit{{Span: f.Span(s.Pos(), s.Pos()), New: f.Text(other.Pos(), other.End()) + "\n"}}
}

// sameWhileTyping holds what is found in the bodies that differ, and in the rest,
// against what is found in the whole package.
func sameWhileTyping(t *testing.T, pkg *refactor.Package, edits []refactor.Edit) string {
	t.Helper()
	before, after := make(map[string][]byte), make(map[string][]byte)
	for _, f := range pkg.Files {
		var own []refactor.Edit
		for _, e := range edits {
			if e.File == f.Name {
				own = append(own, e)
			}
		}
		src, err := refactor.Apply(f.Src, own)
		if err != nil {
			t.Fatal(err)
		}
		before[f.Name], after[f.Name] = f.Src, src
	}
	quick := pkg.WithBodies(after)
	if quick == nil {
		return "nothing said"
	}
	full := checked(t, after)
	if len(full.Errors) > len(pkg.Errors) && !strings.Contains(fmt.Sprint(full.Errors), "imported and not used") {
		t.Errorf("%v is said to compile: %v", edits, full.Errors)
		return "wrong"
	}
	if got, want := tell(quick), tell(full); !slices.Equal(got, want) {
		t.Errorf("while typing:\n%s\nafterwards:\n%s\nin\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), slices.Collect(maps.Values(after)))
		return "wrong"
	}
	return "same"
}

// tell returns what the rules find, in order.
func tell(pkg *refactor.Package) []string {
	reporting := slices.DeleteFunc(rules.All(), func(r *refactor.Rule) bool { return r.OnDemand })
	findings, errs := refactor.Analyze(pkg, reporting)
	var out []string
	for _, err := range errs {
		out = append(out, err.Error())
	}
	for _, f := range findings {
		at := pkg.Place(f.Span)
		text := fmt.Sprintf("%s %d-%d %s: %s", at.File, at.Start, at.End, f.Rule.Name, f.Message)
		for _, r := range f.Related {
			at := pkg.Place(r.Span)
			text += fmt.Sprintf("; %s %d-%d %s", at.File, at.Start, at.End, r.Message)
		}
		for _, fix := range f.Fixes {
			text += "; " + fix.Label()
		}
		for _, w := range f.Withheld {
			text += "; not " + w.Title + ": " + w.Reason
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return out
}
