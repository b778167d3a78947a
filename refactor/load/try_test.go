package load_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"handshake/refactor"
	"handshake/refactor/load"
)

// Try must fail where With does, for the same reason, and know as much of what
// it checked.
func TestTryAgreesWithWith(t *testing.T) {
	for _, path := range []string{"context", "os/signal", "container/heap", "text/tabwriter"} {
		dir := filepath.Join(runtime.GOROOT(), "src", filepath.FromSlash(path))
		g, err := load.Load(t.Context(), load.Config{Dir: dir, Tests: true}, ".")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range g.Roots() {
			pkg, err := g.Package(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(3, 4))
			tally := make(map[string]int)
			for range 25 {
				if e := mutation(r, pkg); e != nil {
					tally[agree(t, pkg, e)]++
				}
			}
			t.Log(m.ID, tally)
		}
	}
}

// agree compares what Try and With make of edits.
func agree(t *testing.T, pkg *refactor.Package, edits []refactor.Edit) string {
	t.Helper()
	tried, tryErr := pkg.Try(edits)
	full, err := pkg.With(edits)
	if fmt.Sprint(tryErr) != fmt.Sprint(err) {
		t.Errorf("%v: Try says %v, With %v", edits, tryErr, err)
	}
	switch {
	case err != nil || tryErr != nil:
		return "refused"
	case !tried.Partial:
		return "whole"
	}
	if a, b := facts(tried), facts(full); a != b {
		t.Errorf("%v: Try knows\n%s\nWith knows\n%s", edits, a, b)
	}
	return "partial"
}

// facts tells of each identifier what it is, without an order of declarations.
func facts(pkg *refactor.Package) string {
	lines := make(map[string]int)
	for _, f := range pkg.Files {
		for _, d := range f.Syntax.Decls {
			if _, ok := d.(*ast.FuncDecl); !ok {
				continue
			}
			ast.Inspect(d, func(n ast.Node) bool {
				id, ok := n.(*ast.Ident)
				if !ok {
					return true
				}
				obj := pkg.Info.ObjectOf(id)
				what := "nothing"
				if obj != nil {
					what = types.ObjectString(obj, nil)
				}
				lines[fmt.Sprintf("%s:%d %s: %s, %v", filepath.Base(f.Name), len(f.Text(d.Pos(), id.Pos())), id.Name, what, pkg.Info.TypeOf(id))]++
				return true
			})
		}
	}
	var b strings.Builder
	for _, l := range slices.Sorted(maps.Keys(lines)) {
		fmt.Fprintln(&b, lines[l], l)
	}
	return b.String()
}

// mutation edits the body of a function: most results compile, many do not.
func mutation(r *rand.Rand, pkg *refactor.Package) []refactor.Edit {
	f := pkg.Files[r.IntN(len(pkg.Files))]
	if len(f.Syntax.Decls) == 0 {
		return nil
	}
	fn, ok := f.Syntax.Decls[r.IntN(len(f.Syntax.Decls))].(*ast.FuncDecl)
	if !ok || fn.Body == nil || len(fn.Body.List) == 0 {
		return nil
	}
	var stmts []ast.Stmt
	var names []*ast.Ident
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			stmts = append(stmts, n.List...)
		case *ast.Ident:
			names = append(names, n)
		}
		return true
	})
	span := func(n ast.Node) refactor.Span { return f.Span(n.Pos(), n.End()) }
	text := func(n ast.Node) string { return f.Text(n.Pos(), n.End()) }
	at := func(pos token.Pos) refactor.Span { return f.Span(pos, pos) }
	if len(names) == 0 || len(stmts) == 0 {
		return nil
	}
	stmt := stmts[r.IntN(len(stmts))]
	switch r.IntN(5) {
	case 0:
		return []refactor.Edit{{Span: span(stmt)}}
	case 1:
		return []refactor.Edit{{Span: at(stmt.Pos()), New: text(stmts[r.IntN(len(stmts))]) + "\n"}}
	case 2:
		return []refactor.Edit{{Span: span(names[r.IntN(len(names))]), New: names[r.IntN(len(names))].Name}}
	case 3:
		return []refactor.Edit{{Span: at(stmt.Pos()), New: "{\nready := make(chan struct{})\nclose(ready)\n}\n"}}
	default:
		var list []string
		for _, g := range pkg.Files {
			for _, d := range g.Syntax.Decls {
				if d, ok := d.(*ast.FuncDecl); ok {
					list = append(list, d.Name.Name)
				}
			}
		}
		return []refactor.Edit{{Span: at(stmt.Pos()), New: "_ = " + list[r.IntN(len(list))] + "\n"}}
	}
}

