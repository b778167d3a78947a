package chanflow

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

// turns returns the most turns that a loop takes.
func (k *counter) turns(loop inspector.Cursor) (Most, bool) {
	switch n := loop.Node().(type) {
	case *ast.RangeStmt:
		return k.length(n.X, n)
	case *ast.ForStmt:
		i, limit, ok := k.model.countsUp(n)
		if !ok {
			return Most{}, false
		}
		if call, ok := ast.Unparen(limit).(*ast.CallExpr); ok && i == 0 {
			if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "len" && len(call.Args) == 1 {
				return k.length(call.Args[0], n)
			}
		}
		v, ok := k.constant(limit)
		if !ok {
			return Most{}, false
		}
		if n.Cond.(*ast.BinaryExpr).Op == token.LEQ {
			return Most{N: max(v.N-i+1, 0)}, true
		}
		if i != 0 {
			v = Most{N: max(v.N-i, 0)}
		}
		return v, true
	}
	return Most{}, false
}

func (k *counter) constant(e ast.Expr) (Most, bool) {
	v := k.model.Pkg.Info.Types.Of(e).Value
	if v == nil {
		return Most{}, false
	}
	n, ok := constant.Int64Val(constant.ToInt(v))
	b := Most{N: n}
	if id, isIdent := ast.Unparen(e).(*ast.Ident); isIdent && k.knownAtMake(id) {
		b.Via = id
	}
	return b, ok && n >= 0
}

// length returns the number of turns of a range over e: a constant, or the
// length of a variable that is the same where the channel is made.
func (k *counter) length(e ast.Expr, loop ast.Stmt) (Most, bool) {
	t := k.model.Pkg.Info.TypeOf(e)
	if t == nil {
		return Most{}, false
	}
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	switch t := t.Underlying().(type) {
	case *types.Array:
		return Most{N: t.Len()}, true
	case *types.Basic:
		if t.Info()&types.IsInteger != 0 {
			return k.constant(e)
		}
	case *types.Slice:
		id, ok := ast.Unparen(e).(*ast.Ident)
		if ok && covers(k.Make.Fn.Node(), loop.Pos()) && k.knownAtMake(id) && k.unchanged(id) {
			return Most{Len: id}, true
		}
	}
	return Most{}, false
}

// knownAtMake reports whether the identifier means the same where the channel
// is made.
func (k *counter) knownAtMake(id *ast.Ident) bool {
	at := k.Make.Node.Pos()
	scope := k.model.Pkg.Types.Scope().Innermost(at)
	if scope == nil {
		return false
	}
	_, obj := scope.LookupParent(id.Name, at)
	return obj != nil && obj == k.model.Pkg.Info.Uses.Of(id)
}

// unchanged reports whether a local variable is assigned nowhere after the
// channel is made, and nowhere at all through a pointer or in a literal.
func (k *counter) unchanged(id *ast.Ident) bool {
	obj := k.model.Pkg.Info.Uses.Of(id)
	maker := k.Make.Fn.Top()
	if !maker.Owns(obj) {
		return false
	}
	if !k.model.Assigned(obj) && k.Make.Fn.Owns(obj) && !isParam(k.Make.Fn, obj) {
		return true
	}
	same := true
	ast.Inspect(maker.Body, func(n ast.Node) bool {
		check := func(e ast.Expr, from token.Pos) {
			x, ok := ast.Unparen(e).(*ast.Ident)
			if ok && k.model.Pkg.Info.Uses.Of(x) == obj && (from > k.Make.Node.Pos() || k.model.FuncOf(from) != k.Make.Fn) {
				same = false
			}
		}
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				check(lhs, n.Pos())
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				check(n.X, k.Make.Node.End())
			}
		case *ast.RangeStmt:
			if n.Key != nil {
				check(n.Key, n.Pos())
			}
			if n.Value != nil {
				check(n.Value, n.Pos())
			}
		}
		return same
	})
	return same && k.Make.Loop() == nil
}

func isParam(f *Func, obj types.Object) bool {
	for _, p := range f.Params() {
		if p == obj {
			return true
		}
	}
	return false
}

// countsUp matches for i := first; i < limit; i++ with a constant first and an
// i that the body leaves alone.
func (m *Model) countsUp(n *ast.ForStmt) (first int64, limit ast.Expr, ok bool) {
	init, ok1 := n.Init.(*ast.AssignStmt)
	cond, ok2 := n.Cond.(*ast.BinaryExpr)
	post, ok3 := n.Post.(*ast.IncDecStmt)
	if !ok1 || !ok2 || !ok3 || len(init.Lhs) != 1 || len(init.Rhs) != 1 || post.Tok != token.INC || cond.Op != token.LSS && cond.Op != token.LEQ {
		return 0, nil, false
	}
	id, ok := init.Lhs[0].(*ast.Ident)
	if !ok || init.Tok != token.DEFINE {
		return 0, nil, false
	}
	obj := m.Pkg.Info.Defs.Of(id)
	isVar := func(e ast.Expr) bool {
		x, ok := ast.Unparen(e).(*ast.Ident)
		return ok && m.Pkg.Info.Uses.Of(x) == obj
	}
	v := m.Pkg.Info.Types.Of(init.Rhs[0]).Value
	if v == nil || !isVar(cond.X) || !isVar(post.X) {
		return 0, nil, false
	}
	first, ok = constant.Int64Val(constant.ToInt(v))
	alone := true
	ast.Inspect(n.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				alone = alone && !isVar(lhs)
			}
		case *ast.IncDecStmt:
			alone = alone && !isVar(n.X)
		case *ast.UnaryExpr:
			alone = alone && !(n.Op == token.AND && isVar(n.X))
		}
		return alone
	})
	return first, cond.Y, ok && first >= 0 && alone
}
