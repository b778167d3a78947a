package apply_test

import (
	"errors"
	"go/ast"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"handshake/refactor"
	"handshake/refactor/apply"
	"handshake/refactor/load"
)

// rename is a rule that finds calls of one function and calls another instead.
func rename(from, to string, safety refactor.Safety) *refactor.Rule {
	return calls(from, func(pkg *refactor.Package, call *ast.CallExpr) []refactor.Edit {
		return []refactor.Edit{{Span: pkg.Span(call.Fun.Pos(), call.Fun.End()), New: to}}
	}, safety)
}

// calls is a rule that finds calls of a function and edits them.
func calls(name string, edit func(*refactor.Package, *ast.CallExpr) []refactor.Edit, safety refactor.Safety) *refactor.Rule {
	r := &refactor.Rule{Name: strings.ReplaceAll(name, ".", "")}
	r.Run = func(pkg *refactor.Package) (found []refactor.Finding) {
		for _, f := range pkg.Files {
			for n := range ast.Preorder(f.Syntax) {
				call, ok := n.(*ast.CallExpr)
				if !ok || f.Text(call.Fun.Pos(), call.Fun.End()) != name {
					continue
				}
				fix := refactor.Fix{Title: "Fix " + name, Safety: safety, Make: func() ([]refactor.Edit, error) {
					if edit == nil {
						return nil, errors.New("no way")
					}
					return edit(pkg, call), nil
				}}
				if safety == refactor.Review {
					fix.Reason = "look"
				}
				found = append(found, refactor.Finding{
					Span: f.Span(call.Pos(), call.End()), Message: name + " is called", Fixes: []refactor.Fix{fix},
				})
			}
		}
		return found
	}
	return r
}

const module = "-- go.mod --\nmodule m\n\ngo 1.26\n"

func graph(t *testing.T, archive string) (string, *load.Graph) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse([]byte(module + archive)).Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	g, err := load.Load(t.Context(), load.Config{Dir: dir, Tests: true, Env: append(os.Environ(), "GOWORK=off", "GOPROXY=off")}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	return dir, g
}

