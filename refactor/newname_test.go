package refactor

import (
	"fmt"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"
)

// Names that an edit declares are found in all edits, names that stay are not.
func TestNewNames(t *testing.T) {
	const src = `package p

type T struct{ a int }

func f(t T) {
	work()
	wait(t.a)
}

func work()    {}
func wait(int) {}
`
	edit := func(old, new string) Edit {
		i := strings.Index(src, old)
		return Edit{Span: Span{File: "p.go", Start: i, End: i + len(old)}, New: new}
	}
	for _, test := range []struct {
		name  string
		edits []Edit
		want  string
	}{
		{"a local in two edits", []Edit{edit("wait(t.a)", "<-done // done"), edit("work()", "done := make(chan int)\n\tgo func() { work(); close(done) }()")},
			"1:2 done, 1:0 done, 1:50 done"},
		{"two names", []Edit{edit("work()", "b, a := 1, 2\n\t_, _ = a, b")}, "1:0 b, 2:3 a, 2:21 a, 1:24 b"},
		{"nothing is declared", []Edit{edit("wait(t.a)", "work()")}, ""},
		{"a field", []Edit{edit(" int }", " int; stop chan int }"), edit("wait(t.a)", "close(t.stop)")}, "1:6 stop, 1:8 stop"},
		{"a name that the text has", []Edit{edit("work()", "wait := func(int) {}")}, ""},
		{"part of a name", []Edit{edit("work()    {}", "worked()    {}"), edit("work()", "worked()")}, "1:0 worked, 1:0 worked"},
		{"a function", []Edit{edit("func work()", "func more() { more() }\n\nfunc work()")}, "1:5 more, 1:14 more"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fset := token.NewFileSet()
			syntax, err := parser.ParseFile(fset, "p.go", src, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			pkg := Check("p", "p", fset, []*File{{Name: "p.go", Src: []byte(src), Syntax: syntax, Tok: fset.File(syntax.FileStart)}},
				types.Config{Importer: importer.Default()})
			var got []string
			for _, n := range pkg.NewNames(test.edits) {
				got = append(got, fmt.Sprintf("%d:%d %s", n.Group, n.Start, test.edits[n.Edit].New[n.Start:n.End]))
			}
			if got := strings.Join(got, ", "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
