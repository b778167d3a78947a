package chanflow

import (
	"go/ast"
	"go/types"
	"time"
)

// guessFinished recognises goroutines that end by themselves and whose effects
// are looked at after the sleep; or, in main, whose work would be cut off.
func (m *Model) guessFinished(g *Guess) bool {
	for _, sp := range g.Spawns {
		if sp.Body.MayStay() || m.delays(sp) || outlasts(sp, g.Sleep) || m.mayBlockInside(sp.Body, nil) {
			return false
		}
	}
	if g.Via != nil {
		return false // not ours to join from outside
	}
	for _, sp := range g.Spawns {
		if join := m.joinedAfter(sp, g.Sleep); join != nil {
			if len(g.Spawns) == 1 && m.next(g.Sleep) == join.Stmt() && m.waitsForAll(join, sp) {
				g.Event, g.Next = Joined, join
				return true
			}
			return false // the sleep was never a completion wait
		}
	}
	for _, sp := range g.Spawns {
		list := sp.Body.Body.List
		e, use := m.observed(sp, list, g)
		if e != nil && m.answersBefore(sp, g.Sleep, e, use) {
			return false
		}
		// Where the guess was right, the goroutine got as far as its effect
		// while the parent slept. What comes after that may wait for the parent.
		if m.mayWait(behind(list, e), nil) != nil {
			return false
		}
		if e != nil && g.Effect == nil {
			g.Effect, g.Use = e, use
		}
	}
	if g.Effect == nil {
		g.Checks = m.checks(g)
	}
	if g.Effect == nil && g.Checks == nil && !g.Sleep.Fn.IsMain() {
		return false
	}
	g.Event = Finished
	return true
}

// behind returns the statements of the list that follow the one with the
// effect, or all of them if there is none.
func behind(list []ast.Stmt, e *Mutation) []ast.Stmt {
	if e == nil {
		return list
	}
	for i, s := range list {
		if e.Node.End() <= s.End() {
			return list[i+1:]
		}
	}
	return nil
}

// mayWait returns a call in the statements that leaves the package and is not
// known to return whatever the parent does, or nil: of a function of another
// package, a dynamic one, or one that reads or writes what somebody else must
// write or read.
func (m *Model) mayWait(list []ast.Stmt, seen map[*Func]bool) (found *ast.CallExpr) {
	if seen == nil {
		seen = make(map[*Func]bool)
	}
	for _, s := range list {
		ast.Inspect(s, func(n ast.Node) bool {
			if m.runsElsewhere(n) {
				return false
			}
			call, ok := n.(*ast.CallExpr)
			if !ok || found != nil {
				return found == nil
			}
			targets := m.Targets(call)
			for _, t := range targets {
				if !seen[t] {
					seen[t] = true
					if t.MayStay() || m.mayWait(t.Body.List, seen) != nil {
						found = call
					}
				}
			}
			if tv := m.Pkg.Info.Types.Of(call.Fun); len(targets) == 0 && !tv.IsType() && !tv.IsBuiltin() && !m.inPlace(call) && !m.handlesTest(call) {
				static := m.Static(call)
				if static == nil || (mayBlock(static) || exchanges(static)) && !m.readsBody(call) {
					found = call
				}
			}
			return found == nil
		})
	}
	return found
}

// WaitsFirst returns a call in the statements, which a goroutine runs before it
// has started, that may wait for what its parent does next, or nil. To connect
// to somebody needs no more than that they listen.
func (m *Model) WaitsFirst(list []ast.Stmt) *ast.CallExpr {
	call := m.mayWait(list, nil)
	if call == nil || isFunc(m.Static(call), "net", "Dial") {
		return nil
	}
	return call
}

// checks returns an assertion that one of the goroutines makes about the test,
// or nil: the test must wait for it, or it may end before.
func (m *Model) checks(g *Guess) (found *ast.CallExpr) {
	for _, sp := range g.Spawns {
		ast.Inspect(sp.Body.Body, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || found != nil {
				return found == nil
			}
			if m.handlesTest(call) {
				found = call
			}
			return true
		})
	}
	return found
}

// handlesTest reports whether a call checks something for a test: an assertion
// of a library, or t.Error and its kin.
func (m *Model) handlesTest(call *ast.CallExpr) bool {
	f := m.Static(call)
	if f == nil {
		return false
	}
	if f.Pkg() != nil && f.Pkg().Path() == "testing" {
		switch f.Name() {
		case "Error", "Errorf", "Fail", "Fatal", "Fatalf", "FailNow":
			return true
		}
		return false
	}
	for _, arg := range call.Args {
		if t := m.Pkg.Info.TypeOf(arg); t != nil && isTesting(t) {
			return true
		}
	}
	return specChecks(f)
}

// specChecks reports whether a function checks something for a spec of Ginkgo at
// once: unlike those of Gomega that poll.
func specChecks(f *types.Func) bool {
	if f.Pkg() == nil {
		return false
	}
	switch f.Pkg().Path() {
	case "github.com/onsi/ginkgo", "github.com/onsi/ginkgo/v2":
		return f.Name() == "GinkgoRecover" || f.Name() == "Fail"
	case "github.com/onsi/gomega":
		return f.Signature().Recv() == nil && !startsWith(f.Name(), "Eventually", "Consistently")
	case "github.com/onsi/gomega/types":
		recv := f.Signature().Recv()
		return recv != nil && isNamed(recv.Type(), f.Pkg().Path(), "Assertion")
	}
	return false
}

