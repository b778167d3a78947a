package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
)

// An Address is a variable of the parent's that a goroutine sets to the address
// of its listener, and that means nothing before the sleep:
//
//	var addr string
//	go func() { …; addr = ln.Addr().String(); … }()
//	time.Sleep(d)
//	dial(addr)
type Address struct {
	Var   *types.Var
	Decl  *ast.DeclStmt // declares nothing else, beside the sleep
	Type  ast.Expr
	Write *ast.AssignStmt // the only one
}

// Address returns the address that the goroutine's set-up ends with, which a
// channel could carry instead of the variable; nil if there is none.
func (m *Model) Address(g *Guess) *Address {
	if g.Event != Started || len(g.Spawns) != 1 || g.Via != nil || g.Spawns[0].Lit() == nil || g.Effect.Node != ast.Node(g.Last[0]) {
		return nil
	}
	a := &Address{}
	a.Write, _ = g.Effect.Node.(*ast.AssignStmt)
	if a.Write == nil || a.Write.Tok != token.ASSIGN || len(a.Write.Lhs) != 1 || len(a.Write.Rhs) != 1 || !isAddress(a.Write.Rhs[0]) {
		return nil
	}
	id, ok := a.Write.Lhs[0].(*ast.Ident)
	if !ok {
		return nil
	}
	a.Var, _ = m.Pkg.Info.Uses.Of(id).(*types.Var)
	list, i := siblings(g.Sleep.cur())
	for _, st := range list[:max(i, 0)] {
		d, ok := st.(*ast.DeclStmt)
		if !ok {
			continue
		}
		gen := d.Decl.(*ast.GenDecl)
		spec, ok := gen.Specs[0].(*ast.ValueSpec)
		if ok && len(gen.Specs) == 1 && len(spec.Names) == 1 && spec.Type != nil && len(spec.Values) == 0 && m.Pkg.Info.Defs.Of(spec.Names[0]) == types.Object(a.Var) {
			a.Decl, a.Type = d, spec.Type
		}
	}
	if a.Var == nil || a.Decl == nil {
		return nil
	}
	for _, cur := range m.references(a.Var) {
		if n := cur.Node(); n != ast.Node(id) && n.Pos() < g.Sleep.Stmt.Pos() {
			return nil
		}
	}
	return a
}

// isAddress reports whether an expression is x.Addr() or x.Addr().String().
func isAddress(e ast.Expr) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok || len(call.Args) > 0 {
		return false
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return ok && (sel.Sel.Name == "Addr" || sel.Sel.Name == "String" && isAddress(sel.X))
}
