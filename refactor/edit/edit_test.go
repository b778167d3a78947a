package edit

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handshake/refactor"
)

// std are the packages that tests can import, with what they use of them.
var std = map[string]string{
	"time":             "package time; type Duration int; const Second Duration = 1; func Sleep(Duration) {}; func Now() int",
	"sync":             "package sync; type WaitGroup struct{}; func (*WaitGroup) Wait() {}; type Mutex struct{}; func OnceFunc(func()) func()",
	"fmt":              "package fmt; func Println(...any) {}",
	"os":               "package os; func Exit(int) {}",
	"net/http":         "package http; func Get(string) {}",
	"example.com/a/b":  "package b; func B() {}",
	"example.com/dash": "package other; func O() {}",
}

type imp struct{}

func (imp) Import(path string) (*types.Package, error) {
	src, ok := std[path]
	if !ok {
		return nil, fmt.Errorf("no package %s", path)
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "x.go", src, 0)
	if err != nil {
		return nil, err
	}
	config := types.Config{Importer: imp{}, Error: func(error) {}}
	pkg, _ := config.Check(path, fset, []*ast.File{f}, nil)
	return pkg, nil
}

func load(t testing.TB, src string) *refactor.Package {
	t.Helper()
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, "/p.go", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	f := &refactor.File{Name: "/p.go", Src: []byte(src), Syntax: syntax, Tok: fset.File(syntax.FileStart)}
	return refactor.Check("p", "p", fset, []*refactor.File{f}, types.Config{Importer: imp{}})
}

// A spot is what a test edits: a builder and the syntax of its one file.
type spot struct {
	*Builder
	f *refactor.File
}

func at(pkg *refactor.Package) spot { return spot{New(pkg), pkg.Files[0]} }

// find returns the outermost node of type N whose text starts with the prefix.
func find[N ast.Node](s spot, prefix string) (found N) {
	ok := false
	ast.Inspect(s.f.Syntax, func(n ast.Node) bool {
		if m, is := n.(N); is && !ok && strings.HasPrefix(s.f.Text(n.Pos(), n.End()), prefix) {
			found, ok = m, true
		}
		return !ok
	})
	if !ok {
		panic("nothing starts with " + prefix)
	}
	return found
}

func stmt(s spot, prefix string) ast.Stmt {
	if len(prefix) > 0 && prefix[0] == '{' {
		return find[*ast.BlockStmt](s, prefix)
	}
	var found ast.Stmt
	ast.Inspect(s.f.Syntax, func(n ast.Node) bool {
		if m, is := n.(ast.Stmt); is && found == nil && strings.HasPrefix(s.f.Text(n.Pos(), n.End()), prefix) {
			found = m
		}
		return found == nil
	})
	if found == nil {
		panic("no statement starts with " + prefix)
	}
	return found
}

func fn(s spot, name string) *ast.FuncDecl {
	for _, d := range s.f.Syntax.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == name {
			return fn
		}
	}
	panic("no function " + name)
}

// A row is one edit of one source: the source is the package clause and,
// unless before starts with a declaration of its own, the body of func f.
type row struct {
	name          string
	before, after string
	do            func(s spot)
}

func whole(src string) string {
	src = strings.TrimPrefix(src, "\n")
	if strings.HasPrefix(src, "package ") || strings.HasPrefix(src, "//") || strings.HasPrefix(src, "\uFEFF") {
		return src
	}
	return "package p\n\nfunc a(...any) int { return 0 }\nfunc b(...any) int { return 0 }\nfunc c(...any) int { return 0 }\n\nfunc f() {\n" + src + "}\n"
}

func check(t *testing.T, rows []row) {
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			before, after := whole(r.before), whole(r.after)
			s := at(load(t, before))
			r.do(s)
			edits, err := s.Edits()
			if err != nil {
				t.Fatal(err)
			}
			got, err := refactor.Apply([]byte(before), edits)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(after, string(got)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if strings.HasPrefix(r.name, "unformatted") == formatted([]byte(unix(before))) {
				t.Errorf("the name of the test is wrong: formatted(before) = %t", formatted([]byte(before)))
			}
		})
	}
}

