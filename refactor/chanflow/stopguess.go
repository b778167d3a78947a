package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"time"
)

// A StopGuess says which stop signal a sleep waits for the answer to.
type StopGuess struct {
	Sleep  *Sleep
	Signal *Op // the close, the cancel, or the call of the stop method

	// Confirm is the confirmation that is missing; nil if the stop method
	// already waits for the goroutines, so that the sleep waits for nothing.
	Confirm *Confirmation
}

// Longer sleeps are about something else than a goroutine on its way out.
const longest = 5 * time.Second

// GuessStop returns what the sleep guesses if it is that a goroutine in sight
// has stopped, else nil.
func (m *Model) GuessStop(s *Sleep) *StopGuess {
	if !s.IsGuess() || s.Loop() != nil || s.Duration > longest {
		return nil
	}
	near := 0
	for st := range m.Before(s.Stmt) {
		if near++; near > 3 || !plain(st) || m.sleepsIn(s.Fn, st) {
			return nil
		}
		for op := range s.Fn.Within(st.Pos(), st.End()) {
			if op.Deferred {
				continue
			}
			if g := m.guessSignal(s, op); g != nil {
				return g
			}
		}
		if spawns, _, _ := m.startsIn(s.Fn, st); len(spawns) > 0 || m.waitsIn(s.Fn, st) || len(s.Fn.startedIn(st)) > 0 {
			return nil // it waits for what starts there, or has waited already
		}
	}
	return nil
}

// startedIn returns the goroutines that a statement of the frame starts itself.
func (f *Func) startedIn(st ast.Stmt) (out []*Spawn) {
	for _, sp := range f.Spawns {
		if within(st, sp.Stmt) {
			out = append(out, sp)
		}
	}
	return out
}

func (m *Model) guessSignal(s *Sleep, op *Op) *StopGuess {
	local := func(st *Stop) *Confirmation {
		if c := m.LocalStop(st); c != nil && m.SeenBehind(c, s.Stmt) != nil && !m.othersGoOn(c, s) {
			return c
		}
		return nil
	}
	if st := m.relayed(op); st != nil {
		if c := local(st); c != nil {
			return &StopGuess{s, st.Op, c}
		}
	}
	for _, st := range m.Stops() {
		switch {
		case st.Op == op:
			c := m.TypeStop(st)
			if c == nil {
				c = local(st)
			}
			if c != nil {
				return &StopGuess{s, op, c}
			}
		case op.Kind == Call && op.Callee != nil && st.Op.Fn == op.Callee && len(op.Callee.Sleeps) == 0:
			if c := m.TypeStop(st); c != nil && m.concerns(s, op, false) {
				return &StopGuess{s, op, c}
			}
			if m.answers(st) && m.concerns(s, op, true) {
				return &StopGuess{s, op, nil}
			}
		}
	}
	return nil
}

// othersGoOn reports whether the frame stops or joins other goroutines behind the
// sleep, which it has started and which still work while it sleeps: it may give
// them the time to end what they have begun.
func (m *Model) othersGoOn(c *Confirmation, s *Sleep) bool {
	other := func(sp *Spawn) bool {
		return sp.Fn == s.Fn && sp.Stmt.Pos() < s.Stmt.Pos() && !slices.ContainsFunc(c.Leaves, func(l *Leaver) bool { return l.Spawn == sp })
	}
	for _, st := range m.Stops() {
		if st.Op.Fn == s.Fn && st.Op.Node.Pos() > s.Stmt.End() && slices.ContainsFunc(st.Leaves, func(l *Leaver) bool { return other(l.Spawn) }) {
			return true
		}
	}
	for op := range s.Fn.Within(s.Stmt.End(), s.Fn.Body.End()) {
		if op.Kind == Wait && slices.ContainsFunc(s.Fn.Spawns, func(sp *Spawn) bool { return other(sp) && m.waitsForAll(op, sp) }) {
			return true
		}
	}
	return false
}

// concerns reports whether the code behind the sleep looks at the value whose
// stop method was called, or, if not direct, at what that was made from; the end
// of the function will do then. Otherwise the sleep may be about something else:
// a peer that has to notice, another process.
func (m *Model) concerns(s *Sleep, stop *Op, direct bool) bool {
	sel, ok := ast.Unparen(stop.Node.(*ast.CallExpr).Fun).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	root := m.Root(sel.X)
	if root == nil {
		return false
	}
	vars := map[types.Object]bool{root: true}
	if !direct {
		for st := range m.Before(s.Stmt) {
			m.addOrigins(vars, st)
		}
	}
	n := 0
	for st := range m.After(s.Stmt) {
		if n++; n > 3 {
			return false
		}
		for v := range vars {
			if m.Mentions(v, st) {
				return true
			}
		}
	}
	return n == 0 && !direct
}

// addOrigins adds the variables from which a statement makes one of the
// variables, and those that it makes together with it.
func (m *Model) addOrigins(vars map[types.Object]bool, st ast.Stmt) {
	as, ok := st.(*ast.AssignStmt)
	if !ok || as.Tok != token.DEFINE {
		return
	}
	makes := false
	for _, lhs := range as.Lhs {
		makes = makes || vars[m.ref(lhs).Obj]
	}
	if !makes {
		return
	}
	ast.Inspect(as, func(n ast.Node) bool {
		if _, ok := n.(*ast.FuncLit); ok {
			return false // what it captures it does not consist of
		}
		if id, ok := n.(*ast.Ident); ok {
			v, ok := m.Pkg.Info.ObjectOf(id).(*types.Var)
			if ok && !v.IsField() && !isTesting(v.Type()) && !isContext(v.Type()) && !types.Identical(v.Type(), types.Universe.Lookup("error").Type()) {
				vars[v] = true
			}
		}
		return true
	})
}

// answers reports whether the function that gives the signal waits, whenever it
// gives it, until all goroutines of it have returned: for a channel that each
// of them closes by a deferred call, or a WaitGroup that they are counted in.
func (m *Model) answers(st *Stop) bool {
	fn := st.Op.Fn
	stmt, ok := st.Op.statement()
	if !ok {
		return false
	}
	for _, l := range st.Leaves {
		waited := false
		for after := range m.After(stmt) {
			for op := range fn.Within(after.Pos(), after.End()) {
				if op.Stmt() == after && op.Select == nil && (op.Kind == Recv || op.Kind == Wait) && m.deferredBy(l, op) {
					waited = true
				}
			}
			if !plain(after) {
				break
			}
		}
		if !waited {
			return false
		}
	}
	return true
}

// deferredBy reports whether the goroutine's first act is to defer what ends
// the wait.
func (m *Model) deferredBy(l *Leaver, wait *Op) bool {
	for op := range l.Spawn.Body.Within(l.Spawn.Body.Body.Pos(), l.Spawn.Body.Body.End()) {
		if op.Deferred && (op.Kind == Close || op.Kind == Done) && l.Spawn.Outside(op.Ref).Obj == wait.Ref.Obj && wait.Ref.Obj != nil {
			return true
		}
	}
	return l.Spawn.Kind == GroupGo && l.Spawn.Group.Obj == wait.Ref.Obj
}
