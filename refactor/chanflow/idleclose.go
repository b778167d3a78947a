package chanflow

import (
	"go/ast"
	"slices"
)

// An IdleClose is a close of a reply channel that tells nobody anything: somebody
// else than the channel's maker answers once and then closes it, and whoever
// receives the answer never looks at the channel again.
type IdleClose struct {
	Op   *Op
	Chan *Chan // one of the channels that are closed here
}

// IdleCloses returns the closes that nobody can notice, in source order per
// function.
func (m *Model) IdleCloses() []IdleClose {
	var out []IdleClose
	for _, f := range m.Funcs {
		for _, op := range f.Ops {
			if op.Kind != Close || op.Ref.Obj == nil || op.Ref.Elem {
				continue
			}
			l := m.Life(op.Ref.Obj)
			if len(l.Chans) > 0 && !l.Hidden() && !slices.ContainsFunc(l.Chans, func(c *Chan) bool { return !c.closedIdly() }) {
				out = append(out, IdleClose{op, l.Chans[0]})
			}
		}
	}
	return out
}

// closedIdly reports whether none of the channel's closes can be noticed.
func (c *Chan) closedIdly() bool {
	if len(c.Closes) == 0 || len(c.Sends) == 0 || len(c.Recvs) == 0 || c.Signals() || len(c.Measured) > 0 {
		return false
	}
	looked := false // somebody wants the value, and not only the event
	for _, r := range c.Recvs {
		if r.Deferred || r.commaOk() {
			return false
		}
		looked = looked || !c.model.plainEvent(r)
	}
	k := c.count()
	recvs, ok := c.MostRecvs()
	if !looked || !k.ok || k.own || !k.most.Fits(1) || !ok || !recvs.Fits(1) {
		return false
	}
	for _, op := range c.Closes {
		if op.Fn == c.Make.Fn || !k.answeredBefore(op) {
			return false // it is, or may be, itself the answer
		}
	}
	return true
}

// commaOk reports whether a receive asks whether the channel is closed.
func (o *Op) commaOk() bool {
	switch p := o.cur().Parent().Node().(type) {
	case *ast.AssignStmt:
		return len(p.Lhs) == 2 && len(p.Rhs) == 1
	case *ast.ValueSpec:
		return len(p.Names) == 2 && len(p.Values) == 1
	}
	return false
}

// answeredBefore reports whether every way of the frame to the close, or to its
// end if the close is deferred, passes a send on the same channel.
func (k *counter) answeredBefore(closed *Op) bool {
	g := closed.Fn.graph()
	if g.gotos {
		return false
	}
	if closed.Deferred {
		f := closed.Fn
		sp := k.model.spawnOf(f)
		if sp == nil || sp.Body != f || sp.Kind != GoStmt || f.Recovers() ||
			slices.ContainsFunc(f.Exits(f.Body.List), func(op *Op) bool { return op.Exit != Return }) || k.model.runsChecks(f) {
			return false // a panic, or the end of a test, closes it unanswered
		}
	}
	starts := []*point{g.entry}
	for _, r := range k.requests {
		if p := g.received(r); r.Fn == closed.Fn && p != nil {
			starts = append(starts, p)
		}
	}
	sends := func(p *point) bool {
		return slices.ContainsFunc(p.ops, func(op *Op) bool {
			return op.Kind == Send && k.Holds(op) && op.Ref.Base == closed.Ref.Base
		})
	}
	ends := func(p *point) bool {
		if closed.Deferred {
			return p.exit
		}
		return slices.Contains(p.ops, closed)
	}
	for _, s := range starts {
		if s == nil || ends(s) || s.leads(func(p *point) bool { return !sends(p) }, ends) != nil {
			return false
		}
	}
	return true
}

// runsChecks reports whether the frame calls a function value that is not in
// sight, in a file that deals with tests: it may be a check that ends the goroutine.
func (m *Model) runsChecks(f *Func) (found bool) {
	if !slices.ContainsFunc(f.File.Syntax.Imports, func(spec *ast.ImportSpec) bool { return spec.Path.Value == `"testing"` }) {
		return false
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && m.Callee(call) == nil && m.Static(call) == nil {
			tv := m.Pkg.Info.Types.Of(call.Fun)
			found = found || !tv.IsType() && !tv.IsBuiltin()
		}
		return !found
	})
	return found
}