func TestInsert(t *testing.T) {
	check(t, []row{
		{"before", "\ta()\n\tb()\n", "\ta()\n\tc()\n\tb()\n", func(s spot) { s.InsertBefore(stmt(s, "b()"), "c()") }},
		{"before, below a comment of its own", "\ta() // a\n\t// b1\n\t// b2\n\tb()\n", "\ta() // a\n\tc()\n\t// b1\n\t// b2\n\tb()\n",
			func(s spot) { s.InsertBefore(stmt(s, "b()"), "c()") }},
		{"before, a comment apart stays above", "\ta()\n\n\t// apart\n\n\tb()\n", "\ta()\n\n\t// apart\n\n\tc()\n\tb()\n",
			func(s spot) { s.InsertBefore(stmt(s, "b()"), "c()") }},
		{"before, block comment on the line", "\ta()\n\t/* b */ b()\n", "\ta()\n\tc()\n\t/* b */ b()\n",
			func(s spot) { s.InsertBefore(stmt(s, "b()"), "c()") }},
		{"after", "\ta()\n\tb()\n", "\ta()\n\tc()\n\tb()\n", func(s spot) { s.InsertAfter(stmt(s, "a()"), "c()") }},
		{"after a trailing comment", "\ta() // a\n\tb()\n", "\ta() // a\n\tc()\n\tb()\n", func(s spot) { s.InsertAfter(stmt(s, "a()"), "c()") }},
		{"after the last", "\ta()\n", "\ta()\n\tc()\n\tb()\n", func(s spot) {
			s.InsertAfter(stmt(s, "a()"), "c()")
			s.InsertAfter(stmt(s, "a()"), "b()")
		}},
		{"after one and before the next", "\ta()\n\t// b\n\tb()\n", "\ta()\n\tc(1)\n\tc(2)\n\t// b\n\tb()\n", func(s spot) {
			s.InsertBefore(stmt(s, "b()"), "c(2)")
			s.InsertAfter(stmt(s, "a()"), "c(1)")
		}},
		{"several lines, raw string", "\tif true {\n\t\ta()\n\t}\n", "\tif true {\n\t\tgo func() {\n\t\t\tb(`x\ny`)\n\t\t}()\n\t\ta()\n\t}\n",
			func(s spot) { s.InsertBefore(stmt(s, "a()"), "go func() {\n\tb(`x\ny`)\n}()\n") }},
		{"in a case", "\tswitch {\n\tcase true:\n\t\ta()\n\tdefault:\n\t}\n", "\tswitch {\n\tcase true:\n\t\tb()\n\t\ta()\n\t\tc()\n\tdefault:\n\t}\n", func(s spot) {
			s.InsertBefore(stmt(s, "a()"), "b()")
			s.InsertAfter(stmt(s, "a()"), "c()")
		}},
		{"before the label", "\ta()\nL:\n\tfor {\n\t\tbreak L\n\t}\n", "\ta()\n\tb()\nL:\n\tfor {\n\t\tbreak L\n\t}\n",
			func(s spot) { s.InsertBefore(stmt(s, "for"), "b()") }},
		{"first", "\tfunc() {\n\t\t// a\n\t\ta()\n\t}()\n", "\tfunc() {\n\t\tb()\n\t\t// a\n\t\ta()\n\t}()\n",
			func(s spot) { s.InsertFirst(find[*ast.FuncLit](s, "func() {").Body, "b()") }},
		{"first, comment on the brace", "\tfunc() { // f\n\t\ta()\n\t}()\n", "\tfunc() { // f\n\t\tb()\n\t\ta()\n\t}()\n",
			func(s spot) { s.InsertFirst(find[*ast.FuncLit](s, "func() {").Body, "b()") }},
		{"first, comment of the block", "\tfunc() {\n\t\t// block\n\n\t\ta()\n\t}()\n", "\tfunc() {\n\t\t// block\n\n\t\tb()\n\t\ta()\n\t}()\n",
			func(s spot) { s.InsertFirst(find[*ast.FuncLit](s, "func() {").Body, "b()") }},
		{"first in a one-line body", "\tfunc() { a(); b() }()\n", "\tfunc() {\n\t\tc()\n\t\ta()\n\t\tb()\n\t}()\n",
			func(s spot) { s.InsertFirst(find[*ast.FuncLit](s, "func() {").Body, "c()") }},
		{"last in a one-line body", "\tfunc() { a() /* x */ }()\n", "\tfunc() {\n\t\ta() /* x */\n\t\tc()\n\t}()\n",
			func(s spot) { s.InsertLast(find[*ast.FuncLit](s, "func() {").Body, "c()") }},
		{"first and last in an empty body", "\tfunc() {}()\n", "\tfunc() {\n\t\tb()\n\t\tc()\n\t}()\n", func(s spot) {
			s.InsertFirst(find[*ast.FuncLit](s, "func() {").Body, "b()")
			s.InsertLast(find[*ast.FuncLit](s, "func() {").Body, "c()")
		}},
		{"around in a one-line body", "\tfunc() { a(); b() }()\n", "\tfunc() {\n\t\tc(1)\n\t\ta()\n\t\tc(2)\n\t\tc(3)\n\t\tb()\n\t\tc(4)\n\t}()\n", func(s spot) {
			s.InsertBefore(stmt(s, "b()"), "c(3)")
			s.InsertBefore(stmt(s, "a()"), "c(1)")
			s.InsertAfter(stmt(s, "a()"), "c(2)")
			s.InsertAfter(stmt(s, "b()"), "c(4)")
		}},
		{"last, below a comment", "\tif true {\n\t\ta()\n\t\t// end\n\t}\n", "\tif true {\n\t\ta()\n\t\t// end\n\t\tb()\n\t}\n",
			func(s spot) { s.InsertLast(find[*ast.IfStmt](s, "if").Body, "b()") }},
		{"unformatted, only the lines in question", "  a( 1 )\n  b( 2 )\n", "  a( 1 )\n  c()\n  b( 2 )\n",
			func(s spot) { s.InsertBefore(stmt(s, "b("), "c()") }},
		{"unformatted, one-line body", "\tfunc() { a( 1 );b( 2 ) }()\n", "\tfunc() {\n\t\ta( 1 )\n\t\tc()\n\t\tb( 2 )\n\t}()\n",
			func(s spot) { s.InsertBefore(stmt(s, "b("), "c()") }},
		{"unformatted, empty body without a space", "\ta( 1 )\n\tfunc(){}()\n", "\ta( 1 )\n\tfunc(){\n\t\tc()\n\t}()\n",
			func(s spot) { s.InsertFirst(find[*ast.FuncLit](s, "func(){").Body, "c()") }},
		{"declarations", "package p\n\n// F is.\nfunc F() {\n}\n", "package p\n\nvar x = 1\n\n// F is.\nfunc F() {\n}\n\nvar y = 2\n", func(s spot) {
			s.InsertBefore(fn(s, "F"), "var x = 1")
			s.InsertAfter(fn(s, "F"), "var y = 2")
		}},
		{"unformatted, no line ending at the end", "package p\nfunc F( ) {\n}", "package p\nfunc F( ) {\n}\n\nvar y = 2",
			func(s spot) { s.InsertAfter(fn(s, "F"), "var y = 2") }},
	})
}

