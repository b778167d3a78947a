package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A starting is what makes a function of the package a starter: it starts its
// argument as a goroutine, whenever it is called, and does not wait for it.
//
//	func (g *group) Go(f func()) {
//		g.wg.Add(1)
//		go func() {
//			defer g.wg.Done()
//			f()
//		}()
//	}
//
// What it is called says nothing; what it does with the argument does. The
// goroutine begins with the argument, as far as anybody can wait for it: before
// that it takes no lock, waits for nothing and cannot end.
type starting struct {
	param int    // the argument
	spawn *Spawn // that runs it
	safe  bool   // the goroutine recovers from its panics
}

// starters finds the functions of the package that start their argument, and
// the calls of them. One that hands its own argument on is another.
func (b *builder) starters() {
	found := make(map[*Func]*starting)
	calls := make(map[*Func][]*Op)
	n := len(b.Spawns)
	for i := 0; i < len(b.Spawns); i++ { // grows
		f := b.Spawns[i].Fn
		if found[f] != nil {
			continue
		}
		st := b.starter(b.Spawns[i], found)
		if st == nil {
			continue
		}
		if len(found) == 0 {
			for _, f := range b.Funcs {
				for _, op := range f.Ops {
					if op.Kind == Call && op.Callee != nil && !op.Deferred {
						calls[op.Callee] = append(calls[op.Callee], op)
					}
				}
			}
		}
		found[f] = st
		for _, op := range calls[f] {
			b.startedBy(st, op)
		}
	}
	if n < len(b.Spawns) {
		slices.SortStableFunc(b.Spawns, inOrder)
		for _, f := range b.Funcs {
			slices.SortStableFunc(f.Spawns, inOrder)
		}
	}
}

func inOrder(a, b *Spawn) int { return int(a.Stmt.Pos() - b.Stmt.Pos()) }

// startedBy adds the spawn that a call of a starter is, if it is a statement.
func (b *builder) startedBy(st *starting, op *Op) {
	call := op.Node.(*ast.CallExpr)
	stmt, ok := op.cur().Parent().Node().(*ast.ExprStmt)
	if !ok || st.param >= len(call.Args) {
		return
	}
	s := &Spawn{Kind: Starter, Stmt: stmt, Call: call, Fn: op.Fn, arg: st.param, inner: st.spawn}
	b.resolve(s)
	if lit := s.Lit(); lit != nil {
		s.Body.Use = Spawned
		s.Body.guarded = st.safe
	}
	b.Spawns = append(b.Spawns, s)
	op.Fn.Spawns = append(op.Fn.Spawns, s)
}

// starter returns what makes the function that performs a spawn a starter, or
// nil if it is none.
func (b *builder) starter(sp *Spawn, known map[*Func]*starting) *starting {
	f := sp.Fn
	if len(f.Spawns) > 1 || len(f.Type.Params.List) == 0 || f.variadic() {
		return nil
	}
	st := &starting{spawn: sp}
	for i, p := range f.Params() {
		if p == nil {
			continue
		}
		if _, ok := p.Type().Underlying().(*types.Signature); !ok || b.only(p, f.Node()) == nil {
			continue
		}
		safe, runs := false, b.Ref(sp.Fun()).Obj == p
		switch {
		case runs:
		case sp.Lit() != nil:
			safe, runs = b.begins(sp.Body, p, nil)
		case sp.Kind == GoStmt && sp.Body != nil:
			safe, runs = b.beginsWith(sp.Body, sp.Call, p, nil)
		}
		if runs {
			st.param = i
			st.safe = safe || sp.inner != nil && known[b.Callee(sp.Call)].safe
			if !sp.Conditional() && sp.Loop() == nil && b.returnsAtOnce(f, sp) {
				return st
			}
		}
	}
	return nil
}

// only returns the only mention of a variable in a node, or nil.
func (m *Model) only(v types.Object, in ast.Node) (found *ast.Ident) {
	n := 0
	ast.Inspect(in, func(node ast.Node) bool {
		if id, ok := node.(*ast.Ident); ok && m.Pkg.Info.Uses.Of(id) == v {
			found = id
			n++
		}
		return n < 2
	})
	if n != 1 {
		return nil
	}
	return found
}

