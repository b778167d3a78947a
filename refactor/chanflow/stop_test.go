package chanflow_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strconv"
	"strings"
	"testing"

	"handshake/refactor"
	"handshake/refactor/chanflow"
)

// model returns the model of a package of one file that imports nothing.
func model(t *testing.T, src string) *chanflow.Model {
	t.Helper()
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, "a.go", src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	f := &refactor.File{Name: "a.go", Src: []byte(src), Syntax: syntax, Tok: fset.File(syntax.FileStart)}
	pkg := refactor.Check("a", "a", fset, []*refactor.File{f}, types.Config{})
	if len(pkg.Errors) > 0 {
		t.Fatal(pkg.Errors)
	}
	return chanflow.Of(pkg)
}

// stops tells for each stop signal the lines at which goroutines leave on it:
// "close@4: 7 9".
func stops(m *chanflow.Model) string {
	line := func(n ast.Node) string { return strconv.Itoa(m.Pkg.Fset.Position(n.Pos()).Line) }
	var out []string
	for _, st := range m.Stops() {
		s := st.Op.Kind.String() + "@" + line(st.Op.Node) + ":"
		for _, l := range st.Leaves {
			s += " " + line(l.Op.Node)
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func TestStops(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"captured channel", `package a
func f(in chan int) {
	stop := make(chan bool)
	go func() {
		for {
			select {
			case <-in:
			case <-stop:
				return
			}
		}
	}()
	close(stop)
}`, "close@13: 8"},
		{"parameter of a parameter", `package a
func f() {
	stop := make(chan bool)
	go run(stop)
	close(stop)
}
func run(c chan bool) { wait(c) }
func wait(c <-chan bool) { <-c }`, "close@5: 8"},
		{"field that holds a local channel", `package a
type T struct{ stop chan bool }
func New() *T {
	stop := make(chan bool)
	t := &T{stop: stop}
	go func() { <-stop }()
	return t
}
func (t *T) Stop() { close(t.stop) }`, "close@9: 6"},
		{"range", `package a
func f(in chan int) {
	go func() {
		for range in {
		}
	}()
	close(in)
}`, "close@7: 4"},
		{"a break of the select stays in the loop", `package a
func f(in, stop chan int) {
	go func() {
		for {
			select {
			case <-stop:
				break
			case <-in:
			}
		}
	}()
	close(stop)
}`, ""},
		{"a labelled break leaves it", `package a
func f(in, stop chan int) {
	go func() {
	loop:
		for {
			select {
			case <-stop:
				break loop
			case <-in:
			}
		}
	}()
	close(stop)
}`, "close@13: 7"},
		{"a call in a loop returns to the loop", `package a
func f(in, stop chan int) {
	go func() {
		for range in {
			try(in, stop)
		}
	}()
	close(stop)
}
func try(in, stop chan int) bool {
	select {
	case in <- 1:
		return true
	case <-stop:
		return false
	}
}`, ""},
		{"unless its result is heeded", `package a
func f(in, stop chan int) {
	go func() {
		for {
			if !try(in, stop) {
				return
			}
		}
	}()
	close(stop)
}
func try(in, stop chan int) bool {
	select {
	case in <- 1:
		return true
	case <-stop:
		return false
	}
}`, "close@10: 16"},
		{"a gate", `package a
func f(in, gate chan int) {
	go func() {
		for {
			select {
			case <-gate:
				in <- 1
			case <-in:
				return
			}
		}
	}()
	close(gate)
}`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := stops(model(t, test.src)); got != test.want {
				t.Errorf("stops are %q, not %q", got, test.want)
			}
		})
	}
}

func TestRunKnowsImplementations(t *testing.T) {
	m := model(t, `package a
type sink interface{ set(int) }
type one struct{}
func (one) set(int) {}
type two struct{}
func (*two) set(int) {}
type other struct{}
func (other) set(string) {}
func f(s sink) {
	go func() {
		func() { g() }()
		s.set(1)
		call(func() { h() })
	}()
}
func call(func()) {}
func g() {}
func h() {}
func i() {}
`)
	run := m.Run(m.Spawns[0])
	var have []string
	for _, f := range m.Funcs {
		if f.Decl != nil && run.Has(f) {
			have = append(have, f.Name())
		}
	}
	if got, want := strings.Join(have, " "), "(one).set (*two).set call g h"; got != want {
		t.Errorf("the goroutine runs %q, not %q", got, want)
	}
}
