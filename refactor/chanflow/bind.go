package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
)

// A span is a range of a list.
type span struct{ from, to int }

// A binding is the assignment of a function literal to a variable.
type binding struct {
	obj types.Object
	lit *ast.FuncLit
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
	if lit, ok := rhs.(*ast.FuncLit); ok {
		if obj := b.Pkg.Info.ObjectOf(id); obj != nil {
			b.lits = append(b.lits, binding{obj, lit})
		}
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

// bind makes the variables that hold one function literal for all their life
// names of its frame.
func (b *builder) bind() {
	for _, x := range b.lits {
		if f := b.frames[x.lit]; f != nil && f.Lit == x.lit && !b.Assigned(x.obj) {
			b.byObj[x.obj] = f
		}
	}
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
		b.ctxOf[cancel] = ctx
	}
}