func TestTryLooksAtWhatIsAroundABody(t *testing.T) {
	dir := write(t, module+`-- a.go --
package p

import (
	"os"
	"time"
)

type T struct{ n int }

var a = f()

var b = 1

func f() int { return g() }

func g() int { return 2 }

func h(n int) int { time.Sleep(1); return n }

func (t *T) m(int) (err error) { return t.m(t.n) }

func (*T) u(n int) { _ = os.Args }

func id[E any](e E) E { return e }
`)
	pkg := only(t, graph(t, dir, "."))
	f := pkg.Files[0]
	for _, c := range []struct{ old, new, want string }{
		{"time.Sleep(1); ", "", "refused"}, // the import is not used any more
		{"_ = os.Args", "_ = n", "refused"},
		{"_ = os.Args", "_ = time.Now", "refused"}, // os is still imported
		{"os.Args", "os.Environ()", "partial"},
		{"return g()", "return g() + a", "refused"}, // initialised in a circle
		{"return g()", "return g() + b", "whole"},
		{"return g()", "return g() - g()", "partial"},
		{"return n }", "n := 1; return n }", "refused"},
		{"return n }", "return n + 1 }", "partial"},
		{"return t.m(t.n)", "return", "partial"},
		{"return t.m(t.n)", "x := T{1}; return t.m(x.n)", "whole"},
		{"return t.m(t.n)", "err = t.m(1); x := 1; return", "refused"},
		{"return e }", "return (e) }", "whole"},
		{"u(n int)", "u(int)", "whole"},
		{"var b = 1", "var b = 2", "whole"},
		{"return 2", "return len(unknown)", "refused"},
	} {
		at := strings.Index(string(f.Src), c.old)
		edits := []refactor.Edit{{Span: refactor.Span{File: f.Name, Start: at, End: at + len(c.old)}, New: c.new}}
		if got := agree(t, pkg, edits); got != c.want {
			t.Errorf("%s to %s: %s, want %s", c.old, c.new, got, c.want)
		}
	}
	imports := strings.Index(string(f.Src), "\t\"time\"\n")
	sleep := strings.Index(string(f.Src), "time.Sleep(1); ")
	for _, c := range []struct {
		imports, body, want string
	}{
		{"", "", "partial"},
		{"\t\"sync\"\n", "sync.OnceFunc(nil)(); ", "partial"},
		{"\t\"sync\"\n", "", "refused"},
		{"\tlen \"time\"\n", "len.Sleep(1); ", "whole"},
		{"\tg \"time\"\n", "g.Sleep(1); ", "refused"},
		{"\tos \"time\"\n", "", "refused"},
	} {
		got := agree(t, pkg, []refactor.Edit{
			{Span: refactor.Span{File: f.Name, Start: imports, End: imports + len("\t\"time\"\n")}, New: c.imports},
			{Span: refactor.Span{File: f.Name, Start: sleep, End: sleep + len("time.Sleep(1); ")}, New: c.body},
		})
		if got != c.want {
			t.Errorf("import %q for %q: %s, want %s", c.imports, c.body, got, c.want)
		}
	}
}
