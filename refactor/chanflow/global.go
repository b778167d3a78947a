package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
)

// access is a way in which functions use package variables.
type access int

const (
	reads  access = iota
	writes        // assigns, changes an element or field, or calls a method
)

// globals returns the package variables that a call of f may read or write,
// itself or through functions of the package; f may be nil. It is computed on
// demand: few sleeps ask.
func (m *Model) globals(f *Func, how access) map[types.Object]bool {
	if f == nil {
		return nil
	}
	type key struct {
		f   *Func
		how access
	}
	return m.Pkg.Memo(key{f, how}, func() any {
		out := make(map[types.Object]bool)
		m.addGlobals(out, f, how, make(map[*Func]bool))
		return out
	}).(map[types.Object]bool)
}

func (m *Model) addGlobals(out map[types.Object]bool, f *Func, how access, seen map[*Func]bool) {
	if seen[f] {
		return
	}
	seen[f] = true
	global := func(e ast.Expr) {
		if v, ok := m.Root(e).(*types.Var); ok && v.Parent() == m.Pkg.Types.Scope() && !isSync(v.Type()) {
			out[v] = true
		}
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return m.frames[n] == f
		case *ast.GoStmt:
			return false
		case *ast.Ident:
			if how == reads {
				global(n)
			}
		case *ast.AssignStmt:
			if how == writes && n.Tok != token.DEFINE {
				for _, lhs := range n.Lhs {
					global(lhs)
				}
			}
		case *ast.IncDecStmt:
			if how == writes {
				global(n.X)
			}
		case *ast.CallExpr:
			for _, callee := range m.Targets(n) {
				m.addGlobals(out, callee, how, seen)
			}
			if sel, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr); ok && how == writes && m.Pkg.Info.Selections.Of(sel) != nil {
				if static := m.Static(n); static == nil || !inert(static) && (static.Pkg() == nil || !harmless(static)) {
					global(sel.X)
				}
			}
		}
		return true
	})
}

// isSync reports whether a type is one of package sync, whose variables hold no
// state that somebody waits to see.
func isSync(t types.Type) bool {
	pkg, _ := named(t)
	return pkg == "sync"
}
