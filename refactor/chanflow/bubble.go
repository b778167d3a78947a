package chanflow

import (
	"go/ast"
	"go/types"
	"strings"
)

// InBubble reports whether f runs inside a testing/synctest bubble, where the
// clock is virtual, or is a helper of tests that is called or started in one: it
// may also run elsewhere, but what it sleeps is part of a test with that clock.
func (f *Func) InBubble() bool {
	in := f.model.bubbles()
	for ; f != nil; f = f.Outer {
		if f.Use == Bubble || in[f] {
			return true
		}
	}
	return false
}

type bubblesKey struct{}

// bubbles returns the functions that run in a bubble without being literals
// that are handed to one.
func (m *Model) bubbles() map[*Func]bool {
	if len(m.bubbled) == 0 {
		return nil
	}
	return m.Pkg.Memo(bubblesKey{}, func() any {
		b := &bubbles{m, make(map[*Func]bool), make(map[types.Object]bool)}
		for _, call := range m.bubbled {
			b.body(call.Args[len(call.Args)-1])
		}
		for _, f := range m.Funcs {
			if f.Use == Bubble {
				b.enter(f)
			}
		}
		return b.in
	}).(map[*Func]bool)
}

type bubbles struct {
	*Model
	in  map[*Func]bool
	via map[types.Object]bool // variables, parameters and fields whose function is run in a bubble
}

// body enters what is the value of an expression.
func (b *bubbles) body(e ast.Expr) {
	if f := b.function(e); f != nil {
		b.enter(f)
		return
	}
	obj, ok := b.Ref(e).Obj.(*types.Var)
	if !ok || b.via[obj] {
		return
	}
	b.via[obj] = true
	for _, n := range b.stores {
		switch n := n.(type) {
		case *ast.CompositeLit:
			for field, value := range b.FieldValues(n) {
				if field == obj {
					b.body(value)
				}
			}
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				if len(n.Lhs) == len(n.Rhs) && b.Ref(lhs).Obj == obj {
					b.body(n.Rhs[i])
				}
			}
		}
	}
	for _, f := range b.Funcs {
		for _, op := range f.Ops {
			if op.Kind != Call || op.Callee == nil {
				continue
			}
			for i, p := range op.Callee.Params() {
				if args := op.Node.(*ast.CallExpr).Args; p == obj && i < len(args) {
					b.body(args[i])
				}
			}
		}
	}
}

// enter notes f, and what is called or started by it and by the literals in it.
// The code under test mostly runs outside of tests.
func (b *bubbles) enter(f *Func) {
	if b.in[f] || !strings.HasSuffix(f.File.Name, "_test.go") {
		return
	}
	b.in[f] = true
	for _, op := range f.Ops {
		if op.Callee != nil {
			b.enter(op.Callee)
		}
	}
	for _, sp := range f.Spawns {
		if sp.Body != nil {
			b.enter(sp.Body)
		}
	}
	for _, lit := range b.Funcs {
		if lit.Outer == f {
			b.enter(lit)
		}
	}
}
