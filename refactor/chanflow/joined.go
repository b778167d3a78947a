package chanflow

import (
	"go/ast"
	"slices"
)

// waitsForAll reports whether the operation returns only after the goroutine has
// done all that it does: nobody else gives the signal that it waits for, and the
// signal is the goroutine's last act.
func (m *Model) waitsForAll(join *Op, sp *Spawn) bool {
	switch join.Kind {
	case Wait:
		return m.waitsForGroup(join, sp)
	case Recv:
		return join.Select == nil && m.waitsForSignal(join, sp)
	}
	return false // a call, which may or may not wait
}

// waitsForGroup reports it of the Wait of a WaitGroup: the goroutine must have
// been added before it was started.
func (m *Model) waitsForGroup(wait *Op, sp *Spawn) bool {
	if sp.Kind == GroupGo || sp.Kind == ErrgroupGo {
		return sp.Group.Obj == wait.Ref.Obj
	}
	var done *Op
	added := false
	for _, op := range sp.Body.Ops {
		switch {
		case op.Kind == Done && sp.Outside(op.Ref).Obj == wait.Ref.Obj:
			if done != nil {
				return false
			}
			done = op
		case op.Kind == Add:
			return false // perhaps too late
		}
	}
	for _, op := range m.OpsOn(wait.Ref.Obj) {
		added = added || op.Kind == Add && op.Fn == sp.Fn && op.Node.End() <= sp.Stmt.Pos()
	}
	return added && done != nil && done.lastAct()
}

// waitsForSignal reports it of a receive.
func (m *Model) waitsForSignal(recv *Op, sp *Spawn) bool {
	var mk *Op
	for _, op := range m.OpsOn(recv.Ref.Obj) {
		if op.Kind == Make {
			if mk != nil {
				return false
			}
			mk = op
		}
	}
	if mk == nil || mk.Fn != recv.Fn || mk.Loop() != recv.Loop() || sp.Loop() != recv.Loop() {
		return false // the signal could be one that was given before
	}
	c := m.Chan(mk)
	if len(c.Unknown) > 0 || len(m.uses().spawns[sp.Body]) != 1 || len(m.uses().calls[sp.Body]) > 0 {
		return false
	}
	signals := c.Closes
	if !recv.Range {
		signals = slices.Concat(c.Sends, c.Closes)
	}
	return len(signals) == 1 && signals[0].Fn == sp.Body && signals[0].lastAct()
}

// lastAct reports whether nothing that the frame does follows the operation: it
// is deferred before all else that is deferred, or it is the last statement of a
// frame that defers nothing.
func (o *Op) lastAct() bool {
	stmt := o.Stmt()
	if d, ok := stmt.(*ast.DeferStmt); ok && d.Call != o.Node {
		return false
	}
	list := o.Fn.Body.List
	last := slices.Contains(list, stmt) && (o.Deferred || stmt == list[len(list)-1])
	ast.Inspect(o.Fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.DeferStmt:
			last = last && (n == stmt || o.Deferred && n.Pos() > stmt.Pos())
		}
		return last
	})
	return last
}
