package edit

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"

	"handshake/refactor"
)

func TestLists(t *testing.T) {
	param := func(decls ...string) func(spot) {
		return func(s spot) {
			for _, d := range decls {
				s.AddParam(fn(s, "F").Type, d)
			}
		}
	}
	arg := func(prefix string, exprs ...string) func(spot) {
		return func(s spot) {
			for _, e := range exprs {
				s.AddArg(find[*ast.CallExpr](s, prefix), e)
			}
		}
	}
	field := func(after string, decls ...string) func(spot) {
		return func(s spot) {
			for _, d := range decls {
				s.AddField(find[*ast.StructType](s, "struct"), after, d)
			}
		}
	}
	check(t, []row{
		{"no parameters", "package p\n\nfunc F() {}\n", "package p\n\nfunc F(x int, y int) {}\n", param("x int", "y int")},
		{"parameters", "package p\n\nfunc F(a, b int) {}\n", "package p\n\nfunc F(a, b int, x int, y int) {}\n", param("x int", "y int")},
		{"variadic parameter", "package p\n\nfunc F(a int, b ...int) {}\n", "package p\n\nfunc F(a int, x int, y int, b ...int) {}\n", param("x int", "y int")},
		{"parameters on lines", "package p\n\nfunc F(\n\ta int, // a\n\tb int, // b\n) {\n}\n",
			"package p\n\nfunc F(\n\ta int, // a\n\tb int, // b\n\tx int,\n) {\n}\n", param("x int")},
		{"variadic parameter on a line", "package p\n\nfunc F(\n\ta int, // a\n\t// b\n\tb ...int,\n) {\n}\n",
			"package p\n\nfunc F(\n\ta int, // a\n\t// b\n\tx int,\n\tb ...int,\n) {\n}\n", param("x int")},
		{"parameter list broken in the middle", "package p\n\nfunc F(a int,\n\tb int /* b */) {\n}\n",
			"package p\n\nfunc F(a int,\n\tb int /* b */, x int) {\n}\n", param("x int")},
		{"unformatted, trailing comma", "package p\n\nfunc F(a int, ) {}\n", "package p\n\nfunc F(a int, x int, y int ) {}\n", param("x int", "y int")},
		{"no arguments", "\ta()\n", "\ta(x, y)\n", arg("a()", "x", "y")},
		{"arguments", "package p\n\nfunc g(x, y int) {}\n\nfunc f() { g(1, 2) }\n", "package p\n\nfunc g(x, y int) {}\n\nfunc f() { g(1, 2, 3) }\n", arg("g(", "3")},
		{"argument before variadic ones", "package p\n\nfunc g(x int, y ...int) {}\n\nfunc f() { g(1, 2, 3) }\n", "package p\n\nfunc g(x int, y ...int) {}\n\nfunc f() { g(1, 0, 2, 3) }\n", arg("g(", "0")},
		{"argument before a spread one", "package p\n\nfunc g(x int, y ...int) {}\n\nfunc f(y []int) { g(1, y...) }\n", "package p\n\nfunc g(x int, y ...int) {}\n\nfunc f(y []int) { g(1, 0, y...) }\n", arg("g(", "0")},
		{"argument where a variadic one is missing", "package p\n\nfunc g(x int, y ...int) {}\n\nfunc f() { g(1) }\n", "package p\n\nfunc g(x int, y ...int) {}\n\nfunc f() { g(1, 0) }\n", arg("g(", "0")},
		{"arguments on lines", "package p\n\nfunc g(x int, y func()) {}\nfunc f() {\n\tg(\n\t\t1,\n\t\tnil,\n\t)\n}\n",
			"package p\n\nfunc g(x int, y func()) {}\nfunc f() {\n\tg(\n\t\t1,\n\t\tnil,\n\t\t3,\n\t)\n}\n", arg("g(", "3")},
		{"argument behind a literal", "package p\n\nfunc g(y func()) {}\nfunc f() {\n\tg(func() {\n\t})\n}\n",
			"package p\n\nfunc g(y func()) {}\nfunc f() {\n\tg(func() {\n\t}, 3)\n}\n", arg("g(", "3")},
		{"field last", "package p\n\ntype T struct {\n\ta     int // a\n\tbb, c int\n\t// end\n}\n", "package p\n\ntype T struct {\n\ta     int // a\n\tbb, c int\n\t// end\n\tx int\n}\n", field("", "x int")},
		{"field after", "package p\n\ntype T struct {\n\ta int // a\n\n\t// b is.\n\tb int\n}\n", "package p\n\ntype T struct {\n\ta int // a\n\t// x is.\n\tx int\n\ty int\n\n\t// b is.\n\tb int\n}\n", field("a", "// x is.\nx int", "y int")},
		{"field of an empty struct", "package p\n\ntype T struct{}\n", "package p\n\ntype T struct {\n\tx int\n}\n", field("", "x int")},
		{"field in a one-line struct", "package p\n\nvar t struct{ a, b int }\n", "package p\n\nvar t struct {\n\ta, b int\n\tx    int\n}\n", field("b", "x int")},
		{"field after an embedded one", "package p\n\ntype U struct{ T }\n\ntype T struct{}\n", "package p\n\ntype U struct {\n\tT\n\tx int\n}\n\ntype T struct{}\n", field("T", "x int")},
		{"unformatted, field in a one-line struct", "package p\n\nvar t struct{a,b int;c int}\n", "package p\n\nvar t struct{\n\ta,b int\n\tx int\n\tc int\n}\n", field("a", "x int")},
	})
}

