package chanflow

import (
	"go/ast"
	"go/types"
)

// guessInside recognises a sleep that waits until a goroutine is blocked in a
// call which the parent then ends, and whose return it waits for:
//
//	go func() { v = pool.Get(); close(done) }()
//	time.Sleep(d)
//	pool.Put(x)
//	<-done
//
// No channel can tell that a goroutine is inside of a call. A handshake right
// before the call, which some write, leaves the sleep necessary; whoever waits
// for it and then sleeps says that the call is what counts, whatever it does.
func (m *Model) guessInside(s *Sleep) *Guess {
	sp, signal := m.spawnBefore(s)
	if sp == nil || sp.Body == nil || sp.Loop() != s.Loop() {
		return nil
	}
	if n := m.next(s); n == nil || m.signalsStop(s.Fn, n) {
		return nil // a soak
	}
	call := m.firstCall(sp)
	if call == nil {
		return nil
	}
	g := &Guess{Sleep: s, Event: Inside, Spawns: []*Spawn{sp}, Blocking: call}
	if !m.waitsInside(call) {
		if signal == nil || !m.toldBefore(s, sp, signal, call) || m.soaks(g) {
			return nil
		}
		g.Told = signal
	}
	join := m.joinedAfter(sp, s)
	if join == nil || join.Stmt() == m.next(s) || join.Deferred {
		return nil
	}
	recv := m.receiverOf(sp, call)
	for st := range m.After(s.Stmt) {
		if st.Pos() >= join.Node.Pos() {
			break
		}
		if recv != nil && m.calledWith(recv, st) {
			return g
		}
	}
	return nil
}

// toldBefore reports whether the sleep comes right behind the receive of a
// signal that the goroutine gives before the call.
func (m *Model) toldBefore(s *Sleep, sp *Spawn, signal *Op, call *ast.CallExpr) bool {
	for st := range m.Before(s.Stmt) {
		if st != signal.Stmt() {
			return false
		}
		break
	}
	for op := range sp.Body.Within(sp.Body.Body.Pos(), call.Pos()) {
		if (op.Kind == Close || op.Kind == Send) && !op.Deferred && sp.Outside(op.Ref).Obj == signal.Ref.Obj {
			return true
		}
	}
	return false
}

// spawnBefore returns the goroutine that the frame has started last before the
// sleep. In between it may only have waited for that goroutine's own signal,
// which is returned too.
func (m *Model) spawnBefore(s *Sleep) (sp *Spawn, signal *Op) {
	for st := range m.Before(s.Stmt) {
		if g, ok := st.(*ast.GoStmt); ok {
			for _, sp := range s.Fn.Spawns {
				if sp.Stmt != g || sp.Body == nil {
					continue
				}
				if signal == nil {
					return sp, signal
				}
				for op := range sp.Body.Within(sp.Body.Body.Pos(), sp.Body.Body.End()) {
					if (op.Kind == Close || op.Kind == Send) && sp.Outside(op.Ref).Obj == signal.Ref.Obj {
						return sp, signal
					}
				}
			}
			return nil, nil
		}
		if !m.waitsIn(s.Fn, st) && !m.sleepsIn(s.Fn, st) {
			continue
		}
		for op := range s.Fn.Within(st.Pos(), st.End()) {
			if op.Kind != Recv || op.Select != nil || op.Stmt() != st || signal != nil {
				return nil, nil
			}
			signal = op
		}
		if signal == nil {
			return nil, nil
		}
	}
	return nil, nil
}

