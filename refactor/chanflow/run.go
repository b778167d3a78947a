package chanflow

import (
	"go/ast"
	"go/types"
	"iter"
)

// A Run is all that happens on one goroutine, as far as the package shows it:
// the spawned body, the functions of the package that it calls, the literals
// that it passes to calls, and the methods of the package behind its calls of
// unexported interfaces.
type Run struct {
	Spawn  *Spawn
	steps  []*step
	byFunc map[*Func]*step
}

// A step is one frame of a run, reached through the first call found.
type step struct {
	fn  *Func
	via *Op // the call in the frame of from; nil where no arguments are known
	up  *step
}

// Run returns what happens on the goroutine; its body must be known.
func (m *Model) Run(sp *Spawn) *Run {
	sp.runOnce.Do(func() { sp.run = m.runOf(sp) })
	return sp.run
}

func (m *Model) runOf(sp *Spawn) *Run {
	r := &Run{Spawn: sp, byFunc: make(map[*Func]*step)}
	r.add(sp.Body, nil, nil)
	for i := 0; i < len(r.steps); i++ {
		s := r.steps[i]
		for _, op := range s.fn.Ops {
			if op.Kind != Call {
				continue
			}
			if op.Callee != nil {
				r.add(op.Callee, op, s)
				continue
			}
			for _, impl := range m.implementations(m.Static(op.Node.(*ast.CallExpr))) {
				r.add(impl, nil, s)
			}
		}
		for _, f := range m.passed()[s.fn] {
			r.add(f, nil, s)
		}
	}
	return r
}

type passedKey struct{}

// passed returns the literals that a frame hands on, to be called by others, by
// the frame.
func (m *Model) passed() map[*Func][]*Func {
	return m.Pkg.Memo(passedKey{}, func() any {
		out := make(map[*Func][]*Func)
		for _, f := range m.Funcs {
			if f.Use == Passed || f.Use == Returned {
				out[f.Outer] = append(out[f.Outer], f)
			}
		}
		return out
	}).(map[*Func][]*Func)
}

func (r *Run) add(f *Func, via *Op, up *step) {
	if f != nil && r.byFunc[f] == nil {
		s := &step{f, via, up}
		r.byFunc[f] = s
		r.steps = append(r.steps, s)
	}
}

// implementations returns the methods of the package that a call of a method of
// an unexported interface of the package may run.
func (m *Model) implementations(f *types.Func) (out []*Func) {
	if f == nil || !m.Pkg.Declares(f) || f.Signature().Recv() == nil {
		return nil
	}
	iface, ok := f.Signature().Recv().Type().Underlying().(*types.Interface)
	if !ok {
		return nil
	}
	for _, g := range m.methods()[f.Name()] {
		if t := g.Obj.Signature().Recv().Type(); types.Implements(t, iface) || types.Implements(types.NewPointer(t), iface) {
			out = append(out, g)
		}
	}
	return out
}

type methodsKey struct{}

// methods returns the methods that the package declares, by name.
func (m *Model) methods() map[string][]*Func {
	return m.Pkg.Memo(methodsKey{}, func() any {
		out := make(map[string][]*Func)
		for _, f := range m.Funcs {
			if f.Recv() != nil {
				out[f.Obj.Name()] = append(out[f.Obj.Name()], f)
			}
		}
		return out
	}).(map[string][]*Func)
}

// Has reports whether the function may run on the goroutine.
func (r *Run) Has(f *Func) bool { return r.byFunc[f] != nil }

// endsWith reports whether the goroutine ends, or may, when the function that
// it runs returns.
func (r *Run) endsWith(f *Func) bool {
	for s := r.byFunc[f]; s.up != nil; s = s.up {
		if s.via == nil || !f.model.leavesBehind(s.via) {
			return false
		}
	}
	return true
}

// Ops yields the operations of the goroutine, each with its reference in the
// spawner's terms; Obj is nil for what is local to the goroutine.
func (r *Run) Ops() iter.Seq2[*Op, Ref] {
	return func(yield func(*Op, Ref) bool) {
		for _, s := range r.steps {
			for _, op := range s.fn.Ops {
				if !yield(op, r.Spawn.Outside(s.outside(op.Ref))) {
					return
				}
			}
		}
	}
}

// outside translates a reference of the step to the terms of the spawned body.
func (s *step) outside(ref Ref) Ref {
	at := s
	for ; at.up != nil && ref.Obj != nil; at = at.up {
		if at.via != nil {
			ref = at.fn.outside(ref, at.via.Node.(*ast.CallExpr))
		}
	}
	return ref
}

// Locks returns the locks that the goroutine takes, with one operation each.
func (r *Run) Locks() map[types.Object]*Op {
	out := make(map[types.Object]*Op)
	for op, ref := range r.Ops() {
		if op.Kind == Lock || op.Kind == RLock {
			obj := ref.Obj
			if v, ok := op.Ref.Obj.(*types.Var); ok && v.IsField() {
				obj = v // of whichever value
			}
			if obj != nil && out[obj] == nil {
				out[obj] = op
			}
		}
	}
	return out
}

// Tells returns an operation by which the goroutine may tell others that it
// has ended or is about to: a close, a Done, or another way to wake a waiter.
// nil if there is none.
func (r *Run) Tells(signal types.Object) ast.Node {
	m := r.Spawn.Fn.model
	for op, ref := range r.Ops() {
		switch op.Kind {
		case Close, Done, Cancel:
			if v, ok := ref.Obj.(*types.Var); ok && !m.SameSignal(v, signal) && (v.IsField() || !r.owns(v)) {
				return op.Node
			}
		}
	}
	for _, s := range r.steps {
		var tells ast.Node
		s.calls(func(call *ast.CallExpr) {
			sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
			if !ok || tells != nil {
				return
			}
			switch sel.Sel.Name {
			case "Broadcast", "Signal", "Fire":
				tells = call
			case "Done":
				if !isContext(m.Pkg.Info.TypeOf(sel.X)) {
					tells = call
				}
			}
		})
		if tells != nil {
			return tells
		}
	}
	return nil
}

func (r *Run) owns(obj types.Object) bool {
	for _, s := range r.steps {
		if s.fn.Owns(obj) {
			return true
		}
	}
	return false
}

// calls visits the calls that the frame makes itself.
func (s *step) calls(visit func(*ast.CallExpr)) {
	ast.Inspect(s.fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return s.fn.model.frames[n] == s.fn
		case *ast.GoStmt:
			return false
		case *ast.CallExpr:
			visit(n)
		}
		return true
	})
}