func TestErrors(t *testing.T) {
	for _, r := range []struct {
		name, src, want string
		do              func(s spot)
	}{
		{"unnamed parameters", "package p\n\nfunc F(int, string) {}\n", "no names", func(s spot) { s.AddParam(fn(s, "F").Type, "x int") }},
		{"results of one call", "package p\n\nfunc F(x, y int) {}\nfunc g() (x, y int) { return }\nfunc f() { F(g()) }\n", "results of one call",
			func(s spot) { s.AddArg(find[*ast.CallExpr](s, "F("), "x") }},
		{"conversion", "\t_ = int(1)\n", "not a call of a function", func(s spot) { s.AddArg(find[*ast.CallExpr](s, "int("), "x") }},
		{"call of the unknown", "\tunknown()\n", "not a call of a function", func(s spot) { s.AddArg(find[*ast.CallExpr](s, "unknown("), "x") }},
		{"overlap", "\ta()\n", "overlap", func(s spot) {
			s.DeleteStmt(stmt(s, "a"))
			s.ReplaceNode(stmt(s, "a"), "b()")
		}},
		{"not an element", "\tif x := a(); x == 1 {\n\t\tb()\n\t}\n", "not in a list", func(s spot) { s.InsertBefore(stmt(s, "x := "), "b()") }},
		{"communication of a clause", "\tselect {\n\tcase <-make(chan int):\n\t}\n", "not in a list", func(s spot) { s.DeleteStmt(stmt(s, "<-")) }},
		{"no such field", "package p\n\ntype T struct{}\n", "no field x", func(s spot) { s.AddField(find[*ast.StructType](s, "struct"), "x", "y int") }},
		{"does not parse", "\ta()\n", "does not parse", func(s spot) { s.ReplaceNode(stmt(s, "a"), "b(") }},
		{"type error", "\ta(undefined)\n\tb()\n", "type errors in the touched region", func(s spot) { s.DeleteStmt(stmt(s, "b")) }},
		{"import shadowed by a local", "package p\n\nimport \"time\"\n\nfunc f(time int) {\n\tprintln()\n}\n\nvar _ = time.Now\n", "time does not mean package time here",
			func(s spot) { s.Import(stmt(s, "println").Pos(), "time") }},
		{"new import shadowed by a local", "package p\n\nfunc f(time int) {\n\tprintln()\n}\n", "the name is declared on line 3",
			func(s spot) { s.Import(stmt(s, "println").Pos(), "time") }},
		{"new import and a declaration", "package p\n\nfunc time() {\n\tprintln()\n}\n", "the package declares that name",
			func(s spot) { s.Import(stmt(s, "println").Pos(), "time") }},
		{"new import and another", "package p\n\nimport time \"os\"\n\nfunc f() {\n\ttime.Exit(1)\n}\n", "another package by that name",
			func(s spot) { s.Import(stmt(s, "time.").Pos(), "time") }},
		{"no such package", "\ta()\n", "cannot be imported", func(s spot) { s.Import(stmt(s, "a").Pos(), "none") }},
	} {
		t.Run(r.name, func(t *testing.T) {
			s := at(load(t, whole(r.src)))
			r.do(s)
			edits, err := s.Edits()
			if err == nil {
				t.Fatalf("no error, but %v", edits)
			}
			if !strings.Contains(err.Error(), r.want) {
				t.Errorf("error %q does not contain %q", err, r.want)
			}
		})
	}
	pkg := load(t, whole("\ta()\n"))
	pkg.Files[0].ReadOnly = "it is generated"
	s := at(pkg)
	s.DeleteStmt(stmt(s, "a"))
	if _, err := s.Edits(); err == nil || !strings.Contains(err.Error(), "read-only: it is generated") {
		t.Errorf("an edit of a read-only file: %v", err)
	}
	// An error elsewhere does not matter.
	s = at(load(t, "package p\n\nvar x = undefined\n\nfunc f() {\n\tprintln()\n}\n"))
	s.DeleteStmt(stmt(s, "println"))
	if _, err := s.Edits(); err != nil {
		t.Error(err)
	}
}

