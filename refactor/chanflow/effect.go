package chanflow

import (
	"go/ast"
	"go/types"
)

// An Effect is something that a call of a function may do: an operation on a
// channel, lock, WaitGroup or context, named by its variable or field.
type Effect struct {
	Kind OpKind
	Obj  types.Object // nil for a Spawn of something opaque
}

// Does reports whether calling f may perform the operation on the variable or
// field, itself or through functions of the package that it calls. What the
// goroutines do that it starts does not count.
func (f *Func) Does(kind OpKind, obj types.Object) bool {
	return obj != nil && f.model.effects[f][Effect{kind, obj}]
}

// Effects returns all that calling f may do, in no particular order.
func (f *Func) Effects() map[Effect]bool { return f.model.effects[f] }

// Starts returns the spawns that calling f may perform, in source order per
// function.
func (f *Func) Starts() []*Spawn {
	var out []*Spawn
	seen := make(map[*Func]bool)
	var visit func(*Func)
	visit = func(f *Func) {
		if f == nil || seen[f] {
			return
		}
		seen[f] = true
		out = append(out, f.Spawns...)
		for _, op := range f.Ops {
			if op.Kind == Call {
				visit(op.Callee)
			}
		}
	}
	visit(f)
	return out
}

// propagate computes the effects of every function to a fixpoint over the
// calls within the package. Effects are finite in number, so it ends.
func (m *Model) propagate() {
	m.effects = make(map[*Func]map[Effect]bool, len(m.Funcs))
	callers := make(map[*Func][]*Op)
	var work []*Func
	for _, f := range m.Funcs {
		set := make(map[Effect]bool)
		for _, op := range f.Ops {
			switch op.Kind {
			case Call:
				if op.Callee != nil {
					callers[op.Callee] = append(callers[op.Callee], op)
				}
			case Exit, Select:
			default:
				if op.Ref.Obj != nil {
					set[Effect{op.Kind, op.Ref.Obj}] = true
				}
			}
		}
		m.effects[f] = set
		if len(set) > 0 {
			work = append(work, f)
		}
	}
	for len(work) > 0 {
		f := work[len(work)-1]
		work = work[:len(work)-1]
		for _, op := range callers[f] {
			into := m.effects[op.Fn]
			before := len(into)
			for e := range m.effects[f] {
				if obj := f.translate(e.Obj, op); obj != nil {
					into[Effect{e.Kind, obj}] = true
				}
			}
			if len(into) > before {
				work = append(work, op.Fn)
			}
		}
	}
}

// translate returns what an object that f operates on is called by the caller:
// the argument for a parameter; fields, globals and captured variables keep
// their identity; locals of f mean nothing to the caller.
func (f *Func) translate(obj types.Object, call *Op) types.Object {
	if v, ok := obj.(*types.Var); ok && v.IsField() || !f.Owns(obj) {
		return obj
	}
	return f.outside(Ref{Obj: obj, Base: obj}, call.Node.(*ast.CallExpr)).Obj
}
