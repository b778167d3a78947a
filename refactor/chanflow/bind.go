package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
)

// A binding is the assignment of a function to a variable: of a literal, or of
// a declared one or a method value.
type binding struct {
	obj types.Object
	fun ast.Expr
}

// assign notes an assignment to a variable; rhs is nil if it is no single
// expression.
func (b *builder) assign(lhs, rhs ast.Expr) {
	id, ok := ast.Unparen(lhs).(*ast.Ident)
	if !ok || id.Name == "_" {
		return
	}
	b.assigned = append(b.assigned, id)
	if rhs == nil {
		return
	}
	rhs = ast.Unparen(rhs)
	if call, ok := rhs.(*ast.CallExpr); ok && len(call.Args) == 1 && calledName(call) == "OnceFunc" && isFunc(b.Static(call), "sync", "OnceFunc") {
		rhs = ast.Unparen(call.Args[0]) // its calls run the literal, the first time
	}
	if _, lit := rhs.(*ast.FuncLit); !lit {
		if f, ok := b.used(rhs).(*types.Func); !ok || !b.Pkg.Declares(f) {
			return
		}
	}
	if obj := b.Pkg.Info.ObjectOf(id); obj != nil {
		b.bindings = append(b.bindings, binding{obj, rhs})
	}
}

// change notes that the value of a variable changes, or may through a pointer.
func (b *builder) change(x ast.Expr) {
	if id, ok := ast.Unparen(x).(*ast.Ident); ok {
		b.assigned = append(b.assigned, id, id)
	}
}

func (b *builder) assignment(n *ast.AssignStmt) {
	for i, lhs := range n.Lhs {
		switch {
		case n.Tok != token.ASSIGN && n.Tok != token.DEFINE:
			b.change(lhs)
		case len(n.Rhs) == len(n.Lhs):
			b.assign(lhs, n.Rhs[i])
		default:
			b.assign(lhs, nil)
		}
	}
	b.linkContext(n)
}

func (b *builder) declaration(n *ast.ValueSpec) {
	for i, name := range n.Names {
		if len(n.Values) == len(n.Names) {
			b.assign(name, n.Values[i])
		} else if len(n.Values) > 0 {
			b.assign(name, nil)
		}
	}
}

// parameters notes the assignments that a call makes.
func (b *builder) parameters(lists ...*ast.FieldList) {
	for _, list := range lists {
		if list == nil {
			continue
		}
		for _, field := range list.List {
			for _, name := range field.Names {
				b.assign(name, nil)
			}
		}
	}
}

// bind makes the variables that hold one function for all their life names of
// its frame: of a literal, a declared function, or a method of a variable that
// does not change either.
func (b *builder) bind() {
	for _, x := range b.bindings {
		f := b.function(x.fun)
		if f == nil || b.Assigned(x.obj) {
			continue
		}
		if f.Lit == nil {
			if sel, ok := x.fun.(*ast.SelectorExpr); ok && !b.Pkg.Info.Types.Of(sel.X).IsType() {
				if r := b.Ref(sel.X); r.Obj == nil || r.Obj != r.Base || b.Assigned(r.Obj) {
					continue
				}
			}
			if b.values == nil {
				b.values = make(map[types.Object]ast.Expr)
			}
			b.values[x.obj] = x.fun
		}
		b.byObj[x.obj] = f
	}
}

// A link is a cancel function and its context.
type link struct{ cancel, ctx types.Object }

// called returns what a call calls: for a variable that is bound to a method
// value, that.
func (m *Model) called(call *ast.CallExpr) ast.Expr {
	if id, ok := ast.Unparen(call.Fun).(*ast.Ident); ok {
		if fun := m.values[m.Pkg.Info.Uses.Of(id)]; fun != nil {
			return fun
		}
	}
	return call.Fun
}

// linkContext records ctx and cancel of `ctx, cancel := context.WithCancel(…)`.
func (b *builder) linkContext(n *ast.AssignStmt) {
	if len(n.Lhs) != 2 || len(n.Rhs) != 1 {
		return
	}
	call, ok := ast.Unparen(n.Rhs[0]).(*ast.CallExpr)
	if !ok {
		return
	}
	if f := b.Static(call); f == nil || f.Pkg() == nil || f.Pkg().Path() != "context" && f.Pkg().Path() != "os/signal" {
		return
	}
	ctx, cancel := b.Ref(n.Lhs[0]).Obj, b.Ref(n.Lhs[1]).Obj
	if ctx != nil && cancel != nil {
		b.links = append(b.links, link{cancel, ctx})
	}
}
