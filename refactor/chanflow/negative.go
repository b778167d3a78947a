package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"strings"
)

// negativeSwitch recognises switch { case n > 0: t.Fatal(…) }.
func (m *Model) negativeSwitch(sw *ast.SwitchStmt) bool {
	for _, c := range sw.Body.List {
		c := c.(*ast.CaseClause)
		if !m.failsIn(c.Body) {
			continue
		}
		for _, cond := range c.List {
			if sw.Tag == nil && m.assertsAbsence(cond) {
				return true
			}
		}
		for _, s := range c.Body {
			if negative.MatchString(literals(s)) {
				return true
			}
		}
	}
	return false
}

// Names of helpers that check that something has not happened.
var negativeName = regexp.MustCompile(`^(assert|require|expect|check|must|verify|ensure)\w*(No|Not|None|Never|Nothing|Empty|Still|Blocked|Absent)([A-Z]|$)`)

// negativeHelper reports whether a call checks, in a function of the package or
// as its name says, that something has not happened.
func (m *Model) negativeHelper(call *ast.CallExpr) bool {
	if name := calledName(call); name != "" && negativeName.MatchString(strings.ToLower(name[:1])+name[1:]) {
		return true
	}
	f := m.Callee(call)
	if f == nil {
		return false
	}
	for _, st := range f.Body.List {
		if check, ok := st.(*ast.IfStmt); ok && m.fails(check.Body) && m.assertsAbsence(check.Cond) {
			return true
		}
	}
	return false
}

// negativeSelect recognises select { case <-ch: t.Fatal(…); default: }.
func (m *Model) negativeSelect(sel *ast.SelectStmt) bool {
	if !hasDefault(sel) {
		return false
	}
	for _, c := range sel.Body.List {
		if c := c.(*ast.CommClause); c.Comm != nil && m.failsIn(c.Body) {
			return true
		}
	}
	return false
}

// assertsAbsence reports whether a condition that leads to a failure is true
// once the awaited event has happened: x != 0, len(x) > 0, n == 1, called.
func (m *Model) assertsAbsence(cond ast.Expr) bool {
	switch x := ast.Unparen(cond).(type) {
	case *ast.BinaryExpr:
		switch x.Op {
		case token.LAND, token.LOR:
			return m.assertsAbsence(x.X) || m.assertsAbsence(x.Y)
		case token.NEQ, token.GTR:
			return m.isZero(x.Y) && !IsError(m.Pkg.Info.TypeOf(x.X))
		case token.EQL, token.GEQ:
			v := m.Pkg.Info.Types.Of(x.Y).Value // a negative number is what is returned for nothing
			return v != nil && !m.isZero(x.Y) && !strings.HasPrefix(v.ExactString(), "-")
		}
	case *ast.Ident, *ast.SelectorExpr, *ast.CallExpr:
		return true // fails if it is true
	}
	return false
}

func (m *Model) isZero(e ast.Expr) bool {
	tv := m.Pkg.Info.Types.Of(e)
	if tv.IsNil() {
		return true
	}
	if tv.Value == nil {
		return false
	}
	switch tv.Value.ExactString() {
	case "0", `""`, "false":
		return true
	}
	return false
}

// IsError reports whether t is the type error.
func IsError(t types.Type) bool {
	return t != nil && types.Identical(t, types.Universe.Lookup("error").Type())
}

// negativeAssert recognises assert.False(t, called) and its kin of the common
// assertion libraries; is tells whether the call is an assertion at all.
func (m *Model) negativeAssert(call *ast.CallExpr) (neg, is bool) {
	f := m.Static(call)
	if f == nil || f.Pkg() == nil {
		return false, false
	}
	path := f.Pkg().Path()
	if path == "github.com/onsi/gomega/types" {
		return m.negativeMatch(f, call)
	}
	if !strings.HasSuffix(path, "/assert") && !strings.HasSuffix(path, "/require") {
		return false, false
	}
	switch strings.TrimSuffix(f.Name(), "f") {
	case "False", "Zero", "Empty", "NotContains", "Never", "NotEqual", "NoFileExists":
		return true, true
	case "Nil":
		for _, arg := range call.Args {
			if IsError(m.Pkg.Info.TypeOf(arg)) {
				return false, true
			}
		}
		return true, true
	case "Equal", "EqualValues", "Len":
		for _, arg := range call.Args {
			if m.isZero(arg) {
				return true, true
			}
		}
	}
	return false, true
}

// negativeMatch recognises Expect(got).To(BeEmpty()) and its kin of Gomega. That
// there is no error tells that something has happened.
func (m *Model) negativeMatch(f *types.Func, call *ast.CallExpr) (neg, is bool) {
	if len(call.Args) == 0 {
		return false, false
	}
	matcher, _ := ast.Unparen(call.Args[0]).(*ast.CallExpr)
	name := ""
	if matcher != nil {
		name = calledName(matcher)
	}
	switch f.Name() {
	case "ShouldNot", "ToNot", "NotTo":
		return name != "HaveOccurred" && name != "BeNil" && name != "BeEmpty" && name != "BeZero", true
	case "Should", "To":
		switch name {
		case "BeEmpty", "BeZero", "BeFalse", "BeFalseBecause":
			return true, true
		case "BeNil":
			expect, ok := ast.Unparen(call.Fun.(*ast.SelectorExpr).X).(*ast.CallExpr)
			return !ok || len(expect.Args) == 0 || !IsError(m.Pkg.Info.TypeOf(expect.Args[0])), true
		case "Equal", "BeEquivalentTo", "BeNumerically", "HaveLen":
			return len(matcher.Args) > 0 && m.isZero(matcher.Args[len(matcher.Args)-1]), true
		}
		return false, true
	}
	return false, false
}

// fails reports whether the statements report a failure of a test or end the
// program.
func (m *Model) fails(b *ast.BlockStmt) bool { return m.failsIn(b.List) }

func (m *Model) failsIn(list []ast.Stmt) bool {
	found := false
	for _, s := range list {
		ast.Inspect(s, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				f := m.Static(call)
				switch {
				case f == nil:
					if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "panic" {
						found = true
					}
				case exitOf(f) != NoExit:
					found = true
				case f.Pkg() != nil && f.Pkg().Path() == "testing" && (f.Name() == "Error" || f.Name() == "Errorf" || f.Name() == "Fail"):
					found = true
				}
			}
			return !found
		})
	}
	return found
}