func TestReplace(t *testing.T) {
	check(t, []row{
		{"statement", "\t// lead\n\ta() // trail\n", "\t// lead\n\tb() // trail\n", func(s spot) { s.ReplaceNode(stmt(s, "a()"), "b()") }},
		{"statement of several lines", "\t// lead\n\ta() // trail\n", "\t// lead\n\t// trail\n\tif true {\n\t\tb()\n\t}\n", func(s spot) { s.ReplaceNode(stmt(s, "a()"), "if true {\n\tb()\n}") }},
		{"a comment in the line", "\ta() /* x */ // y\n\tc() /* z */\n", "\tif true {\n\t\tb()\n\t} /* x */ // y\n\t/* z */\n\tif true {\n\t\tb()\n\t}\n", func(s spot) {
			s.ReplaceNode(stmt(s, "a()"), "if true {\n\tb()\n}")
			s.ReplaceNode(stmt(s, "c()"), "if true {\n\tb()\n}")
		}},
		{"a comment that goes on", "\ta() // trail\n\t// more\n\tc()\n", "\tif true {\n\t\tb()\n\t} // trail\n\t// more\n\tc()\n", func(s spot) { s.ReplaceNode(stmt(s, "a()"), "if true {\n\tb()\n}") }},
		{"expression", "\ta(b(1), 2)\n", "\ta(c(), 2)\n", func(s spot) { s.ReplaceNode(find[ast.Expr](s, "b(1)"), "c()") }},
		{"comments inside move above", "\t// lead\n\ta(\n\t\t1, // one\n\t\t/* two */ 2,\n\t) // trail\n", "\t// lead\n\t// one\n\t/* two */\n\tb() // trail\n",
			func(s spot) { s.ReplaceNode(stmt(s, "a("), "b()") }},
		{"comments that the code repeats stay", "\ta(\n\t\t1, // one\n\t\t2, // two\n\t)\n", "\t// one\n\tb(\n\t\t2, // two\n\t)\n",
			func(s spot) { s.ReplaceNode(stmt(s, "a("), "b(\n\t2, // two\n)") }},
		{"several lines", "\tif true {\n\t\ta()\n\t}\n", "\tif true {\n\t\tif false {\n\t\t\tb()\n\t\t}\n\t}\n",
			func(s spot) { s.ReplaceNode(stmt(s, "a()"), "if false {\n\tb()\n}") }},
		{"unformatted, one-line body", "\ta( 1 )\n\tfunc() { a() }()\n", "\ta( 1 )\n\tfunc() {\n\t\tif true {\n\t\t\tb()\n\t\t}\n\t}()\n",
			func(s spot) { s.ReplaceNode(stmt(s, "a()"), "if true {\n\tb()\n}") }},
		{"text of a nested statement", "\tif true {\n\t\tgo func() {\n\t\t\ta(`\n\t\t\tx`)\n\t\t}()\n\t}\n", "\tgo func() {\n\t\ta(`\n\t\t\tx`)\n\t}()\n",
			func(s spot) { s.ReplaceNode(stmt(s, "if"), s.Text(stmt(s, "go"))) }},
		{"around and instead", "\ta() // trail\n", "\tc(1)\n\tb() // trail\n\tc(2)\n", func(s spot) {
			s.ReplaceNode(stmt(s, "a()"), "b()")
			s.InsertAfter(stmt(s, "a()"), "c(2)")
			s.InsertBefore(stmt(s, "a()"), "c(1)")
		}},
		{"raw", "\ta(1)\n", "\tb(c(1))\n", func(s spot) {
			call := find[*ast.CallExpr](s, "a(1)")
			s.Replace(call.Fun.Pos(), call.Fun.End(), "b")
			s.Insert(call.Args[0].Pos(), "c(")
			s.Insert(call.Args[0].End(), ")")
		}},
	})
}