// mayBlockInside reports whether the frame calls something outside of the
// package that is not known to return by itself: such a goroutine may not be
// finished but blocked when the sleep ends, and the parent goes on to release
// it.
func (m *Model) mayBlockInside(f *Func, seen map[*Func]bool) bool {
	if seen == nil {
		seen = make(map[*Func]bool)
	}
	if seen[f] {
		return false
	}
	seen[f] = true
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if m.runsElsewhere(n) {
			return false
		}
		call, ok := n.(*ast.CallExpr)
		if !ok || found {
			return !found
		}
		if targets := m.Targets(call); len(targets) > 0 {
			for _, t := range targets {
				found = found || t.MayStay() || m.mayBlockInside(t, seen)
			}
		} else if tv := m.Pkg.Info.Types.Of(call.Fun); !tv.IsType() && !tv.IsBuiltin() && !m.inPlace(call) && !m.handlesTest(call) {
			static := m.Static(call)
			found = static == nil || mayBlock(static) && !m.readsBody(call)
		}
		return !found
	})
	return found
}

// inPlace reports whether a call runs, or defers, a literal of the frame.
func (m *Model) inPlace(call *ast.CallExpr) bool {
	lit, ok := ast.Unparen(call.Fun).(*ast.FuncLit)
	return ok && !m.ownFrame(lit)
}

// runsElsewhere reports whether a node starts another goroutine, or is a
// literal that is only made here.
func (m *Model) runsElsewhere(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		return true
	case *ast.FuncLit:
		f := m.frames[n]
		return f != nil && f.Lit == n
	}
	return false
}

// readsBody reports whether a call reads the body of an HTTP message, which
// ends.
func (m *Model) readsBody(call *ast.CallExpr) bool {
	for _, arg := range call.Args {
		if sel, ok := ast.Unparen(arg).(*ast.SelectorExpr); ok && sel.Sel.Name == "Body" {
			if pkg, _ := named(m.Pkg.Info.TypeOf(sel.X)); pkg == "net/http" {
				return true
			}
		}
	}
	return false
}

// answersBefore reports whether the parent, between the sleep and its look at
// the effect, calls something with other state that it shares with the
// goroutine: the goroutine may need that to finish.
func (m *Model) answersBefore(sp *Spawn, s *Sleep, e *Mutation, use ast.Node) bool {
	for st := range m.After(s.Stmt) {
		if st.End() >= use.Pos() {
			return false
		}
		for shared := range m.Shared(sp) {
			if shared != e.Root && m.calledWith(shared, st) {
				return true
			}
		}
	}
	return false
}

// delays reports whether the goroutine sleeps first and then signals: a
// delayed action, triggered by time.
func (m *Model) delays(sp *Spawn) bool {
	if len(sp.Body.Sleeps) == 0 {
		return false
	}
	for _, op := range sp.Body.Ops {
		if op.Kind == Cancel || op.Kind == Close || op.Kind == Send {
			return true
		}
	}
	return false
}

// outlasts reports whether the goroutine sleeps as long as its parent, or
// longer: the parent looks while it is still at work.
func outlasts(sp *Spawn, s *Sleep) bool {
	var d time.Duration
	for _, own := range sp.Body.Sleeps {
		d += own.Duration
	}
	return d >= s.Duration
}

// joinedAfter returns an operation of the sleep's frame, or of a clean-up that
// it registers, that runs after the sleep and waits for what the goroutine
// signals; nil if there is none.
func (m *Model) joinedAfter(sp *Spawn, s *Sleep) *Op {
	signals := m.signalsOf(sp)
	if len(signals) == 0 {
		return nil
	}
	joins := func(f *Func, op *Op) bool {
		switch op.Kind {
		case Recv, Wait:
			return signals[op.Ref.Obj]
		case Call:
			if op.Callee == nil {
				return false
			}
			for e := range op.Callee.Effects() {
				if e.Kind == Recv || e.Kind == Wait {
					if signals[op.Callee.translate(e.Obj, op)] {
						return true
					}
				}
			}
		}
		return false
	}
	for _, op := range s.Fn.Ops {
		if (op.Node.Pos() > s.Stmt.Pos() || op.Deferred || op.Loop() != nil) && joins(s.Fn, op) {
			return op
		}
	}
	for _, f := range m.Funcs { // clean-ups and other literals of the same function
		if f.Outer != s.Fn || f == sp.Body {
			continue
		}
		for _, op := range f.Ops {
			if joins(f, op) {
				return op
			}
		}
	}
	return nil
}

// signalsOf returns what the goroutine may tell others by that it has ended, in
// the spawner's terms: channels, contexts and groups.
func (m *Model) signalsOf(sp *Spawn) map[types.Object]bool {
	out := make(map[types.Object]bool)
	if sp.Group.Obj != nil {
		out[sp.Group.Obj] = true
	}
	add := func(obj types.Object) {
		if ctx := m.ctxOf[obj]; ctx != nil {
			out[ctx] = true
		}
		if obj != nil {
			out[obj] = true
		}
	}
	if sp.Body != nil {
		for e := range sp.Body.Effects() {
			if e.Kind != Close && e.Kind != Send && e.Kind != Done && e.Kind != Cancel {
				continue
			}
			if isField(e.Obj) {
				add(e.Obj)
			} else {
				add(sp.Outside(Ref{Obj: e.Obj, Base: e.Obj}).Obj)
			}
		}
	}
	if sp.inner != nil { // its starter gives signals for it
		for obj := range m.signalsOf(sp.inner) {
			if isField(obj) {
				add(obj)
			} else {
				add(sp.inner.Fn.outside(Ref{Obj: obj, Base: obj}, sp.Call).Obj)
			}
		}
	}
	return out
}
