package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
)

// A Ref names a channel, lock, WaitGroup or other variable that code refers to.
type Ref struct {
	// Obj is the variable or field itself: done in done and in s.done.
	Obj types.Object
	// Base is the variable at the root of the expression: s in s.a.done. It
	// equals Obj for a plain variable and is nil if the root is no variable.
	Base types.Object
	// Elem is set if an element of Obj is meant: done[i].
	Elem bool
	// Context is set for ctx.Done(): Obj is then the context.
	Context bool
	Expr    ast.Expr
}

// Ref returns what an expression refers to; Obj is nil if it cannot be told.
func (m *Model) Ref(e ast.Expr) Ref {
	r := m.ref(e)
	r.Expr = e
	return r
}

func (m *Model) ref(e ast.Expr) Ref {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if v, ok := m.Pkg.Info.ObjectOf(e).(*types.Var); ok {
			return Ref{Obj: v, Base: v}
		}
	case *ast.SelectorExpr:
		if sel := m.Pkg.Info.Selections.Of(e); sel != nil {
			if sel.Kind() == types.FieldVal {
				return Ref{Obj: origin(sel.Obj()), Base: m.ref(e.X).Base}
			}
			return Ref{}
		}
		if v, ok := m.Pkg.Info.Uses.Of(e.Sel).(*types.Var); ok { // pkg.Var
			return Ref{Obj: v, Base: v}
		}
	case *ast.StarExpr:
		return m.ref(e.X)
	case *ast.UnaryExpr:
		if e.Op == token.AND {
			return m.ref(e.X)
		}
	case *ast.IndexExpr:
		r := m.ref(e.X)
		r.Elem = true
		return r
	case *ast.SliceExpr:
		r := m.ref(e.X)
		r.Elem = true
		return r
	case *ast.CallExpr:
		if sel, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr); ok && sel.Sel.Name == "Done" && isContext(m.Pkg.Info.TypeOf(sel.X)) {
			r := m.ref(sel.X)
			r.Context = true
			return r
		}
	}
	return Ref{}
}

// Root returns the variable at the root of an expression with selectors,
// dereferences, indexing and method calls: s in s.conns[i].Close().x, or nil.
func (m *Model) Root(e ast.Expr) types.Object {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.Ident:
			v, _ := m.Pkg.Info.ObjectOf(x).(*types.Var)
			if v == nil {
				return nil
			}
			return v
		case *ast.SelectorExpr:
			if v, ok := m.Pkg.Info.Uses.Of(x.Sel).(*types.Var); ok && !v.IsField() {
				return v // pkg.Var
			}
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.UnaryExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.TypeAssertExpr:
			e = x.X
		case *ast.CallExpr:
			e = x.Fun
		default:
			return nil
		}
	}
}

// Mentions reports whether any of the nodes refers to the object.
func (m *Model) Mentions(obj types.Object, nodes ...ast.Node) bool {
	found := false
	for _, n := range nodes {
		ast.Inspect(n, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && m.Pkg.Info.ObjectOf(id) == obj {
				found = true
			}
			return !found
		})
	}
	return found
}