// firstCall returns the call that a goroutine begins with, its defers, logging
// and signals left aside; nil if it begins with anything else.
func (m *Model) firstCall(sp *Spawn) *ast.CallExpr {
	if sp.Lit() == nil {
		return nil
	}
	for _, st := range sp.Body.Body.List {
		var e ast.Expr
		switch st := st.(type) {
		case *ast.DeferStmt, *ast.SendStmt:
			continue
		case *ast.ExprStmt:
			e = st.X
			if m.onlyLogs(st) || m.isClose(e) {
				continue
			}
		case *ast.AssignStmt:
			if len(st.Rhs) == 1 {
				e = st.Rhs[0]
			}
		case *ast.IfStmt:
			if a, ok := st.Init.(*ast.AssignStmt); ok && len(a.Rhs) == 1 {
				e = a.Rhs[0]
			}
		}
		call, _ := ast.Unparen(e).(*ast.CallExpr)
		return call
	}
	return nil
}

func (m *Model) isClose(e ast.Expr) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return false
	}
	id, ok := call.Fun.(*ast.Ident)
	return ok && id.Name == "close" && m.Pkg.Info.Types.Of(id).IsBuiltin()
}

// waitsInside reports whether a method call waits for somebody: it does in its
// body, or its name says so.
func (m *Model) waitsInside(call *ast.CallExpr) bool {
	for _, f := range m.Targets(call) {
		if f.MayStay() {
			return true
		}
	}
	f := m.Static(call)
	return f != nil && f.Signature().Recv() != nil && blocks(f)
}

// receiverOf returns the variable, in the parent's terms, that the goroutine's
// call is a method call on, or nil.
func (m *Model) receiverOf(sp *Spawn, call *ast.CallExpr) types.Object {
	sel, ok := ast.Unparen(m.called(call)).(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	root := m.Root(sel.X)
	if root == nil || sp.Body != nil && sp.Lit() != nil && sp.Body.Owns(root) {
		return nil
	}
	return root
}

// guessRunning recognises a server or worker of which nothing is known but
// that it stays: how and when it is up is inside of the call.
//
//	go s.Serve("tcp", addr)
//	time.Sleep(d)
//	s.Address()
func (m *Model) guessRunning(g *Guess) bool {
	if len(g.Spawns) != 1 || g.Via != nil || m.soaks(g) {
		return false
	}
	sp := g.Spawns[0]
	call := sp.Call
	if sp.Body != nil {
		if sp.Body.Decl != nil && sp.Kind == GoStmt {
			if !sp.Body.MayStay() {
				return false
			}
		} else if call = m.firstCall(sp); call == nil {
			return false
		}
	}
	if sp.Kind != GoStmt && sp.Body == nil || m.joinedBefore(sp, g.Sleep) {
		return false
	}
	if f := m.Static(call); f != nil {
		if _, primitive := syncKind(f); primitive {
			return false // it waits for somebody; nothing comes up
		}
	}
	recv := m.receiverOf(sp, call)
	if recv == nil || !m.stays(call) {
		return false
	}
	if again, ok := m.next(g.Sleep).(*ast.GoStmt); ok && types.ExprString(again.Call.Fun) == types.ExprString(sp.Call.Fun) {
		return false // it spaces out two of the same
	}
	for st := range m.After(g.Sleep.Stmt) {
		if m.Mentions(recv, st) {
			if _, deferred := st.(*ast.DeferStmt); deferred {
				continue
			}
			g.Event, g.Blocking = Running, call
			return true
		}
	}
	return false
}

// joinedBefore reports whether the parent waits for the goroutine's end before
// it does anything else: then the sleep is a soak.
func (m *Model) joinedBefore(sp *Spawn, s *Sleep) bool {
	next := m.next(s)
	if sp.Body == nil || next == nil {
		return next == nil
	}
	join := m.joinedAfter(sp, s)
	return join != nil && join.Stmt() == next
}

// stays reports whether a method call serves: its body goes on, or, in another
// package, its name says so.
func (m *Model) stays(call *ast.CallExpr) bool {
	if m.callStaysUp(call, true, make(map[*Func]bool)) {
		return true
	}
	if f := m.Static(call); f != nil && len(m.Targets(call)) == 0 {
		return startsWith(f.Name(), "Serve", "ListenAndServe", "Listen", "Run", "Main", "Start", "Loop")
	}
	return false
}