func TestDelete(t *testing.T) {
	del := func(prefixes ...string) func(s spot) {
		return func(s spot) {
			for _, p := range prefixes {
				s.DeleteStmt(stmt(s, p))
			}
		}
	}
	check(t, []row{
		{"line", "\ta()\n\tb()\n\tc()\n", "\ta()\n\tc()\n", del("b")},
		{"several lines", "\ta()\n\tb(\n\t\t1,\n\t)\n\tc()\n", "\ta()\n\tc()\n", del("b")},
		{"blank lines become one", "\ta()\n\n\tb()\n\n\tc()\n", "\ta()\n\n\tc()\n", del("b")},
		{"blank line above stays", "\ta()\n\n\tb()\n\tc()\n", "\ta()\n\n\tc()\n", del("b")},
		{"none at the start", "\tb()\n\n\tc()\n", "\tc()\n", del("b")},
		{"none at the end", "\tc()\n\n\tb()\n", "\tc()\n", del("b")},
		{"two and the blank lines around", "\ta()\n\n\tb()\n\n\tb(2)\n\n\tc()\n", "\ta()\n\n\tc()\n", del("b()", "b(2)")},
		{"all", "\tif true {\n\t\tb()\n\n\t\tb(2)\n\t}\n", "\tif true {\n\t}\n", del("b()", "b(2)")},
		{"end of a case", "\tswitch {\n\tcase true:\n\t\ta()\n\n\t\tb()\n\tdefault:\n\t}\n", "\tswitch {\n\tcase true:\n\t\ta()\n\tdefault:\n\t}\n", del("b")},
		{"start of a case", "\tswitch {\n\tcase true: // yes\n\t\tb()\n\n\t\ta()\n\t}\n", "\tswitch {\n\tcase true: // yes\n\t\ta()\n\t}\n", del("b")},
		{"leading comment stays", "\ta()\n\t// why\n\tb()\n\tc()\n", "\ta()\n\t// why\n\tc()\n", del("b")},
		{"trailing comment stays", "\ta()\n\tb() // why\n\tc()\n", "\ta()\n\t// why\n\tc()\n", del("b")},
		{"comments inside stay", "\ta()\n\tb(\n\t\t1, // one\n\t\t2) // two\n\tc()\n", "\ta()\n\t// one\n\t// two\n\tc()\n", del("b")},
		{"comment before it stays", "\ta()\n\t/* why */ b()\n\tc()\n", "\ta()\n\t/* why */\n\tc()\n", del("b")},
		{"in a one-line body", "\tfunc() { a(); b() }()\n\tfunc() { c() }()\n", "\tfunc() { b() }()\n\tfunc() {}()\n", del("a", "c")},
		{"last in a one-line body", "\tfunc() { a(); b() }()\n", "\tfunc() { a() }()\n", del("b")},
		{"and insertions", "\ta()\n\n\tb()\n\n\tc()\n", "\ta()\n\n\tc(1)\n\tc(2)\n\n\tc()\n", func(s spot) {
			s.DeleteStmt(stmt(s, "b"))
			s.InsertAfter(stmt(s, "b"), "c(2)")
			s.InsertBefore(stmt(s, "b"), "c(1)")
		}},
		{"unformatted, semicolons", "\ta( 1 ); b(); c();\n", "\ta( 1 ); c();\n", del("b")},
		{"unformatted, own blank lines stay", "\n\n\ta( 1 )\n\n\n\tb()\n\n\n\tc()\n\n\n", "\n\n\ta( 1 )\n\n\n\tc()\n\n\n", del("b")},
	})
}

