package chanflow

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
)

// unlocked returns the statement behind which the stopper can wait without
// holding a lock that the goroutines take, starting at the statement that
// signals; or why there is none.
func (m *Model) unlocked(c *Confirmation, fn *Func, stmt ast.Stmt) (ast.Stmt, string) {
	cur, ok := m.root.FindNode(stmt)
	if !ok {
		return stmt, ""
	}
	list, i := siblings(cur)
	for _, h := range m.held(fn, stmt) {
		j := -1
		for k := i + 1; k < len(list) && j < 0; k++ {
			for u := range fn.Within(list[k].Pos(), list[k].End()) {
				if u.Stmt() == list[k] && !u.Deferred && slices.Contains(u.releases(), h.lock) {
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
			locks := l.Run.Locks()
			if locks[h.lock] != nil {
				return nil, fmt.Sprintf("%s holds %s, which the goroutine takes before it can return", fn.Name(), h.text)
			}
			if len(locks) > 0 { // another goroutine may hold one and wait for the other
				return nil, fmt.Sprintf("%s holds %s while the goroutine takes other locks", fn.Name(), h.text)
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

// A holding is a lock that is held, and what the code calls it.
type holding struct {
	lock types.Object
	text string
}

// held returns the locks, in the order in which they were taken, that the frame
// holds, for certain or perhaps, when it reaches the node.
func (m *Model) held(fn *Func, at ast.Node) (out []holding) {
	for _, op := range fn.Ops {
		if op.Node.Pos() >= at.Pos() || op.Deferred {
			continue
		}
		for _, lock := range op.acquires() {
			text := lock.Name()
			if op.Ref.Obj == lock {
				text = m.source(op.Ref.Expr)
			}
			out = append(out, holding{lock, text})
		}
		for _, lock := range op.releases() {
			// One in a branch that does not lead there releases nothing here.
			if !m.passedBy(op.cur(), at) {
				out = slices.DeleteFunc(out, func(h holding) bool { return h.lock == lock })
			}
		}
	}
	(&step{fn: fn}).calls(func(call *ast.CallExpr) {
		if call.Pos() >= at.Pos() {
			return
		}
		switch fullName(m.Static(call)) {
		case "(*sync.Mutex).TryLock", "(*sync.RWMutex).TryLock", "(*sync.RWMutex).TryRLock":
			if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
				if ref := (&builder{Model: m}).receiver(sel); ref.Obj != nil {
					out = append(out, holding{ref.Obj, m.source(ref.Expr)})
				}
			}
		}
	})
	return out
}

// joinsByLock reports whether the stopper takes, behind its signal, a lock that
// the goroutine holds when it hears of that: the stopper gets it when the
// goroutine has left.
func (m *Model) joinsByLock(signal *Op, l *Leaver) bool {
	fn := signal.Fn
	for _, h := range m.held(l.Op.Fn, l.Op.Node) {
		for op := range fn.Within(signal.Node.End(), fn.Body.End()) {
			if !op.Deferred && slices.Contains(op.acquires(), h.lock) {
				return true
			}
		}
	}
	return false
}

// acquires returns the locks that are held once the operation has been
// performed: its own, or those that a function takes and leaves locked.
func (o *Op) acquires() []types.Object { return o.leaves(Lock, RLock, Unlock, RUnlock) }

// releases returns the locks that the operation, or a function that it calls,
// unlocks without having taken them.
func (o *Op) releases() []types.Object { return o.leaves(Unlock, RUnlock, Lock, RLock) }

func (o *Op) leaves(does, rdoes, undoes, rundoes OpKind) (out []types.Object) {
	switch {
	case o.Kind == does || o.Kind == rdoes:
		if o.Ref.Obj != nil {
			out = append(out, o.Ref.Obj)
		}
	case o.Kind == Call && o.Callee != nil:
		for e := range o.Callee.Effects() {
			if (e.Kind == does || e.Kind == rdoes) && !o.Callee.Does(undoes, e.Obj) && !o.Callee.Does(rundoes, e.Obj) && isField(e.Obj) {
				out = append(out, e.Obj)
			}
		}
		slices.SortFunc(out, func(a, b types.Object) int { return int(a.Pos() - b.Pos()) })
	}
	return out
}

// heldByCallers returns a lock which the goroutine takes and which a function
// of the package holds when it calls fn, directly or through others, and
// that function; nil if there is none.
func (m *Model) heldByCallers(fn *Func, locks map[types.Object]*Op) (lock string, by *Func) {
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
				for _, h := range m.held(f, op.Stmt()) {
					if locks[h.lock] != nil {
						return h.text, f
					}
				}
				if !seen[f] {
					seen[f] = true
					work = append(work, f)
				}
			}
		}
	}
	return "", nil
}
