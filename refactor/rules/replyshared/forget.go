package replyshared

import (
	"go/ast"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
)

// forget removes the field, which nobody uses any more, and the value that a
// literal or an assignment gives it, where that is simple: nothing is commented
// on, and no literal goes by position. Else it stays.
func forget(pkg *refactor.Package, b *edit.Builder, s *chanflow.SharedReply) {
	field := s.Recv.Ref.Obj
	m := chanflow.Of(pkg)
	owner := m.OwnerOf(field)
	if owner == nil {
		return
	}
	st, positional := m.Layout(owner)
	if st == nil || len(positional) > 0 {
		return
	}
	var decls []ast.Node
	at := -1
	for i, f := range st.Fields.List {
		decls = append(decls, f)
		if len(f.Names) == 1 && pkg.Info.Defs.Of(f.Names[0]) == field {
			at = i
		}
	}
	if at < 0 || pkg.FileOf(st.Fields.List[at].Pos()).CommentsAt(st.Fields.List[at]) != "" {
		return
	}
	mk := s.Chan.Make
	if a, ok := mk.Stmt().(*ast.AssignStmt); ok && len(a.Lhs) == 1 && a.Rhs[0] == mk.Node {
		if pkg.FileOf(a.Pos()).CommentsAt(a) != "" {
			return
		}
		b.DeleteStmt(a)
	} else {
		lit, i := literal(mk)
		if lit == nil || pkg.FileOf(lit.Elts[i].Pos()).CommentsAt(lit.Elts[i]) != "" {
			return
		}
		var elts []ast.Node
		for _, e := range lit.Elts {
			elts = append(elts, e)
		}
		remove(b, elts, i)
	}
	remove(b, decls, at)
}

// literal returns the composite literal of which the make is the value of a
// field, and its index there; nil if there is none.
func literal(mk *chanflow.Op) (lit *ast.CompositeLit, at int) {
	ast.Inspect(mk.Fn.Body, func(n ast.Node) bool {
		if c, ok := n.(*ast.CompositeLit); ok {
			for i, e := range c.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok && ast.Unparen(kv.Value) == mk.Node {
					lit, at = c, i
				}
			}
		}
		return lit == nil
	})
	return lit, at
}

// remove deletes an element of a list with what separates it from the next one,
// or from the one before.
func remove(b *edit.Builder, list []ast.Node, i int) {
	switch {
	case i+1 < len(list) && !b.HasComment(list[i].End(), list[i+1].Pos()):
		b.Delete(list[i].Pos(), list[i+1].Pos())
	case i > 0:
		b.Delete(list[i-1].End(), list[i].End())
	default:
		b.Delete(list[i].Pos(), list[i].End())
	}
}
