package chanflow

import (
	"go/ast"
	"go/types"
)

// spins reports whether a loop waits for a condition that others make true: it
// loads an atomic, or the body changes nothing that the condition reads.
func (m *Model) spins(loop *ast.ForStmt) bool {
	if loop.Post != nil {
		return false
	}
	read := make(map[types.Object]bool)
	loads, calls := false, false
	ast.Inspect(loop.Cond, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			calls = true
			f := m.Static(n)
			loads = loads || f != nil && f.Pkg() != nil && f.Pkg().Path() == "sync/atomic" && startsWith(f.Name(), "Load")
		case *ast.Ident:
			if v, ok := m.Pkg.Info.Uses.Of(n).(*types.Var); ok {
				read[v] = true
			}
		}
		return true
	})
	if loads || calls || len(read) == 0 {
		return loads
	}
	changes := false
	ast.Inspect(loop.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			changes = changes || read[m.Pkg.Info.Uses.Of(n)]
		case *ast.BranchStmt, *ast.ReturnStmt:
			changes = true // there is another way out
		}
		return !changes
	})
	return !changes
}

// iteratorStays reports whether a range over a function may not end: the
// function, or the literal that a function of the package returns, may stay. One
// that is not known may, and one of another package does not.
func (m *Model) iteratorStays(x ast.Expr) bool {
	t := m.Pkg.Info.TypeOf(x)
	if t == nil {
		return false
	}
	if _, ok := t.Underlying().(*types.Signature); !ok {
		return false
	}
	if f := m.function(x); f != nil {
		return f.mayStay()
	}
	call, ok := ast.Unparen(x).(*ast.CallExpr)
	if !ok {
		f, _ := m.used(x).(*types.Func)
		return f == nil
	}
	maker := m.Callee(call)
	if maker == nil {
		return m.Static(call) == nil
	}
	for _, f := range m.Funcs {
		if f.Outer == maker && f.mayStay() {
			return true
		}
	}
	return false
}
