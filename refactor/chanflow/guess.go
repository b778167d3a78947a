package chanflow

import (
	"go/ast"
	"go/types"
)

// Event is what a sleep waits for without knowing whether it has happened.
type Event int

const (
	// Started: a goroutine has run its prefix, whose effect is observed.
	Started Event = 1 + iota
	// Listening: a server in a goroutine accepts connections.
	Listening
	// Parked: goroutines have reached the gate that the parent opens next.
	Parked
	// Received: a goroutine is ready for the rendezvous that follows anyway.
	Received
	// Finished: goroutines have done their work.
	Finished
	// Joined: goroutines have done their work, which the statement that
	// follows waits for anyway.
	Joined
)

// A Guess says which event a sleep is a guess about.
type Guess struct {
	Sleep  *Sleep
	Event  Event
	Spawns []*Spawn // the goroutines, in source order
	Via    *Op      // the call that starts them, if it is not the sleep's frame that does

	// Effect is what the goroutine does that the parent later observes, and
	// Use where it does; nil where the event needs neither.
	Effect    *Mutation
	Use       ast.Node
	Checks    *ast.CallExpr // of Finished: the assertion that a goroutine makes
	Gate      *Op           // of Parked: the receive that the goroutines wait in
	Next      *Op           // of Received and Joined: the parent's operation that waits anyway
	Server    *ast.CallExpr // of Listening: the call that serves
	Bound     bool          // of Listening: the listener was opened before the goroutine started
	Exclusive bool          // no other goroutine is known to be in flight that the sleep may cover
}

// Guesses returns what the sleeps of the package are guesses about, in source
// order. Each sleep is a guess about one event at most.
func (m *Model) Guesses() []*Guess {
	return m.Pkg.Memo(guessKey{}, func() any {
		var out []*Guess
		for _, s := range m.Sleeps {
			if g := m.guess(s); g != nil {
				out = append(out, g)
			}
		}
		return out
	}).([]*Guess)
}

type guessKey struct{}

// guess returns the event that the sleep is a guess about, or nil where it is
// none or cannot be told.
func (m *Model) guess(s *Sleep) *Guess {
	if !s.IsGuess() {
		return nil
	}
	look := m.lookBack(s)
	if look == nil || len(look.spawns) == 0 {
		return nil
	}
	g := &Guess{Sleep: s, Spawns: look.spawns, Via: look.via, Exclusive: look.exclusive}
	if m.guessListening(g) {
		return g
	}
	for _, sp := range g.Spawns {
		if sp.Body == nil {
			return nil // nothing is known of what it does
		}
	}
	if m.guessParked(g) {
		return g
	}
	if s.FitsConfigured() || !look.clean {
		return nil
	}
	if m.guessFinished(g) || m.guessStarted(g) || m.guessReceived(g) {
		return g
	}
	return nil
}

// A look is what lies between a sleep and the barrier before it.
type look struct {
	spawns    []*Spawn
	via       *Op
	between   []ast.Stmt
	clean     bool // nothing between them touches what the goroutines share
	exclusive bool
}

// lookBack collects the goroutines that were started since the frame last
// waited for anything and that run for certain when the sleep begins. It
// returns nil if another event than their progress may be waited for.
func (m *Model) lookBack(s *Sleep) *look {
	l := &look{exclusive: true}
	fn := s.Fn
	barrier := false
	for st := range m.Before(s.Stmt) {
		if !barrier && (m.sleepsIn(fn, st) || m.waitsIn(fn, st) || m.signalsStop(fn, st)) {
			if len(l.spawns) == 0 {
				return nil
			}
			barrier = true
		}
		spawns, via, certain := m.startsIn(fn, st)
		switch {
		case barrier:
			if len(spawns) > 0 {
				l.exclusive = false
			}
		case len(spawns) == 0:
			if len(l.spawns) == 0 || via == nil {
				l.between = append(l.between, st)
			}
		case !certain || via != nil && len(l.spawns) > 0 || l.via != nil:
			if len(l.spawns) == 0 {
				return nil
			}
			barrier, l.exclusive = true, false
		default:
			l.spawns = append(spawns, l.spawns...)
			l.via = via
		}
	}
	l.clean = m.untouched(l)
	return l
}

