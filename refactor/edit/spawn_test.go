package edit

import (
	"go/ast"
	"go/types"
	"strings"
	"testing"

	"handshake/refactor"
)

// What a go statement evaluates stays evaluated there (Go spec, "Go
// statements"): also the receiver, as the method wants it.
func TestWrapGo(t *testing.T) {
	const decls = `package p

type T struct {
	n  int
	fn func(int)
}

func (*T) P(int) {}
func (T) V(int)  {}

type U struct {
	T
	t T
}

type W struct{ *T }

func g(int) int { return 0 }

func f(p *T, v T, u *U, w W, fn func(int), stable *T) {
	`
	for _, r := range []struct{ before, after string }{
		{"go p.P(1)", "go func(recv *T) {\n\t\tfirst()\n\t\trecv.P(1)\n\t}(p)"},
		{"go p.P(g(1))", "go func(recv *T, arg1 int) {\n\t\tfirst()\n\t\trecv.P(arg1)\n\t}(p, g(1))"},
		{"go v.P(1)", "go func() {\n\t\tfirst()\n\t\tv.P(1)\n\t}()"},
		{"go u.t.P(1)", "go func(recv *T) {\n\t\tfirst()\n\t\trecv.P(1)\n\t}(&u.t)"},
		{"go u.P(1)", "go func(recv *U) {\n\t\tfirst()\n\t\trecv.P(1)\n\t}(u)"},
		{"go v.V(1)", "go func(recv T) {\n\t\tfirst()\n\t\trecv.V(1)\n\t}(v)"},
		{"go p.V(1)", "go func(recv T) {\n\t\tfirst()\n\t\trecv.V(1)\n\t}(*p)"},
		{"go stable.V(1)", "go func(recv T) {\n\t\tfirst()\n\t\trecv.V(1)\n\t}(*stable)"},
		{"go stable.P(1)", "go func() {\n\t\tfirst()\n\t\tstable.P(1)\n\t}()"},
		{"go p.fn(1)", "go func(fn2 func(int)) {\n\t\tfirst()\n\t\tfn2(1)\n\t}(p.fn)"},
		{"go fn(1)", "go func(fn2 func(int)) {\n\t\tfirst()\n\t\tfn2(1)\n\t}(fn)"},
		{"go (*T).P(p, 1)", "go func(arg1 *T) {\n\t\tfirst()\n\t\t(*T).P(arg1, 1)\n\t}(p)"},
		{"go w.P(1)", ""},
		{"go u.V(1)", ""},
		{"go func() { g(1) }()", "go func() {\n\t\tfirst()\n\t\tg(1)\n\t}()"},
	} {
		t.Run(r.before, func(t *testing.T) {
			src := decls + r.before + "\n}\n\nfunc first() {}\n"
			pkg := load(t, src)
			if len(pkg.Errors) > 0 {
				t.Fatal(pkg.Errors)
			}
			s := at(pkg)
			s.WrapGo(find[*ast.GoStmt](s, "go "), "first()", func(obj types.Object) bool { return obj.Name() == "stable" })
			edits, err := s.Edits()
			if r.after == "" {
				if err == nil {
					t.Errorf("no error, but %v", edits)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			out, err := refactor.Apply([]byte(src), edits)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.TrimSuffix(strings.TrimPrefix(string(out), decls), "\n}\n\nfunc first() {}\n")
			if got != r.after {
				t.Errorf("got:\n%s\nwant:\n%s", got, r.after)
			}
			if _, err := pkg.With(edits); err != nil {
				t.Error(err)
			}
		})
	}
}
