package chanflow

import (
	"fmt"
	"go/ast"
	"go/types"
)

// A Confirmation is the other half of a stop handshake, which is missing: the
// place where the stopper could wait until the goroutines are gone.
type Confirmation struct {
	Stop   *Stop
	Leaves []*Leaver // the goroutines that nobody waits for, never empty

	// Group says that more than one goroutine has to be waited for, or one of
	// which it is not known that it was started.
	Group bool

	// After is the statement of the stopper behind which the wait goes.
	After ast.Stmt

	// Seen is where the missing wait shows in the local form: code behind the
	// signal that looks at or takes away what the goroutine still uses, or the
	// end of a test or of the program; nil if nowhere.
	Seen    ast.Node
	SeenWhy string

	// Type is set in the type form, where a method stops the goroutine of its
	// receiver.
	Type *TypeForm

	// Withheld is why waiting there is not known to be right, or "".
	Withheld string
}

// LocalStop returns the confirmation that a plain stop signal lacks whose
// goroutines are started in the same function; nil if there are none or
// something waits for them. Whether anything sees them later is told by Seen.
func (m *Model) LocalStop(st *Stop) *Confirmation {
	op := st.Op
	if op.Deferred || op.Once || op.Ref.Obj != op.Ref.Base || !op.Fn.Owns(op.Ref.Obj) || m.flexed[op.Ref.Obj] || op.Fn.InBubble() {
		return nil
	}
	stmt, ok := op.statement()
	if !ok {
		return nil
	}
	c := &Confirmation{Stop: st, After: stmt}
	for _, l := range st.Leaves {
		sp := l.Spawn
		if sp.Fn != op.Fn || sp.Stmt.Pos() > op.Node.Pos() {
			continue
		}
		if sp.Kind != GoStmt || l.Run.Tells(l.signal) != nil || m.receivesFrom(l, op) {
			return nil
		}
		if op.Loop() != nil && sp.Loop() != op.Loop() {
			return nil
		}
		c.Leaves = append(c.Leaves, l)
	}
	if len(c.Leaves) == 0 {
		return nil
	}
	before := make(map[ast.Stmt]bool)
	for s := range m.Before(stmt) {
		before[s] = true
	}
	for _, l := range c.Leaves {
		sp := l.Spawn
		switch loop := sp.Loop(); {
		case before[sp.Stmt]:
		case loop != nil && before[loop] && m.directlyIn(loop, sp.Stmt):
			c.Group = true
		default:
			c.Withheld = "it is not certain that the goroutine was started"
		}
		if at, what := l.Blocker(); at != nil {
			c.Withheld = fmt.Sprintf("the goroutine may stay in %s, which ignores the stop signal", what)
		}
		if lock, by := m.heldByCallers(op.Fn, l.Run.Locks()); lock != nil {
			c.Withheld = fmt.Sprintf("%s holds %s, which the goroutine takes, when it calls %s", by.Name(), m.source(lock.Ref.Expr), op.Fn.Name())
		}
	}
	c.Group = c.Group || len(c.Leaves) > 1
	if c.Withheld == "" {
		c.After, c.Withheld = m.unlocked(c, op.Fn, stmt)
	}
	if c.Seen, c.SeenWhy = m.seenAfter(c, stmt); c.Seen == nil {
		c.SeenWhy = ""
	}
	return c
}

// receivesFrom reports whether the frame of the signal receives, after it, from
// a channel on which the goroutine sends: that may be a join.
func (m *Model) receivesFrom(l *Leaver, signal *Op) bool {
	sends := make(map[types.Object]bool)
	for op, ref := range l.Run.Ops() {
		if op.Kind == Send && ref.Obj != nil {
			sends[ref.Obj] = true
		}
	}
	if len(sends) == 0 {
		return false
	}
	for _, f := range m.Funcs {
		if f != signal.Fn && f.Outer != signal.Fn || l.Run.Has(f) {
			continue
		}
		for _, op := range f.Ops {
			if op.Kind == Recv && sends[op.Ref.Obj] && (f != signal.Fn || op.Node.Pos() > signal.Node.Pos() || op.Deferred || op.Loop() != nil) {
				return true
			}
		}
	}
	return false
}

