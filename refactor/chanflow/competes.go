package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// competes reports whether a case stands in a select beside one that receives
// from the channel, and leads away from it.
func (k *counter) competes(clause *ast.CommClause, poll bool) bool {
	beside := false
	for _, r := range k.Recvs {
		if r.Select == nil || !slices.Contains(r.Select.Body.List, ast.Stmt(clause)) {
			continue
		}
		if clause.Comm != nil && covers(clause.Comm, r.Node.Pos()) {
			return false
		}
		if clause.Comm == nil && poll {
			return false // it will come again
		}
		if (k.flagged(r) || k.gathers(r) || k.counted(r, clause)) && !leavesLoopIn(clause.Body) {
			return false
		}
		if k.leavesAfter(r, clause) {
			return false
		}
		beside = true
	}
	return beside
}

// gathers reports whether a case that receives is in a loop that takes at least
// as many turns as its select has cases, each of which receives from a channel
// that the same function has made: it takes what comes, in any order.
func (k *counter) gathers(r *Op) bool {
	cur, ok := k.model.root.FindNode(r.Select)
	if !ok {
		return false
	}
	loop := r.Loop()
	for cur.Node() != loop {
		if cur.Node() == nil {
			return false
		}
		cur = cur.Parent()
	}
	if turns, ok := k.turns(cur); !ok || turns.Len != nil || turns.N < int64(len(r.Select.Body.List)) {
		return false
	}
	for op := range r.Fn.Within(r.Select.Pos(), r.Select.End()) {
		if op.Select != r.Select {
			continue
		}
		if _, made := k.model.Capacity(op.Ref.Obj); op.Kind != Recv || op.Ref.Context || !made || !r.Fn.Owns(op.Ref.Obj) {
			return false
		}
	}
	return !hasDefault(r.Select)
}

// leavesAfter reports whether a case leaves the loop around its select only under
// a condition on what the receive has set, in a case of its own: not before it.
func (k *counter) leavesAfter(r *Op, clause *ast.CommClause) bool {
	loop := r.Loop()
	if loop == nil || covers(loop, k.Make.Node.Pos()) || !leavesLoopIn(clause.Body) {
		return false
	}
	set := k.setBy(r)
	var list []ast.Stmt
	for _, st := range clause.Body {
		check, ok := st.(*ast.IfStmt)
		if !ok || !slices.ContainsFunc(set, func(obj types.Object) bool { return k.model.requires(check.Cond, obj) }) {
			list = append(list, st)
		} else if check.Else != nil {
			list = append(list, check.Else)
		}
	}
	return !leavesLoopIn(list)
}

// requires reports whether a condition only holds if the variable is set: it is
// true, or not nil.
func (m *Model) requires(cond ast.Expr, obj types.Object) bool {
	switch x := ast.Unparen(cond).(type) {
	case *ast.Ident:
		return m.Pkg.Info.Uses.Of(x) == obj
	case *ast.BinaryExpr:
		switch x.Op {
		case token.LAND:
			return m.requires(x.X, obj) || m.requires(x.Y, obj)
		case token.NEQ:
			return m.Pkg.Info.Types.Of(x.Y).IsNil() && m.requires(x.X, obj)
		}
	}
	return false
}

// setBy returns what the case of a receive assigns to.
func (k *counter) setBy(r *Op) (set []types.Object) {
	for _, c := range r.Select.Body.List {
		if c := c.(*ast.CommClause); c.Comm != nil && covers(c.Comm, r.Node.Pos()) {
			ast.Inspect(c, func(n ast.Node) bool {
				var to []ast.Expr
				switch n := n.(type) {
				case *ast.AssignStmt:
					to = n.Lhs
				case *ast.IncDecStmt:
					to = []ast.Expr{n.X}
				}
				for _, lhs := range to {
					if obj := k.model.Ref(lhs).Obj; obj != nil {
						set = append(set, obj)
					}
				}
				return true
			})
		}
	}
	return set
}

// flagged reports whether a case that receives in a loop sets a variable that
// decides whether the loop goes on: it then ends with the receive.
func (k *counter) flagged(r *Op) bool {
	loop := r.Loop()
	if loop == nil || covers(loop, k.Make.Node.Pos()) {
		return false
	}
	set := k.setBy(r)
	flagged := false
	ast.Inspect(loop, func(n ast.Node) bool {
		var cond ast.Expr
		switch n := n.(type) {
		case *ast.ForStmt:
			cond = n.Cond
		case *ast.IfStmt:
			cond = n.Cond
		}
		if cond != nil {
			flagged = flagged || slices.ContainsFunc(set, func(obj types.Object) bool { return k.model.Mentions(obj, cond) })
		}
		return true
	})
	return flagged
}