func TestMove(t *testing.T) {
	move := func(from, to string) func(s spot) {
		return func(s spot) { s.Move(stmt(s, from), stmt(s, to)) }
	}
	heir := func(from, to string) func(s spot) {
		return func(s spot) {
			s.DeleteStmtFor(stmt(s, from), stmt(s, to), func(text string) bool { return strings.Contains(text, "why") })
		}
	}
	check(t, []row{
		{"with its comments", "\ta()\n\tif true {\n\t\t// why\n\t\tb() // b\n\t\tc()\n\t}\n", "\t// why\n\tb() // b\n\ta()\n\tif true {\n\t\tc()\n\t}\n", move("b", "a")},
		{"several lines", "\ta()\n\tif true {\n\t\tif false {\n\t\t\tb(`\n\tx`)\n\t\t}\n\t}\n", "\tif false {\n\t\tb(`\n\tx`)\n\t}\n\ta()\n\tif true {\n\t}\n", move("if false", "a")},
		{"comment behind goes behind", "\ta()\n\tc()\n\tb() // why\n", "\ta() // why\n\tc()\n", heir("b", "a")},
		{"comment behind goes above", "\ta() // a\n\tb() // why\n\tc()\n", "\t// why\n\ta() // a\n\tc()\n", heir("b", "a")},
		{"comment behind goes above what follows", "\ta()\n\tb() // why\n\n\tc()\n", "\ta()\n\n\t// why\n\tc()\n", heir("b", "c")},
		{"comment above goes above", "\ta()\n\n\t// why\n\t// and how\n\tb()\n\tc()\n", "\t// why\n\t// and how\n\ta()\n\n\tc()\n", heir("b", "a")},
		{"comment above is of what follows", "\ta()\n\n\t// c\n\tb()\n\tc()\n", "\ta()\n\n\t// c\n\tc()\n", heir("b", "a")},
		{"comment above goes down", "\ta()\n\t// why\n\tb()\n\n\tc()\n", "\ta()\n\n\t// why\n\tc()\n", heir("b", "c")},
		{"comment above stays", "\ta()\n\t// why\n\tb()\n\tc()\n", "\ta()\n\t// why\n\tc()\n", heir("b", "c")},
		{"shared line", "\tfunc() { a(); b() /* why */ }()\n", "\tfunc() { a() /* why */ }()\n", heir("b", "a")},
	})
}
