package chanflow

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A VainRecover is a call of recover that recovers nothing, because no deferred
// function calls it directly (Go spec, "Handling panics").
type VainRecover struct {
	Call *ast.CallExpr
	How  Vain

	// Defer is the defer statement that was meant to recover, or nil if there is
	// not exactly one: its call or an argument of it is recover, or it defers a
	// literal that does nothing but call the function that recovers.
	Defer *ast.DeferStmt
}

// Vain says why recover recovers nothing.
type Vain int

const (
	Deferred Vain = iota // defer recover(): no function calls it
	Argument             // defer f(recover()): the function that defers calls it
	Called               // in a function that is called, not deferred
)

// VainRecovers returns the calls of recover that recover nothing, in source
// order. A function that somebody out of sight may defer is given the benefit
// of the doubt.
func (m *Model) VainRecovers() []VainRecover {
	var out []VainRecover
	for i := range m.root.decls {
		if d := &m.root.decls[i]; d.walked[0].recovers < d.walked[1].recovers {
			out = m.vainIn(d.Decl, out)
		}
	}
	return out
}

// vainIn appends those of a declaration.
func (m *Model) vainIn(d ast.Decl, out []VainRecover) []VainRecover {
	ast.PreorderStack(d, nil, func(n ast.Node, stack []ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) > 0 {
			return true
		}
		id, ok := call.Fun.(*ast.Ident)
		if !ok {
			return true
		}
		if b, ok := m.Pkg.Info.Uses.Of(id).(*types.Builtin); ok && b.Name() == "recover" {
			if v, ok := m.vain(call, stack); ok {
				out = append(out, v)
			}
		}
		return true
	})
	return out
}

func (m *Model) vain(call *ast.CallExpr, stack []ast.Node) (VainRecover, bool) {
	v := VainRecover{Call: call, How: Called}
	i := len(stack) - 1
	for ; i >= 0; i-- {
		switch n := stack[i].(type) {
		case *ast.DeferStmt:
			switch {
			case n.Call == call:
				v.How, v.Defer = Deferred, n
				return v, true
			case slices.ContainsFunc(n.Call.Args, func(arg ast.Expr) bool { return within(arg, call) }):
				v.How, v.Defer = Argument, n
			}
			continue
		case *ast.FuncLit:
			if i < 2 {
				return v, false
			}
			run, ok := stack[i-1].(*ast.CallExpr)
			if !ok || run.Fun != n {
				return v, false // somebody may defer the value
			}
			_, deferred := stack[i-2].(*ast.DeferStmt)
			return v, !deferred
		case *ast.FuncDecl:
			f := m.frames[n]
			return v, f != nil && m.neverDeferred(f, &v)
		}
	}
	return v, false // the initialiser of a package variable
}

// neverDeferred reports whether nobody defers a declared function that calls
// recover. If the function is called only by a deferred literal that does
// nothing else, that is what was meant to recover.
func (m *Model) neverDeferred(f *Func, v *VainRecover) bool {
	calls, all := m.Callers(f)
	for _, call := range calls {
		cur, ok := m.root.FindNode(call)
		if !ok {
			return false
		}
		switch parent := cur.Parent(); parent.Node().(type) {
		case *ast.DeferStmt:
			return false
		case *ast.ExprStmt:
			if len(calls) == 1 && v.Defer == nil {
				v.Defer = onlyStmt(parent)
			}
		}
	}
	if v.How == Argument {
		return true // whoever defers this function does not mean to recover here
	}
	return all && len(calls) > 0 && f.Recv() == nil && !f.Obj.Exported()
}

// onlyStmt returns the statement that defers a literal with the statement as its
// whole body, or nil.
func onlyStmt(stmt inspector.Cursor) *ast.DeferStmt {
	body, ok := stmt.Parent().Node().(*ast.BlockStmt)
	if !ok || len(body.List) != 1 {
		return nil
	}
	lit := stmt.Parent().Parent()
	if k, _ := lit.ParentEdge(); k != edge.CallExpr_Fun {
		return nil
	}
	call := lit.Parent()
	if k, _ := call.ParentEdge(); k != edge.DeferStmt_Call || len(call.Node().(*ast.CallExpr).Args) > 0 {
		return nil
	}
	return call.Parent().Node().(*ast.DeferStmt)
}