func TestFresh(t *testing.T) {
	s := at(load(t, `package p

import "fmt"

var global int

func f(done int) {
	x.field = 1
label:
	fmt.Println(x)
	goto label
}

var x struct{ field int }

func g() { println() }
`))
	in, other := fn(s, "f").Body.Pos(), fn(s, "g").Body.Pos()
	for _, r := range [][2]string{
		{"started", s.Fresh(in, "started")},
		{"started2", s.Fresh(in, "started")},
		{"ready", s.Fresh(in, "started", "ready")},
		{"started3", s.Fresh(in, "started", "ready")},
		{"started", s.Fresh(other, "started")},
		{"done2", s.Fresh(in, "done")},
		{"done", s.Fresh(other, "done")},
		{"field2", s.Fresh(in, "field")},
		{"label2", s.Fresh(in, "label")},
		{"global2", s.Fresh(other, "global")},
		{"g2", s.Fresh(in, "g")},
		{"fmt2", s.Fresh(other, "fmt")},
		{"close2", s.Fresh(other, "close")},
	} {
		if r[0] != r[1] {
			t.Errorf("Fresh returned %s, not %s", r[1], r[0])
		}
	}
	s.Import(in, "sync")
	if got := s.Fresh(in, "sync"); got != "sync2" {
		t.Errorf("Fresh returned %s beside the new import", got)
	}
}

func TestFreshField(t *testing.T) {
	pkg := load(t, `package p

type Base struct{ stop int }

func (*Base) stopped() {}

type T struct {
	Base
	done int
}

type U struct{}
`)
	b := New(pkg)
	T, U := pkg.Types.Scope().Lookup("T").Type(), pkg.Types.Scope().Lookup("U").Type()
	for _, r := range [][2]string{
		{"stop2", b.FreshField(T, "stop")},
		{"stopped2", b.FreshField(types.NewPointer(T), "stopped")},
		{"exited", b.FreshField(T, "done", "exited")},
		{"exited2", b.FreshField(T, "exited")},
		{"exited", b.FreshField(U, "exited")},
	} {
		if r[0] != r[1] {
			t.Errorf("FreshField returned %s, not %s", r[1], r[0])
		}
	}
}