// SeenBehind returns where code behind a sleep that follows the signal looks at
// what the goroutine does or uses, or the end of the function if that follows;
// nil if nothing shows that the sleep is about the goroutine.
func (m *Model) SeenBehind(c *Confirmation, sleep ast.Stmt) ast.Node {
	empty := true
	for st := range m.After(sleep) {
		if _, ok := st.(*ast.ReturnStmt); !ok {
			empty = false
		}
		for _, l := range c.Leaves {
			if n, _ := m.sees(l, st); n != nil {
				return n
			}
			for _, mu := range m.Mutations(l.Spawn.Body, l.Spawn.Body.Body.List) {
				root := mu.Root
				if l.Spawn.Body.Owns(root) {
					root = l.Spawn.Outside(Ref{Obj: root, Base: root}).Base
				}
				if root != nil && !isTesting(root.Type()) && !carries(root.Type()) {
					if use := m.useIn(root, mu, st); use != nil {
						return use
					}
				}
			}
		}
	}
	if empty {
		return sleep
	}
	return nil
}

// seenAfter returns where the frame, after the signal and before it waits for
// anything else, can see that the goroutine still runs, and how.
func (m *Model) seenAfter(c *Confirmation, stmt ast.Stmt) (ast.Node, string) {
	fn := c.Stop.Op.Fn
	for st := range m.After(stmt) {
		if m.sleepsIn(fn, st) {
			return nil, "" // sleepstop's
		}
		for _, l := range c.Leaves {
			if n, why := m.sees(l, st); n != nil {
				return n, why
			}
		}
		if m.waitsIn(fn, st) {
			return nil, ""
		}
	}
	for _, l := range c.Leaves {
		if t := fn.Testing(); t != nil && fn.Owns(t) && fn.Outer == nil && m.reports(l, t) {
			return fn.Body, "the test may end before it"
		}
		if fn.IsMain() && len(l.Ends()) > 0 {
			return fn.Body, "the program may end before it"
		}
	}
	return nil, ""
}

// sees returns where a statement reads what the goroutine writes, or takes away
// what it uses.
func (m *Model) sees(l *Leaver, st ast.Stmt) (ast.Node, string) {
	sp := l.Spawn
	for _, mu := range m.Mutations(sp.Body, sp.Body.Body.List) {
		root := mu.Root
		if sp.Body.Owns(root) {
			root = sp.Outside(Ref{Obj: root, Base: root}).Base
		}
		if root == nil || m.SameSignal(root, l.signal) || mu.Call && isTesting(root.Type()) {
			continue
		}
		if use := m.useIn(root, mu, st); use != nil && !mu.Call {
			return use, "is read behind it"
		}
	}
	for shared := range m.Shared(sp) {
		if carries(shared.Type()) {
			continue
		}
		if use := m.takesAway(shared, st); use != nil {
			return use, "is taken away behind it"
		}
	}
	return nil, ""
}

// takesAway returns a call in the statement that closes or removes what the
// variable holds.
func (m *Model) takesAway(obj types.Object, st ast.Stmt) (use ast.Node) {
	ast.Inspect(st, func(n ast.Node) bool {
		if _, ok := n.(*ast.FuncLit); ok || use != nil {
			return false
		}
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch name := fullName(m.Static(call)); name {
		case "os.Remove", "os.RemoveAll", "os.Rename", "syscall.Munmap":
			for _, arg := range call.Args {
				if m.Root(arg) == obj {
					use = call
				}
			}
		}
		if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && m.Root(sel.X) == obj {
			switch sel.Sel.Name {
			case "Close", "Release", "Free", "Destroy", "Unmap":
				use = call
			}
		}
		return true
	})
	return use
}

// reports reports whether the goroutine may still use the test's handle once it
// was told to stop.
func (m *Model) reports(l *Leaver, t types.Object) bool {
	if l.Spawn.Body.Lit == nil {
		return m.Mentions(t, l.Spawn.Call) && (l.Op.Loop() != nil || l.Op.Fn != l.Spawn.Body)
	}
	if loop := l.Op.Loop(); loop != nil && m.Mentions(t, loop) {
		return true
	}
	return m.Mentions(t, l.Ends()...)
}