// startsIn returns the goroutines that a statement of the frame starts: itself,
// in a loop, or through one call of a function of the package. certain is false
// if it may start none of them.
func (m *Model) startsIn(fn *Func, st ast.Stmt) (spawns []*Spawn, via *Op, certain bool) {
	for _, sp := range fn.Spawns {
		if st.Pos() <= sp.Stmt.Pos() && sp.Stmt.End() <= st.End() {
			spawns = append(spawns, sp)
			certain = st == sp.Stmt || loops(st) && m.directlyIn(st, sp.Stmt)
		}
	}
	if len(spawns) > 0 {
		return spawns, nil, certain
	}
	for op := range fn.Within(st.Pos(), st.End()) {
		if op.Kind == Call && op.Callee != nil && !op.Deferred {
			if started := op.Callee.Starts(); len(started) > 0 {
				certain = !op.Conditional() && len(started) == 1 && started[0].Fn == op.Callee && !started[0].Conditional()
				return started, op, certain
			}
		}
	}
	return nil, nil, false
}

func loops(st ast.Stmt) bool {
	switch st.(type) {
	case *ast.ForStmt, *ast.RangeStmt:
		return true
	}
	return false
}

// LoopBody returns the body of a loop, or nil.
func LoopBody(st ast.Stmt) *ast.BlockStmt {
	switch st := st.(type) {
	case *ast.ForStmt:
		return st.Body
	case *ast.RangeStmt:
		return st.Body
	}
	return nil
}

// directlyIn reports whether the statement is one of the loop's own, run in
// every iteration.
func (m *Model) directlyIn(loop, st ast.Stmt) bool {
	for _, s := range LoopBody(loop).List {
		if s == st {
			return true
		}
		switch s.(type) {
		case *ast.AssignStmt, *ast.DeclStmt, *ast.ExprStmt, *ast.GoStmt, *ast.IncDecStmt, *ast.DeferStmt:
		default:
			return false // may leave the iteration early
		}
	}
	return false
}

func (m *Model) sleepsIn(fn *Func, st ast.Stmt) bool {
	for _, s := range fn.Sleeps {
		if st.Pos() <= s.Stmt.Pos() && s.Stmt.End() <= st.End() {
			return true
		}
	}
	return false
}

// signalsStop reports whether a statement of the frame closes a channel or
// cancels a context: what follows waits for the answer to that.
func (m *Model) signalsStop(fn *Func, st ast.Stmt) bool {
	for op := range fn.Within(st.Pos(), st.End()) {
		if op.Deferred {
			continue
		}
		switch op.Kind {
		case Close, Cancel:
			return true
		case Call:
			if op.Callee != nil && op.Callee.MayDo(Close, Cancel) {
				return true
			}
		}
	}
	return false
}

// untouched reports whether nothing between the spawns and the sleep calls
// anything with what the goroutines share: such a call may be what the sleep
// really waits for the answer to.
func (m *Model) untouched(l *look) bool {
	for _, sp := range l.spawns {
		for shared := range m.Shared(sp) {
			for _, st := range l.between {
				if st.Pos() > sp.Stmt.Pos() && m.calledWith(shared, st) {
					return false
				}
			}
		}
	}
	return true
}

// Shared returns the variables that the spawner and the goroutine both see:
// those that a literal captures, and the receiver and arguments of a named
// body. Constants of testing and contexts are not what they communicate by.
func (m *Model) Shared(sp *Spawn) map[types.Object]bool {
	out := make(map[types.Object]bool)
	add := func(obj types.Object) {
		if v, ok := obj.(*types.Var); ok && !v.IsField() && !isTesting(v.Type()) && !isContext(v.Type()) {
			out[obj] = true
		}
	}
	node := ast.Node(sp.Call)
	ast.Inspect(node, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if obj := m.Pkg.Info.Uses[id]; obj != nil && (sp.Lit() == nil || !sp.Body.Owns(obj)) && !(isCopied(obj) && copies(sp, id)) {
				add(obj)
			}
		}
		return true
	})
	return out
}

// isCopied reports whether a variable is of a basic type, which an argument
// copies.
func isCopied(obj types.Object) bool {
	_, basic := obj.Type().Underlying().(*types.Basic)
	return basic
}

// copies reports whether the identifier is an argument of the spawn.
func copies(sp *Spawn, id *ast.Ident) bool {
	for _, arg := range sp.Call.Args {
		if ast.Unparen(arg) == id {
			return true
		}
	}
	return false
}

