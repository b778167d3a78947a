package chanflow

import (
	"go/ast"
	"slices"
)

// Alone reports whether the signal can be deferred from the start of the body
// with one difference only, that ways out give it which did not: it then comes
// between the same operations as before, nothing else gives or takes back what
// it stands for, and it comes once for each time that somebody counts on it.
// Whoever the additional signal wakes would have waited for ever.
func (c *Completion) Alone() bool {
	m := c.Body.model
	if len(c.Late) > 0 || slices.ContainsFunc(c.All, func(op *Op) bool {
		ret, ok := m.following(op).(*ast.ReturnStmt)
		return ok && len(ret.Results) > 0 // which are worked out after the signal
	}) {
		return false
	}
	if c.Body.Does(Add, c.Op.Ref.Obj) {
		return false // a way out that comes before that would count down what was not counted
	}
	for _, op := range m.OpsOn(c.Op.Ref.Obj) {
		if op.Kind == c.Op.Kind && op.Fn == c.Body && !slices.Contains(c.All, op) {
			return false
		}
	}
	for _, sp := range c.spawns {
		out := sp.Outside(c.Op.Ref)
		if out.Obj == nil {
			return false
		}
		if loop := sp.Loop(); c.Op.Kind == Close && loop != nil && !(loop.Pos() <= out.Obj.Pos() && out.Obj.Pos() < loop.End()) {
			return false // only the first of several may close it
		}
		for _, op := range m.OpsOn(out.Obj) {
			if op.Kind == c.Op.Kind && op.Fn != c.Body && !m.spawned(op.Fn) {
				return false // perhaps in place of a goroutine that fails
			}
		}
	}
	return true
}

// spawned reports whether f is the body of a goroutine, and called by nobody.
func (m *Model) spawned(f *Func) bool {
	if !slices.ContainsFunc(m.Spawns, func(sp *Spawn) bool { return sp.Body == f }) {
		return false
	}
	for _, g := range m.Funcs {
		if slices.ContainsFunc(g.Ops, func(op *Op) bool { return op.Kind == Call && op.Callee == f }) {
			return false
		}
	}
	return true
}
