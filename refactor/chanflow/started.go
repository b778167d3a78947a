package chanflow

import "go/ast"

// guessStarted recognises goroutines that set something up, which is looked at
// after the sleep, and then stay.
func (m *Model) guessStarted(g *Guess) bool {
	if m.soaks(g) {
		return false
	}
	for _, sp := range g.Spawns {
		prefix, rest := sp.Body.Split()
		if len(prefix) == 0 || len(rest) == 0 || sp.Fn == g.Sleep.Fn && sp.Loop() != g.Sleep.Loop() || g.Via != nil && len(g.Spawns) > 1 {
			return false
		}
		for _, s := range sp.Body.Sleeps {
			if s.Stmt.Pos() < rest[0].Pos() {
				return false // it takes its time before it sets up
			}
		}
		if m.handsOver(sp.Body, rest) && m.joinedAfter(sp, g.Sleep) != nil {
			return false // what it does before is its work, whose end is waited for later
		}
		e, use := m.observed(sp, now(prefix), g)
		if join := m.joinedAfter(sp, g.Sleep); e != nil && join != nil && !join.Deferred && join.Fn == g.Sleep.Fn && join.Node.Pos() < use.Pos() {
			return false // it is looked at when the goroutine has ended
		}
		if e != nil && m.helped(sp, now(prefix[:len(prefix)-len(behind(prefix, e))]), g, use) {
			return false
		}
		// Where the guess was right, the goroutine got as far as its effect
		// while the parent slept. What comes after that may wait for the parent.
		last := prefix[len(prefix)-1]
		if tail := behind(prefix, e); m.mayWait(tail, nil) != nil {
			if e == nil {
				return false
			}
			last = prefix[len(prefix)-len(tail)-1]
		}
		g.Last = append(g.Last, last)
		if e == nil {
			continue // it is waited for on behalf of another of them
		}
		for _, later := range m.Mutations(sp.Body, rest) {
			if later.Obj == e.Obj {
				return false // the goroutine goes on changing it: its progress may be what is waited for
			}
		}
		g.Event, g.Effect, g.Use = Started, e, use
	}
	if g.Event == Started {
		g.Own = m.ownListener(g)
	}
	return g.Event == Started
}

// now returns the statements but for those that only defer something.
func now(list []ast.Stmt) (out []ast.Stmt) {
	for _, s := range list {
		if _, deferred := s.(*ast.DeferStmt); !deferred {
			out = append(out, s)
		}
	}
	return out
}

// handsOver reports whether the statements of a frame do nothing but tell that
// the rest is done: they send, close and say Done, and stay for none of it
// longer than the one takes who wants to know.
func (m *Model) handsOver(f *Func, list []ast.Stmt) bool {
	if m.mayWait(list, nil) != nil {
		return false
	}
	for op := range f.Within(list[0].Pos(), list[len(list)-1].End()) {
		switch {
		case op.Loop() != nil, op.Kind == Recv && op.Select == nil, op.Kind == Wait, op.Kind == Lock, op.Kind == RLock, op.Kind == Call && op.Callee != nil:
			return false
		}
	}
	for _, st := range list {
		switch st.(type) {
		case *ast.ForStmt, *ast.RangeStmt, *ast.GoStmt:
			return false
		}
	}
	return true
}

// soaks reports whether the sleep is followed by the signal that ends the
// goroutine: it is the time for which the goroutine is to run.
func (m *Model) soaks(g *Guess) bool {
	n := m.next(g.Sleep)
	if _, deferred := n.(*ast.DeferStmt); n == nil || deferred {
		return false
	}
	if m.signalsStop(g.Sleep.Fn, n) {
		return true
	}
	stops := false
	ast.Inspect(n, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if f := m.Static(call); f != nil && stopNames[f.Name()] {
				for _, sp := range g.Spawns {
					for shared := range m.Shared(sp) {
						stops = stops || m.Root(call.Fun) == shared
					}
				}
			}
		}
		return !stops
	})
	return stops
}

// stopNames are what methods that end a goroutine or a server are called.
var stopNames = map[string]bool{
	"Stop": true, "Close": true, "Shutdown": true, "GracefulStop": true, "Cancel": true, "Kill": true, "Quit": true, "Terminate": true,
}

// next returns the statement that runs after the sleep, or nil at the end.
func (m *Model) next(s *Sleep) ast.Stmt {
	for st := range m.After(s.Stmt) {
		return st
	}
	return nil
}

// guessParked recognises a start gate: goroutines that first wait on a channel
// which the parent closes right behind the sleep, or for a WaitGroup whose Done
// is there.
func (m *Model) guessParked(g *Guess) bool {
	if g.Via != nil {
		return false
	}
	next := m.next(g.Sleep)
	if next == nil {
		return false
	}
	var gate *Op
	for op := range g.Sleep.Fn.Within(next.Pos(), next.End()) {
		if (op.Kind == Close || op.Kind == Done) && op.Stmt() == next {
			gate = op
		}
	}
	if gate == nil || gate.Ref.Obj == nil {
		return false
	}
	if len(g.Spawns) == 1 && g.Spawns[0].Loop() == g.Sleep.Loop() {
		return false // a single goroutine is to be blocked in the receive, which is tested
	}
	for _, sp := range g.Spawns {
		_, rest := sp.Body.Split()
		if sp.Body.Lit == nil || len(rest) < 2 {
			return false // nothing is held back by the gate
		}
		if g.Gate = sp.parks(rest[0], gate); g.Gate == nil {
			return false
		}
	}
	g.Event, g.Next = Parked, gate
	return true
}

// parks returns the operation of a statement by which the goroutine waits for
// the gate to be opened, or nil: it does anything else, the value that it
// receives counts, or it opens the gate, too.
func (s *Spawn) parks(st ast.Stmt, gate *Op) (wait *Op) {
	if _, ok := st.(*ast.ExprStmt); !ok || s.Group.Obj == gate.Ref.Obj {
		return nil
	}
	for _, op := range s.Body.Ops {
		if s.Outside(op.Ref).Obj != gate.Ref.Obj {
			continue
		}
		switch {
		case op.Kind == gate.Kind:
			return nil
		case op.Stmt() != st:
		case gate.Kind == Close && op.Kind == Recv && !op.Range && op.Select == nil, gate.Kind == Done && op.Kind == Wait:
			wait = op
		}
	}
	return wait
}

// guessReceived recognises a sleep before a rendezvous with the goroutine on an
// unbuffered channel: the operation waits by itself.
func (m *Model) guessReceived(g *Guess) bool {
	if len(g.Spawns) != 1 || g.Via != nil {
		return false
	}
	sp := g.Spawns[0]
	prefix, rest := sp.Body.Split()
	next := m.next(g.Sleep)
	if len(rest) == 0 || next == nil || len(prefix) > 0 {
		return false
	}
	for op := range g.Sleep.Fn.Within(next.Pos(), next.End()) {
		if op.Stmt() != next || op.Select != nil || op.Range || op.Kind != Send && op.Kind != Recv || op.Ref.Context {
			continue
		}
		if c, ok := m.Capacity(op.Ref.Obj); !ok || c != 0 || m.Assigned(op.Ref.Obj) {
			continue
		}
		peer := Send
		if op.Kind == Send {
			peer = Recv
		}
		for theirs := range sp.Body.Within(rest[0].Pos(), rest[0].End()) {
			if theirs.Kind == peer && theirs.Bare() && sp.Outside(theirs.Ref).Obj == op.Ref.Obj {
				g.Event, g.Next = Received, op
				return true
			}
		}
	}
	return false
}
