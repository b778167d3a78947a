package chanflow

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"

	"handshake/refactor"
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
	// Inside: a goroutine is blocked in a call, which the parent then ends.
	Inside
	// Running: a server or worker is up, of whose start nothing is known.
	Running
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
	Last      []ast.Stmt    // of Started: by goroutine, the last statement of its set-up
	Checks    *ast.CallExpr // of Finished: the assertion that a goroutine makes
	Gate      *Op           // of Parked: the receive that the goroutines wait in
	Next      *Op           // of Received and Joined: the parent's operation that waits anyway
	Server    *ast.CallExpr // of Listening: the call that serves
	Own       *OwnListener  // of Started and Listening: the listener that the goroutine opens, which its parent could open; or nil
	Bound     bool          // of Listening: the listener was opened before the goroutine started
	Blocking  *ast.CallExpr // of Inside and Running: the call that the goroutine stays in
	Told      *Op           // of Inside: the parent's receive of a signal that the goroutine gives right before the call, or nil
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

// Related returns the places that explain the guess: where the goroutines
// start, and the effect and the use of it, each with what is said of it.
func (g *Guess) Related(effect, use string) []refactor.Related {
	pkg := g.Sleep.Fn.model.Pkg
	var out []refactor.Related
	for _, sp := range g.Spawns {
		out = append(out, refactor.Related{Span: pkg.Span(sp.Head()), Message: "the goroutine starts here"})
	}
	if g.Effect != nil {
		out = append(out,
			refactor.Related{Span: pkg.Span(g.Effect.Node.Pos(), g.Effect.Node.End()), Message: fmt.Sprintf(effect, g.Effect.Obj.Name())},
			refactor.Related{Span: pkg.Span(g.Use.Pos(), g.Use.End()), Message: use})
	}
	return out
}

// guess returns the event that the sleep is a guess about, or nil where it is
// none or cannot be told.
func (m *Model) guess(s *Sleep) *Guess {
	if !s.IsGuess() {
		return nil
	}
	look := m.lookBack(s)
	if look == nil || len(look.spawns) == 0 {
		return m.guessInside(s)
	}
	g := &Guess{Sleep: s, Spawns: look.spawns, Via: look.via, Exclusive: look.exclusive}
	if m.guessListening(g) {
		return g
	}
	known := !slices.ContainsFunc(g.Spawns, func(sp *Spawn) bool { return sp.Body == nil })
	if known && m.guessParked(g) {
		return g
	}
	if s.FitsConfigured() || !look.clean {
		return nil
	}
	if known && (m.guessFinished(g) || m.guessStarted(g) || m.guessReceived(g) || m.guessOwnListener(g)) {
		return g
	}
	if inside := m.guessInside(s); inside != nil {
		return inside
	}
	if m.guessRunning(g) {
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
			certain = st == sp.Stmt || loops(st) && m.directlyIn(st, sp.Stmt) || m.firstTime(fn, st, sp)
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

// firstTime reports whether a statement is once.Do(func() { go … }) for a variable
// of the frame that is used for nothing else, so that the literal runs.
func (m *Model) firstTime(fn *Func, st ast.Stmt, sp *Spawn) bool {
	x, ok := st.(*ast.ExprStmt)
	if !ok || sp.Conditional() || sp.Loop() != nil {
		return false
	}
	call, ok := x.X.(*ast.CallExpr)
	if !ok || fullName(m.Static(call)) != "(*sync.Once).Do" {
		return false
	}
	lit, ok := ast.Unparen(call.Args[0]).(*ast.FuncLit)
	sel, isSel := call.Fun.(*ast.SelectorExpr)
	if !ok || !isSel || !slices.Contains(lit.Body.List, sp.Stmt) {
		return false
	}
	once := m.Ref(sel.X)
	return once.Obj == once.Base && fn.Owns(once.Obj) && !slices.Contains(fn.Params(), once.Obj) && m.only(once.Obj, fn.Node()) != nil
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
		shared, start := m.Shared(sp), sp.Stmt.Pos()
		if l.via != nil {
			shared, start = m.handed(l.via), l.via.Node.Pos()
		}
		for obj := range shared {
			for _, st := range l.between {
				_, deferred := st.(*ast.DeferStmt)
				if !deferred && st.Pos() > start && m.calledWith(obj, st) {
					return false
				}
			}
		}
	}
	return true
}

// handed returns the variables of the caller that a call works on or sets, but
// for an error.
func (m *Model) handed(call *Op) map[types.Object]bool {
	out := make(map[types.Object]bool)
	see := func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if v, ok := m.Pkg.Info.ObjectOf(id).(*types.Var); ok && !v.IsField() && !isTesting(v.Type()) && !isContext(v.Type()) && !isCopied(v) && !IsError(v.Type()) {
				out[v] = true
			}
		}
		return true
	}
	ast.Inspect(call.Node, see)
	if as, ok := call.Stmt().(*ast.AssignStmt); ok {
		for _, lhs := range as.Lhs {
			ast.Inspect(lhs, see)
		}
	}
	return out
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
	see := func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if obj := m.Pkg.Info.Uses.Of(id); obj != nil && (sp.Lit() == nil || !sp.Body.Owns(obj)) && !(isCopied(obj) && copies(sp, id)) {
				add(obj)
			}
		}
		return true
	}
	ast.Inspect(sp.Call, see)
	if fun := m.called(sp.Call); fun != sp.Call.Fun {
		ast.Inspect(fun, see) // what the method value is of
	}
	if sp.Body != nil && sp.Body.Lit != nil && sp.Lit() == nil { // bound to a variable
		ast.Inspect(sp.Body.Lit, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if ok && !sp.Body.Owns(m.Pkg.Info.Uses.Of(id)) {
				see(n)
			}
			return true
		})
	}
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

// calledWith reports whether a call in the statement mentions the variable, now.
func (m *Model) calledWith(obj types.Object, st ast.Stmt) bool {
	found := false
	ast.Inspect(st, func(n ast.Node) bool {
		if lit, ok := n.(*ast.FuncLit); ok && m.frames[lit] != nil && m.frames[lit].Use == Cleanup {
			return false // it runs when the test is over
		}
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