// begins reports whether the frame runs the function in a variable once, in any
// case, and before that does nothing that it may not come back from; and
// whether it recovers from its panics.
func (b *builder) begins(f *Func, fun types.Object, seen []*Func) (safe, ok bool) {
	if slices.Contains(seen, f) {
		return false, false
	}
	seen = append(seen, f)
	var at *Op
	for _, op := range f.Ops {
		if op.Kind != Call || op.Deferred || op.Once || op.Conditional() || op.Loop() != nil {
			continue
		}
		call := op.Node.(*ast.CallExpr)
		if op.Callee == nil {
			ok = op.Ref.Obj == fun && op.Ref.Obj == op.Ref.Base && !op.Ref.Elem
		} else {
			safe, ok = b.beginsWith(op.Callee, call, fun, seen)
		}
		if ok {
			at = op
			break
		}
	}
	if at == nil || !b.passes(f, at.Node.Pos()) {
		return false, false
	}
	return safe || f.Recovers(), true
}

// beginsWith reports it of a call that gets the function as an argument.
func (b *builder) beginsWith(f *Func, call *ast.CallExpr, fun types.Object, seen []*Func) (safe, ok bool) {
	params := f.Params()
	for i, arg := range call.Args {
		if id, isID := ast.Unparen(arg).(*ast.Ident); !isID || b.Pkg.Info.Uses.Of(id) != fun {
			continue
		}
		if i >= len(params) || params[i] == nil || f.variadic() || b.only(params[i], f.Node()) == nil {
			return false, false
		}
		return b.begins(f, params[i], seen)
	}
	return false, false
}

// passes reports whether what the frame does before a position is known to go
// on by itself, without a lock and without leaving.
func (b *builder) passes(f *Func, to token.Pos) bool {
	for _, s := range f.Body.List {
		if _, deferred := s.(*ast.DeferStmt); !deferred && s.End() <= to && (b.Resident(s) || b.mayWait([]ast.Stmt{s}, nil) != nil) {
			return false
		}
	}
	for op := range f.Within(f.Body.Pos(), to) {
		if op.Deferred {
			continue
		}
		switch {
		case op.Kind == Lock, op.Kind == RLock, op.Kind == Exit && op.Exit != Halt:
			return false
		case op.Kind == Call && (op.Callee == nil || op.Callee.locks(nil) || op.Callee.mayGoexit(nil)):
			return false
		}
	}
	return !slices.ContainsFunc(f.Sleeps, func(s *Sleep) bool { return s.Stmt.Pos() < to })
}

// locks reports whether a call of f may take a lock.
func (f *Func) locks(seen []*Func) bool {
	if slices.Contains(seen, f) {
		return false
	}
	seen = append(seen, f)
	return slices.ContainsFunc(f.Ops, func(op *Op) bool {
		return op.Kind == Lock || op.Kind == RLock || op.Kind == Call && op.Callee != nil && op.Callee.locks(seen)
	})
}

// returnsAtOnce reports whether a function performs a spawn whenever it is
// called, no other, and then returns without waiting for anybody.
func (b *builder) returnsAtOnce(f *Func, sp *Spawn) bool {
	for _, s := range f.Body.List {
		if s.Pos() >= sp.Stmt.End() && b.Resident(s) {
			return false
		}
	}
	for _, op := range f.Ops {
		before := op.Node.Pos() < sp.Stmt.Pos() && !op.Deferred
		switch op.Kind {
		case Exit:
			if before && op.Exit == Return {
				return false
			}
		case Wait, Recv, Send, Select, Serve:
			if !before {
				return false
			}
		case Call:
			if op.Node != sp.Call && (op.Callee == nil || len(op.Callee.Starts()) > 0 || !before && op.Callee.MayStay()) {
				return false
			}
		}
	}
	return !slices.ContainsFunc(f.Sleeps, func(s *Sleep) bool { return s.Stmt.Pos() > sp.Stmt.Pos() })
}

// Counted reports whether somebody else is told when the goroutine has ended
// than its body does: a group, by itself or through a starter.
func (s *Spawn) Counted() bool {
	switch s.Kind {
	case GroupGo, ErrgroupGo:
		return true
	case Starter:
		return len(s.Fn.model.signalsOf(s.inner)) > 0
	}
	return false
}
