package chanflow

import (
	"go/ast"
	"slices"
)

// Awaits reports whether fn, once it has started the goroutine, does not end
// well before that has done all that it does: a receive or Wait, which nothing
// but a failure passes by, returns no earlier. What it waits for may be waited
// for with a time-out whose expiry is a failure.
func (m *Model) Awaits(fn *Func, sp *Spawn) bool {
	if sp.Fn != fn || sp.Body == nil {
		return false
	}
	for _, op := range fn.Ops {
		joins := false
		at := op.cur()
		switch {
		case op.Ref.Obj == nil:
		case op.Kind == Wait:
			joins = m.waitsForGroup(op, sp)
		case op.Kind == Recv && op.Select == nil:
			joins = m.givesSignal(op, sp)
		case op.Kind == Recv:
			joins = m.failsElsewhere(op) && m.givesSignal(op, sp)
			at = m.cursor(op.Select)
		}
		if !joins || m.passedBy(at, sp.Stmt) || !op.Deferred && op.Node.Pos() < sp.Stmt.End() {
			continue
		}
		left := false
		for exit := range fn.Within(sp.Stmt.End(), op.Node.Pos()) {
			left = left || exit.Kind == Exit && exit.Exit == Return
		}
		if op.Deferred && op.Node.Pos() < sp.Stmt.Pos() {
			left = false
		}
		if !left {
			return true
		}
	}
	return false
}

// givesSignal reports whether the receive gets a signal that this goroutine gives
// as its last act, and that nobody else gives: the channel is made by the frame,
// which hands it to no other goroutine or call of the same function.
func (m *Model) givesSignal(recv *Op, sp *Spawn) bool {
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
		return false
	}
	for _, other := range m.uses().spawns[sp.Body] {
		if other != sp && other.Fn == sp.Fn {
			return false
		}
	}
	for _, call := range m.uses().calls[sp.Body] {
		if call.Fn == sp.Fn {
			return false
		}
	}
	c := m.Chan(mk)
	var signals []*Op
	for _, op := range slices.Concat(c.Sends, c.Closes) {
		if op.Kind == Close || !recv.Range {
			signals = append(signals, op)
		}
	}
	return len(c.Unknown) == 0 && len(signals) == 1 && signals[0].Fn == sp.Body && signals[0].lastAct()
}

// failsElsewhere reports whether all other cases of the select around the
// receive end in a failure.
func (m *Model) failsElsewhere(recv *Op) bool {
	for _, c := range recv.Select.Body.List {
		c := c.(*ast.CommClause)
		if (c.Comm == nil || !within(c.Comm, recv.Node)) && !m.failsIn(c.Body) {
			return false
		}
	}
	return true
}

// FailsWhen reports whether a call of time.After is what a case of a select
// waits for that ends in a failure.
func (m *Model) FailsWhen(after *ast.CallExpr) bool {
	for c := range m.cursor(after).Enclosing((*ast.CommClause)(nil)) {
		clause := c.Node().(*ast.CommClause)
		return clause.Comm != nil && within(clause.Comm, after) && m.failsIn(clause.Body)
	}
	return false
}