func TestImports(t *testing.T) {
	use := func(paths ...string) func(spot) {
		return func(s spot) {
			last := s.f.Syntax.Decls[len(s.f.Syntax.Decls)-1].(*ast.FuncDecl)
			for _, p := range paths {
				s.InsertLast(last.Body, s.Import(last.Body.Pos(), p)+".X()")
			}
		}
	}
	del := func(s spot) { s.DeleteStmt(stmt(s, "time.Sleep")) }
	swap := func(s spot) {
		s.ReplaceNode(stmt(s, "time.Sleep"), s.Import(stmt(s, "time.Sleep").Pos(), "sync")+".OnceFunc(nil)")
	}
	f := "\nfunc f() {\n}\n"
	x := func(names ...string) string {
		return "\nfunc f() {\n\t" + strings.Join(names, ".X()\n\t") + ".X()\n}\n"
	}
	sleep := "\nfunc f() {\n\ttime.Sleep(1)\n}\n"
	check(t, []row{
		{"none", "package p\n" + f, "package p\n\nimport \"sync\"\n" + x("sync"), use("sync")},
		{"none, comments", "// Package p is.\npackage p // p\n\n// F is.\nfunc f() {\n}\n", "// Package p is.\npackage p // p\n\nimport \"sync\"\n\n// F is.\nfunc f() {\n\tsync.X()\n}\n", use("sync")},
		{"unformatted, none, no blank line", "package p\nfunc f() {\n}\n", "package p\n\nimport \"sync\"\n\nfunc f() {\n\tsync.X()\n}\n", use("sync")},
		{"unformatted, none, one line", "package p; func f() { }\n", "package p\n\nimport \"sync\"\n\nfunc f() {\n\tsync.X()\n}\n", use("sync")},
		{"two at once", "package p\n" + f, "package p\n\nimport (\n\t\"fmt\"\n\t\"sync\"\n)\n" + x("sync", "fmt"), use("sync", "fmt")},
		{"present", "package p\n\nimport \"sync\"\n" + sleep[:12] + "\tsync.OnceFunc(nil)\n}\n", "package p\n\nimport \"sync\"\n" + sleep[:12] + "\tsync.OnceFunc(nil)\n\tsync.X()\n}\n", use("sync")},
		{"single", "package p\n\nimport \"os\" // os\n\nvar _ = os.Exit\n" + f, "package p\n\nimport (\n\t\"os\" // os\n\t\"sync\"\n)\n\nvar _ = os.Exit\n" + x("sync"), use("sync")},
		{"single that comes after", "package p\n\nimport \"time\"\n\nvar _ = time.Now\n" + f, "package p\n\nimport (\n\t\"sync\"\n\t\"time\"\n)\n\nvar _ = time.Now\n" + x("sync"), use("sync")},
		{"singles", "package p\n\nimport \"fmt\"\nimport \"time\"\n\nvar _, _ = fmt.Println, time.Now\n" + f, "package p\n\nimport \"fmt\"\nimport \"sync\"\nimport \"time\"\n\nvar _, _ = fmt.Println, time.Now\n" + x("sync"), use("sync")},
		{"grouped", "package p\n\nimport (\n\t\"fmt\" // fmt\n\t// time\n\t\"time\"\n)\n\nvar _, _ = fmt.Println, time.Now\n" + f, "package p\n\nimport (\n\t\"fmt\" // fmt\n\t\"sync\"\n\t// time\n\t\"time\"\n)\n\nvar _, _ = fmt.Println, time.Now\n" + x("sync"), use("sync")},
		{"groups", "package p\n\nimport (\n\t\"fmt\"\n\n\t\"example.com/a/b\"\n)\n\nvar _, _ = fmt.Println, b.B\n" + f, "package p\n\nimport (\n\t\"fmt\"\n\t\"sync\"\n\n\t\"example.com/a/b\"\n\tother \"example.com/dash\"\n)\n\nvar _, _ = fmt.Println, b.B\n" + x("sync", "other"), use("sync", "example.com/dash")},
		{"no group of the kind", "package p\n\nimport (\n\t\"example.com/a/b\"\n)\n\nvar _ = b.B\n" + f, "package p\n\nimport (\n\t\"sync\"\n\n\t\"example.com/a/b\"\n)\n\nvar _ = b.B\n" + x("sync"), use("sync")},
		{"renamed", "package p\n\nimport clock \"time\"\n\nvar _ = clock.Now\n" + f, "package p\n\nimport clock \"time\"\n\nvar _ = clock.Now\n" + x("clock"), use("time")},
		{"blank and dot", "package p\n\nimport (\n\t. \"fmt\"\n\t_ \"sync\"\n)\n\nvar _ = Println\n" + f, "package p\n\nimport (\n\t. \"fmt\"\n\t\"sync\"\n\t_ \"sync\"\n)\n\nvar _ = Println\n" + x("sync"), use("sync")},
		{"last use gone", "package p\n\nimport \"time\"\n" + sleep, "package p\n" + f, del},
		{"last use gone, shadowed", "package p\n\nimport \"time\"\n" + sleep + "\nfunc g(time struct{ Sleep int }) { _ = time.Sleep }\n", "package p\n" + f + "\nfunc g(time struct{ Sleep int }) { _ = time.Sleep }\n", del},
		{"use left", "package p\n\nimport \"time\"\n" + sleep + "\nvar _ = time.Now\n", "package p\n\nimport \"time\"\n" + f + "\nvar _ = time.Now\n", del},
		{"last use gone from a group", "package p\n\nimport (\n\t\"fmt\"\n\n\t\"time\"\n)\n\nvar _ = fmt.Println\n" + sleep, "package p\n\nimport (\n\t\"fmt\"\n)\n\nvar _ = fmt.Println\n" + f, del},
		{"only one of a group", "package p\n\nimport (\n\t\"time\"\n)\n" + sleep, "package p\n" + f, del},
		{"unused before stays", "package p\n\nimport (\n\t\"os\"\n\t\"time\"\n)\n" + sleep, "package p\n\nimport (\n\t\"os\"\n)\n" + f, del},
		{"comment of the import stays", "package p\n\nimport (\n\t\"fmt\"\n\t\"time\" // to sleep\n)\n\nvar _ = fmt.Println\n" + sleep, "package p\n\nimport (\n\t\"fmt\"\n\t// to sleep\n)\n\nvar _ = fmt.Println\n" + f, del},
		{"one for the other", "package p\n\nimport \"time\"\n" + sleep, "package p\n\nimport \"sync\"\n\nfunc f() {\n\tsync.OnceFunc(nil)\n}\n", swap},
		{"one for the other in a group", "package p\n\nimport (\n\t\"fmt\"\n\t\"time\"\n)\n\nvar _ = fmt.Println\n" + sleep, "package p\n\nimport (\n\t\"fmt\"\n\t\"sync\"\n)\n\nvar _ = fmt.Println\n\nfunc f() {\n\tsync.OnceFunc(nil)\n}\n", swap},
		{"preamble of C", "package p\n\n// int x;\nimport \"C\"\n" + f, "package p\n\n// int x;\nimport \"C\"\n\nimport \"sync\"\n" + x("sync"), use("sync")},
	})
}

