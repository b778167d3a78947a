package chanflow

import (
	"go/ast"
	"go/types"
	"slices"
)

// A Common is a struct that both the function which starts a goroutine and the
// frame which calls that function know by a name: its fields carry from the one
// to the other what the goroutine's own variables cannot.
type Common struct {
	Owner   *types.TypeName
	Struct  *ast.StructType
	Starter string // what the function that starts the goroutine calls it
	Sleeper string // what the frame with the sleep calls it
}

// Common returns the struct that a method or constructor, through which the
// goroutine is started, has in common with the frame of the sleep. It is nil
// unless both mean the same value for certain: that of a variable which is
// assigned once, and of the very type, as an embedded one's field may be hidden.
func (g *Guess) Common() *Common {
	if g.Via == nil {
		return nil
	}
	m := g.Sleep.Fn.model
	starter := g.Spawns[0].Fn
	c := &Common{}
	var x ast.Expr
	if r := starter.Recv(); r != nil {
		pointer, tn := typeOf(r.Type())
		sel, ok := ast.Unparen(g.Via.Node.(*ast.CallExpr).Fun).(*ast.SelectorExpr)
		if !pointer || !ok || r.Name() == "" || r.Name() == "_" || m.Assigned(r) {
			return nil
		}
		x, c.Owner, c.Starter = sel.X, tn, r.Name()
	} else {
		tn, v := m.constructs(starter)
		if tn == nil || m.Assigned(v) {
			return nil
		}
		if x = m.resultIn(g.Via, starter, v); x == nil {
			return nil
		}
		c.Owner, c.Starter = tn, v.Name()
	}
	id, ok := ast.Unparen(x).(*ast.Ident)
	if !ok || c.Owner == nil || c.Owner.Pkg() != m.Pkg.Types {
		return nil
	}
	v, ok := m.Pkg.Info.ObjectOf(id).(*types.Var)
	if !ok || m.Assigned(v) || v.Parent() == m.Pkg.Types.Scope() {
		return nil
	}
	if _, tn := typeOf(v.Type()); tn != c.Owner {
		return nil
	}
	c.Sleeper = id.Name
	var positional []*ast.CompositeLit
	if c.Struct, positional = m.Layout(c.Owner); c.Struct == nil || len(positional) > 0 {
		return nil // a literal without keys would lack a value
	}
	return c
}

// resultIn returns the variable that is assigned what a constructor returns in
// the variable v; nil if it may return anything else, as a failed one does.
func (m *Model) resultIn(call *Op, f *Func, v types.Object) ast.Expr {
	as, ok := call.Stmt().(*ast.AssignStmt)
	if !ok || len(as.Rhs) != 1 || ast.Unparen(as.Rhs[0]) != call.Node {
		return nil
	}
	at := -1
	for _, op := range f.Ops {
		if op.Kind != Exit || op.Exit != Return {
			continue
		}
		ret, ok := op.Node.(*ast.ReturnStmt)
		if !ok || len(ret.Results) != len(as.Lhs) {
			return nil
		}
		i := slices.IndexFunc(ret.Results, func(e ast.Expr) bool { return m.Ref(e).Obj == v })
		if i < 0 || at >= 0 && i != at {
			return nil
		}
		at = i
	}
	if at < 0 {
		return nil
	}
	return as.Lhs[at]
}
