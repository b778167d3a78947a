// Package bubble knows which tests can be moved into a bubble of
// testing/synctest, where the clock is virtual and a Wait returns when every
// other goroutine is durably blocked, and moves them. The refactoring synctest
// and the rules about sleeps offer it.
package bubble

import (
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"go/version"
	"slices"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
)

// Title is the title of the fix.
const Title = "Move test into a synctest bubble"

const reason = "its clock is virtual; run the test"

// A Test is a test that waits for the clock and does nothing that a bubble does
// not see: no I/O, no subtests, nothing shared with the outside.
type Test struct {
	Fn *chanflow.Func

	pkg   *refactor.Package
	m     *chanflow.Model
	reach *reach
}

// Tests returns the tests of the package that have a place in a bubble, in
// source order.
func Tests(pkg *refactor.Package) (out []*Test) {
	for _, f := range chanflow.Of(pkg).Funcs {
		if t := look(pkg, f); t != nil {
			out = append(out, t)
		}
	}
	return out
}

// look returns f as a test for a bubble, or nil.
func look(pkg *refactor.Package, f *chanflow.Func) *Test {
	if !isTest(f) || f.File.ReadOnly != "" || f.File.GoVersion == "" || version.Compare(f.File.GoVersion, "go1.25") < 0 {
		return nil
	}
	type key struct{ *chanflow.Func }
	return pkg.Memo(key{f}, func() any {
		t := &Test{Fn: f, pkg: pkg, m: chanflow.Of(pkg)}
		body := t.body()
		if len(body) == 0 {
			return (*Test)(nil)
		}
		t.reach = reached(pkg, t.m, f, body)
		if t.reach.reason != "" || !t.gains() {
			return (*Test)(nil)
		}
		return t
	}).(*Test)
}

// isTest reports whether f is a declared test whose parameter has a name.
func isTest(f *chanflow.Func) bool {
	if f.Decl == nil || f.Decl.Recv != nil || f.Decl.Type.TypeParams != nil || !strings.HasSuffix(f.File.Name, "_test.go") {
		return false
	}
	rest, ok := strings.CutPrefix(f.Decl.Name.Name, "Test")
	if !ok || rest != "" && 'a' <= rest[0] && rest[0] <= 'z' {
		return false
	}
	params := f.Params()
	if len(params) != 1 || params[0] == nil || f.Decl.Type.Results != nil {
		return false
	}
	p, ok := params[0].Type().(*types.Pointer)
	if !ok {
		return false
	}
	n, ok := p.Elem().(*types.Named)
	return ok && n.Obj().Name() == "T" && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "testing"
}

// body returns the statements of the test that move. What comes first stays:
// t.Parallel, which must not be called in a bubble, and a skip, which a bubble
// takes for a pass.
func (t *Test) body() []ast.Stmt {
	list := t.Fn.Body.List
	for i, s := range list {
		if !t.stays(s) {
			return list[i:]
		}
	}
	return nil
}

// stays reports whether a statement at the start of the test stays there.
func (t *Test) stays(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		return ok && isTestingFunc(t.m, call, "Parallel")
	case *ast.IfStmt:
		if s.Init != nil || s.Else != nil || len(s.Body.List) != 1 {
			return false
		}
		st, ok := s.Body.List[0].(*ast.ExprStmt)
		if !ok {
			return false
		}
		call, ok := st.X.(*ast.CallExpr)
		return ok && isTestingFunc(t.m, call, "Skip", "Skipf", "SkipNow")
	}
	return false
}

func isTestingFunc(m *chanflow.Model, call *ast.CallExpr, names ...string) bool {
	f := m.Static(call)
	return f != nil && slices.Contains(names, f.Name()) && f.Pkg() != nil && f.Pkg().Path() == "testing"
}

// gains reports whether the test waits for the clock in earnest: it sleeps, or
// has a timer that is not a guard which never fires when all is well.
func (t *Test) gains() bool {
	for _, f := range t.reach.waits {
		switch f.FullName() {
		case "time.Sleep", "time.NewTicker", "time.Tick":
			return true
		}
	}
	for _, s := range t.m.Sleeps {
		if t.reach.runs(s.Stmt) {
			return true
		}
	}
	return false
}

// Withheld returns why the test cannot be moved all the same, or "".
func (t *Test) Withheld() string {
	type key struct{ *Test }
	return t.pkg.Memo(key{t}, func() any {
		if why := t.locked(); why != "" {
			return why
		}
		return t.survivors()
	}).(string)
}

// Fix returns the fix that moves the test. Whether it can be moved is found when
// the fix is made.
func (t *Test) Fix() refactor.Fix {
	return refactor.Fix{Title: Title, Safety: refactor.Review, Reason: reason, Make: func() ([]refactor.Edit, error) {
		if why := t.Withheld(); why != "" {
			return nil, errors.New(why)
		}
		return t.Move()
	}}
}

// Offer adds the fix that moves the test around a sleep, if that has a place in
// a bubble, to the fixes of a finding about the sleep.
func Offer(pkg *refactor.Package, s *chanflow.Sleep, f *refactor.Finding) {
	if t := look(pkg, s.Fn.Top()); t != nil {
		f.Fixes = append(f.Fixes, t.Fix())
	}
}

// Finding returns what the refactoring says of the test.
func (t *Test) Finding() refactor.Finding {
	name := t.Fn.Decl.Name
	f := refactor.Finding{
		Span:    t.pkg.Span(name.Pos(), name.End()),
		Message: fmt.Sprintf("%s waits for the clock, which is virtual in a synctest bubble", name.Name),
		Fixes:   []refactor.Fix{t.Fix()},
	}
	if len(f.Message) > 100 {
		f.Message = "this test waits for the clock, which is virtual in a synctest bubble"
	}
	return f
}
