package chanflow

import (
	"go/ast"
	"go/token"
	"slices"
)

// Default returns the default clause of a select on the signal that begins with
// the operation, if that can be a case of the select itself; else nil.
func (b *BareOp) Default() *ast.CommClause {
	c, ok := b.cur.Parent().Node().(*ast.CommClause)
	if !ok || c.Comm != nil || c.Body[0] != b.Stmt || b.Like == nil {
		return nil
	}
	sel := b.cur.Parent().Parent().Parent().Node().(*ast.SelectStmt)
	m := b.Op.Fn.model
	if !slices.Contains(sel.Body.List, ast.Stmt(b.Like)) || !m.still(b.Op.channel()) {
		return nil
	}
	if send, ok := b.Stmt.(*ast.SendStmt); ok && !m.still(send.Value) {
		return nil
	}
	return c
}

// still reports whether evaluating an expression has no effect and needs no
// waiting, so that it may happen once more often.
func (m *Model) still(e ast.Expr) bool {
	still := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			still = still && m.Pkg.Info.Types.Of(n.Fun).IsType()
		case *ast.UnaryExpr:
			still = still && n.Op != token.ARROW
		case *ast.IndexExpr, *ast.SliceExpr, *ast.TypeAssertExpr, *ast.StarExpr:
			still = false // may panic
		case *ast.FuncLit:
			return false
		}
		return still
	})
	return still
}

// Out returns the statement by which the frame leaves on the signal elsewhere,
// if that is all that it does there and it can do so where it sends; else nil.
func (b *BareOp) Out() ast.Stmt {
	if b.Like == nil || len(b.Like.Body) != 1 {
		return nil
	}
	m := b.Op.Fn.model
	switch st := b.Like.Body[0].(type) {
	case *ast.ReturnStmt:
		for _, r := range st.Results {
			if !m.repeatableAt(r, b.Op.Node.Pos()) && m.Pkg.Info.Types.Of(r).Value == nil {
				return nil
			}
		}
		if len(st.Results) == 0 && b.Op.Fn.Type.Results != nil {
			return nil // named results: what they are here is not known
		}
		return st
	case *ast.BranchStmt:
		if st.Tok == token.BREAK && st.Label != nil && b.Op.Loop() != nil && b.labelled(st.Label.Name) {
			return st
		}
	}
	return nil
}

// labelled reports whether the operation is inside of the statement with the
// label.
func (b *BareOp) labelled(name string) bool {
	for c := range b.Op.cur().Enclosing((*ast.LabeledStmt)(nil), (*ast.FuncLit)(nil)) {
		l, ok := c.Node().(*ast.LabeledStmt)
		if !ok {
			return false
		}
		if l.Label.Name == name {
			return true
		}
	}
	return false
}