func TestLineEndings(t *testing.T) {
	lf := whole("\t// lead\n\ta(`\n`) /* x\n\ty */\n\tb()\n\n\tif true {\n\t\tc() // c\n\t}\n")
	edit := func(src string) string {
		t.Helper()
		s := at(load(t, src))
		s.InsertAfter(stmt(s, "a("), "if true {\n\tc()\n}")
		s.ReplaceNode(stmt(s, "b()"), "b(\n\t1,\n)")
		s.DeleteStmt(stmt(s, "c()"))
		edits, err := s.Edits()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range edits {
			if e.Start > 0 && src[e.Start-1] == '\r' || e.End < len(src) && e.End > 0 && src[e.End-1] == '\r' {
				t.Errorf("the edit %v parts a line ending", e)
			}
		}
		out, err := refactor.Apply([]byte(src), edits)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	want := edit(lf)
	crlf := strings.ReplaceAll(lf, "\n", "\r\n")
	if got := edit(crlf); got != strings.ReplaceAll(want, "\n", "\r\n") {
		t.Errorf("CRLF: %q", got)
	}
	if got := edit("\uFEFF" + lf); got != "\uFEFF"+want {
		t.Errorf("byte order mark: %q", got)
	}
	mixed := strings.Replace(crlf, "func f() {\r\n", "func f() {\n", 1)
	if got := edit(mixed); strings.Count(got, "\n")-strings.Count(got, "\r\n") != 1 {
		t.Errorf("mixed line endings: %q", got)
	}
}

func TestEditsAreSmall(t *testing.T) {
	src := whole(strings.Repeat("\ta()\n", 50) + "\tb(1)\n" + strings.Repeat("\ta()\n", 50) + "\tc(1)\n" + strings.Repeat("\ta()\n", 50))
	s := at(load(t, src))
	s.ReplaceNode(stmt(s, "b("), "b(2)")
	s.DeleteStmt(stmt(s, "c("))
	edits, err := s.Edits()
	if err != nil {
		t.Fatal(err)
	}
	b, c := strings.Index(src, "b(1)"), strings.Index(src, "\tc(1)")
	want := []refactor.Edit{
		{Span: refactor.Span{File: "/p.go", Start: b + 2, End: b + 3}, New: "2"},
		{Span: refactor.Span{File: "/p.go", Start: c, End: c + len("\tc(1)\n")}},
	}
	if len(edits) != 2 || edits[0] != want[0] || edits[1] != want[1] {
		t.Errorf("edits %v, want %v", edits, want)
	}
}

func TestNoEdits(t *testing.T) {
	s := at(load(t, whole("\ta()\n")))
	s.ReplaceNode(stmt(s, "a"), "a()")
	if edits, err := s.Edits(); err != nil || len(edits) > 0 {
		t.Errorf("edits %v, error %v", edits, err)
	}
	if !bytes.Equal(s.f.Src, []byte(whole("\ta()\n"))) {
		t.Error("the source has changed")
	}
}

func TestFiles(t *testing.T) {
	fset := token.NewFileSet()
	var files []*refactor.File
	for _, name := range []string{"/b.go", "/a.go"} {
		src := "package p\n\nfunc " + name[1:2] + "() {\n}\n"
		syntax, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, &refactor.File{Name: name, Src: []byte(src), Syntax: syntax, Tok: fset.File(syntax.FileStart)})
	}
	pkg := refactor.Check("p", "p", fset, files, types.Config{Importer: imp{}})
	b := New(pkg)
	for _, f := range files {
		body := f.Syntax.Decls[0].(*ast.FuncDecl).Body
		b.InsertFirst(body, b.Import(body.Pos(), "time")+".Sleep(1)")
	}
	edits, err := b.Edits()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range edits {
		names = append(names, e.File)
	}
	if want := []string{"/a.go", "/a.go", "/b.go", "/b.go"}; !slices.Equal(names, want) {
		t.Errorf("edits of %v, not %v", names, want)
	}
	if _, err := pkg.With(edits); err != nil {
		t.Error(err)
	}
}

func TestTells(t *testing.T) {
	for _, r := range []struct {
		path, name string
		want       bool
	}{
		{"time", "time", true},
		{"net/http", "http", true},
		{"example.com/m/v2", "m", true},
		{"gopkg.in/yaml.v3", "yaml", true},
		{"example.com/go-m", "m", false},
		{"math/rand/v2", "rand", true},
	} {
		if got := tells(r.path, r.name); got != r.want {
			t.Errorf("tells(%q, %q) = %t", r.path, r.name, got)
		}
	}
}