// calledWith reports whether a call in the statement mentions the variable.
func (m *Model) calledWith(obj types.Object, st ast.Stmt) bool {
	found := false
	ast.Inspect(st, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && !found {
			if f := m.Static(call); f == nil || f.Pkg() == nil || !harmless(f) {
				found = m.Mentions(obj, call)
			}
		}
		return !found
	})
	return found
}

// harmless reports whether a function only prints, formats or registers a
// clean-up.
func harmless(f *types.Func) bool {
	switch f.Pkg().Path() {
	case "fmt", "log", "log/slog", "testing", "strings", "strconv", "errors":
		return true
	}
	return false
}

// guessFinished recognises goroutines that end by themselves and whose effects
// are looked at after the sleep; or, in main, whose work would be cut off.
func (m *Model) guessFinished(g *Guess) bool {
	for _, sp := range g.Spawns {
		if sp.Body.MayStay() || m.delays(sp) || m.mayBlockInside(sp.Body, nil) {
			return false
		}
	}
	if g.Via != nil {
		return false // not ours to join from outside
	}
	for _, sp := range g.Spawns {
		if join := m.joinedAfter(sp, g.Sleep); join != nil {
			if len(g.Spawns) == 1 && m.next(g.Sleep) == join.Stmt() {
				g.Event, g.Next = Joined, join
				return true
			}
			return false // the sleep was never a completion wait
		}
	}
	for _, sp := range g.Spawns {
		if e, use := m.observed(sp, sp.Body.Body.List, g.Sleep); e != nil {
			if m.answersBefore(sp, g.Sleep, e, use) {
				return false
			}
			g.Event, g.Effect, g.Use = Finished, e, use
			return true
		}
	}
	if g.Checks = m.checks(g); g.Checks != nil || g.Sleep.Fn.IsMain() {
		g.Event = Finished
		return true
	}
	return false
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
		call, ok := n.(*ast.CallExpr)
		if !ok || found {
			return !found
		}
		if targets := m.Targets(call); len(targets) > 0 {
			for _, t := range targets {
				found = found || t.MayStay() || m.mayBlockInside(t, seen)
			}
		} else if tv := m.Pkg.Info.Types[call.Fun]; !tv.IsType() && !tv.IsBuiltin() && !m.handlesTest(call) {
			static := m.Static(call)
			found = static == nil || mayBlock(static) && !m.readsBody(call)
		}
		return !found
	})
	return found
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
		e, use := m.observed(sp, prefix, g.Sleep)
		if e == nil {
			continue // it may be waited for on behalf of another of them
		}
		for _, later := range m.Mutations(sp.Body, rest) {
			if later.Obj == e.Obj {
				return false // the goroutine goes on changing it: its progress may be what is waited for
			}
		}
		g.Event, g.Effect, g.Use = Started, e, use
	}
	return g.Event == Started
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
// which the parent closes right behind the sleep.
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
		if op.Kind == Close && op.Stmt() == next {
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
		if _, ok := rest[0].(*ast.ExprStmt); !ok {
			return false // the value counts
		}
		wait := false
		for op := range sp.Body.Within(rest[0].Pos(), rest[0].End()) {
			if op.Kind == Recv && !op.Range && op.Select == nil && op.Stmt() == rest[0] && sp.Outside(op.Ref).Obj == gate.Ref.Obj {
				wait, g.Gate = true, op
			}
		}
		if !wait {
			return false
		}
	}
	g.Event, g.Next = Parked, gate
	return true
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
		if c, ok := m.Capacity(op.Ref.Obj); !ok || c != 0 || m.flexed[op.Ref.Obj] {
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

// joinedAfter returns an operation of the sleep's frame, or of a clean-up that
// it registers, that runs after the sleep and waits for what the goroutine
// signals; nil if there is none.
func (m *Model) joinedAfter(sp *Spawn, s *Sleep) *Op {
	signals := make(map[types.Object]bool)
	if sp.Group.Obj != nil {
		signals[sp.Group.Obj] = true
	}
	for e := range sp.Body.Effects() {
		if e.Kind == Close || e.Kind == Send || e.Kind == Done || e.Kind == Cancel {
			obj := e.Obj
			if v, ok := obj.(*types.Var); !ok || !v.IsField() {
				obj = sp.Outside(Ref{Obj: e.Obj, Base: e.Obj}).Obj
			}
			if ctx := m.ctxOf[obj]; ctx != nil {
				signals[ctx] = true
			}
			if obj != nil {
				signals[obj] = true
			}
		}
	}
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