// fix makes the fixes of the archive's one package, which passes the gate.
func fix(t *testing.T, archive string, opts apply.Options) *apply.Result {
	t.Helper()
	_, g := graph(t, archive)
	res, err := apply.Graph(t.Context(), g, opts)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func after(t *testing.T, res *apply.Result, base string) string {
	t.Helper()
	for _, f := range res.Files {
		if filepath.Base(f.Name) == base {
			return string(f.After)
		}
	}
	t.Fatalf("%s did not change", base)
	return ""
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

const abc = `-- decl.go --
package p

func a() {}
func b() {}
func c() {}
`

func TestFixesOfOneFunctionTakeTurns(t *testing.T) {
	res := fix(t, abc+`-- x.go --
package p

var ch chan int

func f() { // comment
	a()
	a()
	b()
}

func g() { b() }
`, apply.Options{Rules: []*refactor.Rule{rename("a", "c", refactor.Safe), rename("b", "c", refactor.Safe)}})
	equal(t, "x.go", after(t, res, "x.go"), `package p

var ch chan int

func f() { // comment
	c()
	c()
	c()
}

func g() { c() }
`)
	var lines []int
	for _, m := range res.Made {
		lines = append(lines, m.Line)
	}
	equal(t, "lines", lines, []int{6, 7, 8, 11})
	equal(t, "left", len(res.Left), 0)
}

// Each fix alone may keep the import; only the last one has to remove it.
func TestLastUseOfAnImportGoesInItsTurn(t *testing.T) {
	sleep := calls("time.Sleep", func(pkg *refactor.Package, call *ast.CallExpr) []refactor.Edit {
		f := pkg.FileOf(call.Pos())
		edits := []refactor.Edit{{Span: f.Span(call.Pos(), call.End()), New: "a()"}}
		if strings.Count(string(f.Src), "time.Sleep") == 1 {
			spec := f.Syntax.Decls[0]
			edits = append(edits, refactor.Edit{Span: f.Span(spec.Pos(), spec.End())})
		}
		return edits
	}, refactor.Safe)
	res := fix(t, abc+`-- x.go --
package p

import "time"

func f() { time.Sleep(1) }

func g() { time.Sleep(2) }

func h() { time.Sleep(3) }
`, apply.Options{Rules: []*refactor.Rule{sleep}})
	equal(t, "x.go", after(t, res, "x.go"), "package p\n\n\n\nfunc f() { a() }\n\nfunc g() { a() }\n\nfunc h() { a() }\n")
	equal(t, "fixes", len(res.Made), 3)
}

func TestWhatIsLeftSaysWhy(t *testing.T) {
	res := fix(t, abc+`-- x.go --
package p

var ch chan int

func f() {
	a()
	b()
	c()
}
`, apply.Options{Rules: []*refactor.Rule{
		rename("a", "c2", refactor.Safe), rename("b", "a", refactor.Review), calls("c", nil, refactor.Safe),
	}})
	equal(t, "files", len(res.Files), 0)
	type left struct {
		Line     int
		Review   []string
		Withheld []refactor.Withheld
	}
	var got []left
	for _, l := range res.Left {
		got = append(got, left{l.Line, l.Review, l.Withheld})
	}
	equal(t, "left", got, []left{
		{6, nil, []refactor.Withheld{{Title: "Fix a", Reason: "the result does not compile: undefined: c2"}}},
		{7, []string{"Fix b (look)"}, nil},
		{8, nil, []refactor.Withheld{{Title: "Fix c", Reason: "no way"}}},
	})
}

func TestUnsafeMakesReviewFixes(t *testing.T) {
	res := fix(t, abc+"-- x.go --\npackage p\n\nfunc f() { b(); go a() }\n",
		apply.Options{Rules: []*refactor.Rule{rename("b", "c", refactor.Review)}, Unsafe: true})
	equal(t, "x.go", after(t, res, "x.go"), "package p\n\nfunc f() { c(); go a() }\n")
	equal(t, "safety", res.Made[0].Safety, refactor.Review)
}

func TestFixesThatDoNotComeToAnEnd(t *testing.T) {
	grow := calls("a", func(pkg *refactor.Package, call *ast.CallExpr) []refactor.Edit {
		return []refactor.Edit{{Span: pkg.Span(call.Pos(), call.Pos()), New: "a(); "}}
	}, refactor.Safe)
	for name, rules := range map[string][]*refactor.Rule{
		"circle": {rename("a", "b", refactor.Safe), rename("b", "a", refactor.Safe)},
		"growth": {grow},
	} {
		res := fix(t, abc+"-- x.go --\npackage p\n\nvar ch chan int\n\nfunc f() { a() }\n", apply.Options{Rules: rules})
		if len(res.Files) != 0 || len(res.Errors) != 1 || !strings.Contains(res.Errors[0].Error(), "do not come to an end") {
			t.Errorf("%s: %d files, errors %v", name, len(res.Files), res.Errors)
		}
	}
}

func TestPanickingRuleCostsOnlyItself(t *testing.T) {
	bad := &refactor.Rule{Name: "bad", Run: func(*refactor.Package) []refactor.Finding { panic("oh") }}
	worse := calls("b", func(*refactor.Package, *ast.CallExpr) []refactor.Edit { panic("oh") }, refactor.Safe)
	res := fix(t, abc+"-- x.go --\npackage p\n\nfunc f() { a(); go b() }\n",
		apply.Options{Rules: []*refactor.Rule{bad, worse, rename("a", "c", refactor.Safe)}})
	equal(t, "x.go", after(t, res, "x.go"), "package p\n\nfunc f() { c(); go b() }\n")
	equal(t, "errors", len(res.Errors), 1)
	equal(t, "withheld", res.Left[0].Withheld[0].Reason, "internal error: oh")
}

// A fix that changes a declaration must not break the packages that use it,
// also where the package with the declaration itself still compiles.
func TestDependentsStillCompile(t *testing.T) {
	signature := calls("a", func(pkg *refactor.Package, call *ast.CallExpr) []refactor.Edit {
		f := pkg.Files[0]
		at := strings.Index(string(f.Src), "F()") + 2
		return []refactor.Edit{
			{Span: pkg.Span(call.Pos(), call.End()), New: "b()"},
			{Span: refactor.Span{File: f.Name, Start: at, End: at}, New: "n int"},
		}
	}, refactor.Safe)
	const p = `-- p/p.go --
package p

func F() { a(); go b() }
func a() {}
func b() {}
func g() { c(); go b() }
func c() {}
`
	rules := []*refactor.Rule{signature, rename("c", "b", refactor.Safe)}
	res := fix(t, p+"-- q/q.go --\npackage q\n\nimport \"m/p\"\n\nfunc init() { p.F() }\n", apply.Options{Rules: rules})
	got := after(t, res, "p.go")
	if strings.Contains(got, "n int") || !strings.Contains(got, "func g() { b(); go b() }") {
		t.Errorf("p.go:\n%s", got)
	}
	if len(res.Left) != 1 || !strings.Contains(res.Left[0].Withheld[0].Reason, "package m/q would no longer compile") {
		t.Errorf("left: %+v", res.Left)
	}
	res = fix(t, p, apply.Options{Rules: rules})
	if got := after(t, res, "p.go"); !strings.Contains(got, "n int") {
		t.Errorf("p.go without a dependent:\n%s", got)
	}
}

func TestSafeEditsAreThoseOfOneFile(t *testing.T) {
	_, g := graph(t, abc+"-- x.go --\npackage p\n\nfunc f() {\n\ta()\n\tgo b()\n}\n-- y.go --\npackage p\n\nfunc g() { a() }\n")
	pkg, err := g.Package(t.Context(), g.Roots()[0])
	if err != nil {
		t.Fatal(err)
	}
	rules := []*refactor.Rule{rename("a", "c", refactor.Safe), rename("b", "c", refactor.Review)}
	x := pkg.Files[1]
	edits, err := apply.Safe(pkg, rules, x.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		equal(t, "file", e.File, x.Name)
	}
	got, err := refactor.Apply(x.Src, edits)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "x.go", string(got), "package p\n\nfunc f() {\n\tc()\n\tgo b()\n}\n")
	all, err := apply.Safe(pkg, rules, "")
	if err != nil || len(all) != len(edits)+1 {
		t.Errorf("all: %v, %v", all, err)
	}
}

// Review fixes that a test can prove are made on demand, in tests alone and in no
// other file; a veto leaves any fix out and says why.
func TestFixesThatATestProves(t *testing.T) {
	proven := rename("a", "c", refactor.Review)
	proven.ByTest = true
	elsewhere := calls("b", func(pkg *refactor.Package, call *ast.CallExpr) []refactor.Edit {
		f := pkg.FileNamed(strings.ReplaceAll(pkg.FileOf(call.Pos()).Name, "x_test.go", "decl.go"))
		return []refactor.Edit{{Span: f.Span(f.Syntax.End(), f.Syntax.End()), New: "// changed\n"}}
	}, refactor.Review)
	elsewhere.ByTest = true
	opts := apply.Options{Rules: []*refactor.Rule{proven, elsewhere}, Tested: true}
	const archive = abc + `-- x_test.go --
package p

import "testing"

var ch chan int

func TestX(t *testing.T) { a() }

func TestY(t *testing.T) { a() }

func TestZ(t *testing.T) { b() }

func Testing(t *testing.T) { a() }

func TestMain(m *testing.M) { a() }

func helper() { a() }
`
	res := fix(t, archive, opts)
	var tests []string
	for _, m := range res.Made {
		tests = append(tests, m.Test)
	}
	equal(t, "tests", tests, []string{"TestX", "TestY"})
	review := 0
	for _, l := range res.Left {
		review += len(l.Review)
	}
	equal(t, "fixes to review", review, 4)

	opts.Veto = func(m apply.Made) error {
		if m.Test == "TestX" {
			return errors.New("it fails")
		}
		return nil
	}
	res = fix(t, archive, opts)
	equal(t, "fixes", len(res.Made), 1)
	equal(t, "withheld", res.Left[0].Withheld, []refactor.Withheld{{Title: "Fix a", Reason: "it fails"}})
}
