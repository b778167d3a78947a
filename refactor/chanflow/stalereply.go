package chanflow

import (
	"go/ast"
	"go/types"
	"slices"
)

// A StaleReply is a channel, or a struct with one, that goes back to a sync.Pool
// while the reply on it is still to come, or has come and was not received.
type StaleReply struct {
	Put  *ast.CallExpr // of the pool, or of a function of the package that calls it
	Recv *Op
	Away *ast.CommClause // the case by which the receiver goes without the reply
	Send *Op
	Var  types.Object // what is put back

	// Join waits, on every way from Away to Put, for the goroutine that sends, so
	// that the reply has come by then; nil if there is no such wait.
	Join *Op

	Deferred *ast.DeferStmt // of Put, or nil
	Used     bool           // Var is used after the receive, but for Put
}

// StaleReplies returns the channels that go back to their pool undrained.
func (m *Model) StaleReplies() []*StaleReply {
	var out []*StaleReply
	for _, f := range m.Funcs {
		for _, recv := range f.Ops {
			if recv.Kind == Recv && recv.Select != nil && !recv.Ref.Elem && !recv.Ref.Context {
				out = append(out, m.staleReplies(recv)...)
			}
		}
	}
	return out
}

func (m *Model) staleReplies(recv *Op) (out []*StaleReply) {
	f := recv.Fn
	pooled := recv.Ref.Base
	if pooled == nil || isField(pooled) || !f.Owns(pooled) || isParam(f, pooled) {
		return nil
	}
	var puts []*ast.CallExpr
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if arg := m.putBack(call); arg != nil && m.Ref(arg).Obj == pooled {
				puts = append(puts, call)
			}
		}
		return true
	})
	if len(puts) == 0 {
		return nil
	}
	send := m.surelySent(recv)
	if send == nil {
		return nil
	}
	g := f.graph()
	for op := range f.Within(recv.Select.Pos(), recv.Select.End()) {
		clause := m.caseOf(op.Stmt())
		if op.Select != recv.Select || op.Kind != Recv || op == recv || clause == nil || !m.bounds(op) || m.undone(clause, pooled, puts) {
			continue
		}
		from := g.choice(clause)
		if from == nil {
			continue
		}
		for _, put := range puts {
			s := &StaleReply{Put: put, Recv: recv, Away: clause, Send: send, Var: pooled}
			s.Deferred, _ = m.cursor(put).Parent().Node().(*ast.DeferStmt)
			drains := func(p *point) bool {
				if p.choice != nil && p.choice.Comm == nil { // there is nothing to drain
					sel := m.cursor(p.choice).Parent().Parent().Node()
					return slices.ContainsFunc(f.Ops, func(op *Op) bool {
						return op.Kind == Recv && op.Select == sel && op.Ref.Obj == recv.Ref.Obj
					})
				}
				return slices.ContainsFunc(p.ops, func(op *Op) bool {
					return op.Kind == Recv && op.Ref.Obj == recv.Ref.Obj || op.Kind == Make && op.Ref.Obj == recv.Ref.Obj ||
						op.Kind == Call && op.Callee != nil && op.Callee.Does(Recv, recv.Ref.Obj)
				})
			}
			back := g.at(put)
			ends := func(p *point) bool {
				if s.Deferred != nil {
					return p.exit
				}
				return p == back
			}
			if s.Deferred != nil && s.Deferred.Pos() > recv.Select.Pos() || from.leads(func(p *point) bool { return !drains(p) }, ends) == nil {
				continue
			}
			s.Join = m.joinBetween(g, from, ends, send)
			s.Used = slices.ContainsFunc(m.usesAfter(f, pooled, recv), func(n ast.Node) bool { return !within(put, n) })
			out = append(out, s)
		}
	}
	return out
}

