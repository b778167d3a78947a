package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A way is one by which the frame at an end of a channel leaves for good.
type way struct {
	at     ast.Node
	signal Ref  // heard or given by it
	gives  bool // the frame itself gives the signal, as it leaves
	peer   *Op  // its operation on the channel
}

// ways returns how the frame of an operation leaves the channel, as far as a
// signal goes with it.
func (m *Model) ways(p *Op) []way {
	f := p.Fn
	var out []way
	var heard []*Op // receives of stop signals on which it leaves
	loop := p.turns()
	for _, op := range f.Ops {
		if op.Kind != Recv || op == p || op.Range || !m.tellsStop(op) || !m.leavesOn(op) || m.inCaseOf(p, op) || m.committed(p, op) || m.endsAll(op) {
			continue
		}
		beside := p.Select != nil && op.Select == p.Select
		if beside || loop != nil && within(loop, op.Node) && (op.Select != nil || op.Loop() == loop) {
			heard = append(heard, op)
			out = append(out, way{at: op.Node, signal: m.signalRef(op.channel()), peer: p})
		}
	}
	// What it signals itself, as it leaves.
	early := m.earlyOut(p)
	for _, op := range f.Ops {
		if op.Kind != Close && op.Kind != Cancel {
			continue
		}
		ref := op.Ref
		if op.Kind == Cancel {
			ctx := m.ctxOf[ref.Obj]
			if ctx == nil {
				continue
			}
			ref = Ref{Obj: ctx, Base: ctx, Context: true}
		} else if !signals(m.Pkg.Info.TypeOf(ref.Expr)) {
			continue
		}
		if ref.Obj == nil || ref.Elem {
			continue
		}
		for _, h := range heard {
			if op.Deferred && !op.Conditional() || m.inCaseOf(op, h) {
				out = append(out, way{h.Node, ref, true, p})
			}
		}
		if early != nil && op.Deferred && !op.Conditional() {
			out = append(out, way{early, ref, true, p})
		}
	}
	if early != nil {
		if ctx := m.groupContext(f); ctx != nil {
			out = append(out, way{early, Ref{Obj: ctx, Base: ctx, Context: true}, true, p})
		}
	}
	return out
}

// turns returns the loop that performs the operation again and again, or nil.
func (o *Op) turns() ast.Stmt {
	if r, ok := o.Node.(*ast.RangeStmt); ok {
		return r
	}
	return o.Loop()
}

// tellsStop reports whether a receive waits for an event that can be a stop
// signal: a channel that carries no values, or a context's.
func (m *Model) tellsStop(op *Op) bool {
	return op.Ref.Context || signals(m.Pkg.Info.TypeOf(op.channel()))
}

// committed reports whether the operation is in another case of the select that hears
// the signal: once the receiver is there, it does not leave.
func (m *Model) committed(p, heard *Op) bool {
	return heard.Select != nil && p.Select != heard.Select && within(heard.Select.Body, p.Node)
}

// endsAll reports whether what follows a signal ends the test or the process.
func (m *Model) endsAll(op *Op) bool {
	return slices.ContainsFunc(op.Fn.Ops, func(o *Op) bool {
		return o.Kind == Exit && o.Exit != Return && m.inCaseOf(o, op)
	})
}

// inCaseOf reports whether the operation is in the case that receives.
func (m *Model) inCaseOf(op, recv *Op) bool {
	if recv.Select == nil || op.Deferred {
		return false
	}
	for c := range recv.cur().Enclosing((*ast.CommClause)(nil)) {
		return within(c.Node(), op.Node)
	}
	return false
}

// earlyOut returns a return in the loop that operates, other than one for the
// end of the channel; nil if there is none.
func (m *Model) earlyOut(p *Op) ast.Node {
	loop := p.turns()
	if loop == nil {
		return nil
	}
	var ok types.Object // of v, ok := <-ch
	if as, is := p.cur().Parent().Node().(*ast.AssignStmt); is && len(as.Lhs) == 2 {
		ok = m.Ref(as.Lhs[1]).Obj
	}
	for _, op := range p.Fn.Ops {
		if op.Kind != Exit || op.Exit != Return || !within(loop, op.Node) {
			continue
		}
		ends := false
		for c := range op.cur().Enclosing((*ast.IfStmt)(nil)) {
			if st := c.Node().(*ast.IfStmt); within(loop, st) && (ok != nil && m.Mentions(ok, st.Cond) || m.counts(loop, st.Cond)) {
				ends = true
			}
		}
		if !ends {
			return op.Node
		}
	}
	return nil
}

// counts reports whether a condition looks at a number that the loop counts: how
// many senders are left, perhaps.
func (m *Model) counts(loop ast.Stmt, cond ast.Expr) bool {
	found := false
	ast.Inspect(loop, func(n ast.Node) bool {
		var lhs ast.Expr
		switch n := n.(type) {
		case *ast.IncDecStmt:
			lhs = n.X
		case *ast.AssignStmt:
			if n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN {
				lhs = n.Lhs[0]
			}
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "len" && within(cond, n) {
				found = true
			}
		}
		if lhs != nil {
			if obj := m.Ref(lhs).Obj; obj != nil && m.Mentions(obj, cond) {
				found = true
			}
		}
		return !found
	})
	return found
}

// groupContext returns the context that an errgroup cancels when the frame,
// which one of its goroutines runs, returns an error; nil if there is none.
func (m *Model) groupContext(f *Func) types.Object {
	for _, sp := range m.Spawns {
		if sp.Kind != ErrgroupGo || sp.Body != f || sp.Group.Obj == nil {
			continue
		}
		return m.derived().groups[sp.Group.Obj]
	}
	return nil
}

// strands returns why the peer would be left behind in its turn if the operation
// were given up on the signal, or "": it does not look at the signal while it
// waits for the operation.
func (m *Model) strands(op *Op, w way, chans []*Chan, alone bool) string {
	if !w.peer.Bare() || w.gives && !w.signal.Context && !isContext(w.signal.Obj.Type()) && alone {
		return ""
	}
	if op.Kind == Recv {
		return "the sender would be left behind in its turn"
	}
	for _, c := range chans {
		if !slices.ContainsFunc(c.Closes, func(o *Op) bool {
			return !o.Conditional() && (o.Fn == op.Fn && o.Deferred || o.Fn != op.Fn && m.reaches(o.Fn, op.Fn))
		}) {
			return "the receiver would be left behind in its turn"
		}
	}
	return ""
}

// given reports whether the signal has come already when the frame gets to the
// operation: it, or one around it, has given it before or has just heard it.
func (m *Model) given(op *Op, signal Ref) bool {
	same := func(o *Op) bool {
		obj := o.Ref.Obj
		if o.Kind == Recv {
			obj = m.signalRef(o.channel()).Obj
		}
		return obj != nil && (m.fires(obj, signal.Obj) || m.fires(signal.Obj, obj))
	}
	for at := op.Fn; at != nil; at = at.Outer {
		for _, o := range at.Ops {
			switch o.Kind {
			case Close, Cancel:
				if at == op.Fn && !o.Deferred && o.Node.Pos() < op.Node.Pos() && !m.passedBy(o.cur(), op.Node) && same(o) {
					return true
				}
			case Recv:
				if !o.Deferred && !o.Range && m.inCaseOf(op, o) && same(o) {
					return true
				}
			}
		}
	}
	return false
}
