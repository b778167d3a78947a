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
	for _, op := range m.held(fn, stmt) {
		lock, j := op.Ref.Obj, -1
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

// held returns the operations, in source order, that took the locks which the
// frame holds, for certain or perhaps, when the statement runs.
func (m *Model) held(fn *Func, stmt ast.Stmt) (out []*Op) {
	for _, op := range fn.Ops {
		if op.Node.Pos() >= stmt.Pos() || op.Deferred || op.Ref.Obj == nil {
			continue
		}
		switch op.Kind {
		case Lock, RLock:
			out = append(out, op)
		case Unlock, RUnlock:
			// One in a branch that does not lead to stmt releases nothing here.
			if cur, ok := m.root.FindNode(op.Stmt()); ok && within(cur.Parent().Node(), stmt) {
				out = slices.DeleteFunc(out, func(l *Op) bool { return l.Ref.Obj == op.Ref.Obj })
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
				for _, l := range m.held(f, op.Stmt()) {
					if locks[l.Ref.Obj] != nil {
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
