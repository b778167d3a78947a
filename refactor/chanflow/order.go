package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"iter"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// Before yields the statements that have run before stmt whenever stmt runs in
// its frame, nearest first: the ones ahead of it in its block, then those ahead
// of the statement that contains that block, and so on. It stops at the
// innermost loop, whose earlier iterations it does not follow.
func (m *Model) Before(stmt ast.Stmt) iter.Seq[ast.Stmt] {
	return func(yield func(ast.Stmt) bool) {
		cur, ok := m.root.FindNode(stmt)
		for ok {
			list, i := siblings(cur)
			for i--; i >= 0; i-- {
				if !yield(list[i]) {
					return
				}
			}
			cur, ok = container(cur, true)
		}
	}
}

// After yields the statements that may run after stmt in its frame, in order:
// the rest of its block, then what follows the statement that contains that
// block, and so on. It ends with a return; it does not follow loops back.
func (m *Model) After(stmt ast.Stmt) iter.Seq[ast.Stmt] {
	return func(yield func(ast.Stmt) bool) {
		cur, ok := m.root.FindNode(stmt)
		for ok {
			list, i := siblings(cur)
			for _, s := range list[i+1:] {
				if !yield(s) {
					return
				}
				if _, ok := s.(*ast.ReturnStmt); ok {
					return
				}
			}
			cur, ok = container(cur, false)
		}
	}
}

// siblings returns the statement list that cur is in and its index there.
func siblings(cur inspector.Cursor) ([]ast.Stmt, int) {
	k, i := cur.ParentEdge()
	switch p := cur.Parent().Node().(type) {
	case *ast.BlockStmt:
		return p.List, i
	case *ast.CaseClause:
		if k == edge.CaseClause_Body {
			return p.Body, i
		}
	case *ast.CommClause:
		if k == edge.CommClause_Body {
			return p.Body, i
		}
	}
	return []ast.Stmt{nil}, 0
}

// container returns the statement of the same frame whose block holds cur.
func container(cur inspector.Cursor, stopAtLoop bool) (inspector.Cursor, bool) {
	for c := cur.Parent(); ; c = c.Parent() {
		switch c.Node().(type) {
		case nil, *ast.FuncLit, *ast.FuncDecl, *ast.File:
			return c, false
		case *ast.ForStmt, *ast.RangeStmt:
			if stopAtLoop {
				return c, false
			}
			return c, true
		case *ast.IfStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt, *ast.LabeledStmt:
			if l, _ := c.ParentEdge(); l == edge.LabeledStmt_Stmt || l == edge.IfStmt_Else {
				continue
			}
			return c, true
		case *ast.BlockStmt:
			if k, _ := c.ParentEdge(); k == edge.BlockStmt_List {
				return c, true
			}
		}
	}
}

// Within yields the operations of the frame between two positions.
func (f *Func) Within(pos, end token.Pos) iter.Seq[*Op] {
	return func(yield func(*Op) bool) {
		for _, op := range f.Ops {
			if pos <= op.Node.Pos() && op.Node.End() <= end {
				if !yield(op) {
					return
				}
			}
		}
	}
}

// IsLoopVar reports whether a variable is declared by the head of a loop.
func (m *Model) IsLoopVar(obj types.Object) bool {
	cur, ok := m.root.FindByPos(obj.Pos(), obj.Pos())
	if !ok {
		return false
	}
	for c := range cur.Enclosing((*ast.ForStmt)(nil), (*ast.RangeStmt)(nil)) {
		switch n := c.Node().(type) {
		case *ast.ForStmt:
			return obj.Pos() < n.Body.Pos()
		case *ast.RangeStmt:
			return obj.Pos() < n.Body.Pos()
		}
	}
	return false
}
