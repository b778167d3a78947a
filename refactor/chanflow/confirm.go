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
	if op.Deferred || op.Once || op.Ref.Obj != op.Ref.Base || !op.Fn.Owns(op.Ref.Obj) || m.Assigned(op.Ref.Obj) || op.Fn.InBubble() {
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
		if sp.Kind != GoStmt || l.Run.Tells(l.signal) != nil || m.receivesFrom(l, op) || m.joinsByLock(op, l) {
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
		if why := m.neverLeaves(l, op.Fn); why != "" {
			c.Withheld = why
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

// neverLeaves returns why the goroutine may not leave although it was told to:
// an operation that ignores the signal, or a lock that a caller of the stopper
// holds; "" if nothing is known to keep it.
func (m *Model) neverLeaves(l *Leaver, stopper *Func) string {
	if at, what := l.Blocker(); at != nil {
		return fmt.Sprintf("the goroutine may stay in %s, which ignores the stop signal", what)
	}
	if lock, by := m.heldByCallers(stopper, l.Run.Locks()); by != nil {
		return fmt.Sprintf("%s holds %s, which the goroutine takes, when it calls %s", by.Name(), lock, stopper.Name())
	}
	return ""
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

// Keeps reports whether a local variable or parameter of the spawner has the
// same value whenever the goroutine looks at it.
func (s *Spawn) Keeps(v *types.Var) bool {
	m := s.Fn.model
	if !s.Fn.Owns(v) || m.Assigned(v) {
		return false
	}
	later := false
	ast.Inspect(s.Fn.Body, func(n ast.Node) bool {
		if as, ok := n.(*ast.AssignStmt); ok && as.End() > s.Stmt.Pos() {
			for _, lhs := range as.Lhs {
				if id, ok := lhs.(*ast.Ident); ok && m.Pkg.Info.Uses.Of(id) == v {
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