// putBack returns what a call puts back into a sync.Pool, directly or by a
// function of the package that does so with its parameter; nil if nothing.
func (m *Model) putBack(call *ast.CallExpr) ast.Expr {
	if f := m.Static(call); f != nil && f.FullName() == "(*sync.Pool).Put" && len(call.Args) == 1 {
		return call.Args[0]
	}
	callee := m.Callee(call)
	if callee == nil || callee.Decl == nil || callee.MayDo(Recv) {
		return nil
	}
	for i, p := range callee.Params() {
		if p == nil || i >= len(call.Args) {
			continue
		}
		found := false
		ast.Inspect(callee.Body, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok && len(c.Args) == 1 {
				if f := m.Static(c); f != nil && f.FullName() == "(*sync.Pool).Put" && m.Ref(c.Args[0]).Obj == p {
					found = true
				}
			}
			return !found
		})
		if found {
			return call.Args[i]
		}
	}
	return nil
}

// surelySent returns a send on what is received, if whoever gets to answer sends
// once, whatever happens; nil if it may know that nobody waits any more.
func (m *Model) surelySent(recv *Op) *Op {
	var sends []*Op
	if obj := recv.Ref.Obj; isField(obj) {
		for _, op := range m.OpsOn(obj) {
			if op.Kind == Send {
				sends = append(sends, op)
			}
		}
	} else {
		l := m.Life(obj)
		if slices.ContainsFunc(l.Unknown, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			return !ok || m.putBack(call) == nil
		}) {
			return nil // who else has it?
		}
		sends = l.Sends
	}
	for _, op := range sends {
		if op.Fn == recv.Fn || op.Deferred {
			return nil
		}
		g := op.Fn.graph()
		start := g.entry
		if base := op.Ref.Base; base != nil && op.Loop() != nil {
			if !covers(op.Loop(), base.Pos()) {
				return nil // several
			}
			for _, r := range op.Fn.Ops { // a request comes, and is answered
				if r.Kind == Recv && covers(r.Stmt(), base.Pos()) {
					start = g.received(r)
				}
			}
		}
		if start == nil || g.gotos {
			return nil
		}
		sent := func(p *point) bool {
			return slices.ContainsFunc(p.ops, func(o *Op) bool { return o.Kind == Send && o.Ref.Obj == op.Ref.Obj })
		}
		if start.leads(func(p *point) bool { return !sent(p) }, func(p *point) bool { return p.exit || p == start }) != nil {
			return nil
		}
	}
	if len(sends) == 0 {
		return nil
	}
	return sends[0]
}

// undone reports whether a case does something else about the variable than to
// put it back: it may see to it that no reply comes.
func (m *Model) undone(clause *ast.CommClause, pooled types.Object, puts []*ast.CallExpr) bool {
	for _, st := range clause.Body {
		found := false
		ast.Inspect(st, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && slices.Contains(puts, call) {
				return false
			}
			if id, ok := n.(*ast.Ident); ok && m.Pkg.Info.Uses.Of(id) == pooled {
				found = true
			}
			return !found
		})
		if found {
			return true
		}
	}
	return false
}

// joinBetween returns a wait for the goroutine that sends which every way from
// the point to the end passes, or nil.
func (m *Model) joinBetween(g *graph, from *point, ends func(*point) bool, send *Op) *Op {
	sp := m.spawnOf(send.Fn)
	if sp == nil || sp.Fn != g.fn {
		return nil
	}
	for _, op := range g.fn.Ops {
		if op.Deferred || op.Select != nil || op.Kind != Wait && op.Kind != Recv || !m.waitsForAll(op, sp) {
			continue
		}
		if from.leads(func(p *point) bool { return !slices.Contains(p.ops, op) }, ends) == nil {
			return op
		}
	}
	return nil
}

// usesAfter returns the uses of a variable that may follow the receive.
func (m *Model) usesAfter(f *Func, v types.Object, recv *Op) (out []ast.Node) {
	clause := m.caseOf(recv.Stmt())
	ast.Inspect(f.Body, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if ok && m.Pkg.Info.Uses.Of(id) == v && (id.Pos() > recv.Select.End() || clause != nil && id.Pos() > clause.Colon && id.End() <= clause.End()) {
			out = append(out, id)
		}
		return true
	})
	return out
}