// unlocked returns the statement behind which the stopper can wait without
// holding a lock that the goroutines take, starting at the statement that
// signals; or why there is none.
func (m *Model) unlocked(c *Confirmation, fn *Func, stmt ast.Stmt) (ast.Stmt, string) {
	cur, ok := m.root.FindNode(stmt)
	if !ok {
		return stmt, ""
	}
	list, i := siblings(cur)
	for lock, op := range m.held(fn, stmt) {
		j := -1
		for k := i + 1; k < len(list) && j < 0; k++ {
			for u := range fn.Within(list[k].Pos(), list[k].End()) {
				if u.Ref.Obj == lock && u.Stmt() == list[k] && !u.Deferred && (u.Kind == Unlock || u.Kind == RUnlock) {
					j = k
				}
			}
			if j < 0 && !plain(list[k]) {
				break
			}
		}
		if j > 0 {
			if list[j].Pos() > stmt.Pos() {
				stmt = list[j]
			}
			continue
		}
		for _, l := range c.Leaves {
			if taken := l.Run.Locks()[lock]; taken != nil {
				return nil, fmt.Sprintf("%s holds %s, which the goroutine takes before it can return", fn.Name(), m.source(op.Ref.Expr))
			}
		}
	}
	return stmt, ""
}

// plain reports whether control passes through the statement to the next.
func plain(st ast.Stmt) bool {
	switch st.(type) {
	case *ast.AssignStmt, *ast.ExprStmt, *ast.IncDecStmt, *ast.DeclStmt, *ast.DeferStmt, *ast.EmptyStmt:
		return true
	}
	return false
}

// held returns the locks that the frame holds for certain or perhaps when the
// statement runs, with the operations that took them.
func (m *Model) held(fn *Func, stmt ast.Stmt) map[types.Object]*Op {
	out := make(map[types.Object]*Op)
	for _, op := range fn.Ops {
		if op.Node.Pos() >= stmt.Pos() || op.Deferred || op.Ref.Obj == nil {
			continue
		}
		switch op.Kind {
		case Lock, RLock:
			out[op.Ref.Obj] = op
		case Unlock, RUnlock:
			// One in a branch that does not lead to stmt releases nothing here.
			if cur, ok := m.root.FindNode(op.Stmt()); ok && within(cur.Parent().Node(), stmt) {
				delete(out, op.Ref.Obj)
			}
		}
	}
	return out
}

// heldByCallers returns a lock which the goroutine takes and which a function
// of the package holds when it calls fn, directly or through others, and the
// name of that function.
func (m *Model) heldByCallers(fn *Func, locks map[types.Object]*Op) (lock *Op, by *Func) {
	seen := map[*Func]bool{fn: true}
	work := []*Func{fn}
	for len(work) > 0 {
		callee := work[0]
		work = work[1:]
		for _, f := range m.Funcs {
			for _, op := range f.Ops {
				if op.Kind != Call || op.Callee != callee {
					continue
				}
				for obj, l := range m.held(f, op.Stmt()) {
					if locks[obj] != nil {
						return l, f
					}
				}
				if !seen[f] {
					seen[f] = true
					work = append(work, f)
				}
			}
		}
	}
	return nil, nil
}

// Keeps reports whether a local variable or parameter of the spawner has the
// same value whenever the goroutine looks at it.
func (s *Spawn) Keeps(v *types.Var) bool {
	m := s.Fn.model
	if !s.Fn.Owns(v) || m.flexed[v] {
		return false
	}
	later := false
	ast.Inspect(s.Fn.Body, func(n ast.Node) bool {
		if as, ok := n.(*ast.AssignStmt); ok && as.End() > s.Stmt.Pos() {
			for _, lhs := range as.Lhs {
				if id, ok := lhs.(*ast.Ident); ok && m.Pkg.Info.Uses[id] == v {
					later = true
				}
			}
		}
		return !later
	})
	return !later
}

// SleepsBehind returns the sleep in the stopper that follows the signal, or nil.
func (m *Model) SleepsBehind(c *Confirmation) *Sleep {
	op := c.Stop.Op
	stmt, ok := op.statement()
	if !ok {
		return nil
	}
	for _, s := range op.Fn.Sleeps {
		for st := range m.After(stmt) {
			if st == s.Stmt {
				return s
			}
		}
	}
	return nil
}
