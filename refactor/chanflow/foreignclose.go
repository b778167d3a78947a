package chanflow

import (
	"go/ast"
	"slices"
)

// A ForeignClose is a close by a receiver of a channel on which another goroutine
// may send then or later, which panics.
type ForeignClose struct {
	Op   *Op      // the close
	Send *Op      // the send that may come later
	At   ast.Node // why it may: where the receiver leaves early, the endless loop of the sender, or the goroutine that closes
	Type bool     // methods of the type send, for callers who do not know

	Body     *Func  // the sole sender, who could close instead
	Withheld string // why it cannot, or ""
}

// ForeignCloses returns the closes by receivers that a sender may run into, in
// source order.
func (m *Model) ForeignCloses() []*ForeignClose {
	var out []*ForeignClose
	for _, f := range m.Funcs {
		for _, op := range f.Ops {
			if op.Kind != Close || op.Ref.Elem || op.Ref.Obj == nil || m.joins(op) {
				continue
			}
			life := m.Life(op.Ref.Obj)
			if !slices.ContainsFunc(life.Recvs, func(r *Op) bool { return r.Fn == f }) || life.Elems {
				continue
			}
			if fc := m.foreignClose(op, life); fc != nil {
				out = append(out, fc)
			}
		}
	}
	return out
}

// joins reports whether the closing frame may wait for the senders before it
// closes.
func (m *Model) joins(cl *Op) bool {
	for _, op := range cl.Fn.Ops {
		if op.Node.Pos() > cl.Node.Pos() && !cl.Deferred {
			continue
		}
		switch op.Kind {
		case Wait:
			return true
		case Recv:
			if op.Bare() && op.Ref.Obj != cl.Ref.Obj {
				return true
			}
		case Call:
			if op.Callee != nil && op.Callee.MayDo(Wait) {
				return true
			}
		}
	}
	return false
}

func (m *Model) foreignClose(cl *Op, life *Life) *ForeignClose {
	for _, s := range life.Sends {
		if s.Fn == cl.Fn || s.Fn.Recovers() {
			return nil // it may know what it does, or stands it
		}
	}
	for _, s := range life.Sends {
		var fc *ForeignClose
		if isField(cl.Ref.Obj) {
			fc = m.typeCloses(cl, s)
		} else {
			fc = m.leavesAndCloses(cl, s, life)
		}
		if fc != nil {
			fc.sole(m, life)
			return fc
		}
	}
	return nil
}

// leavesAndCloses finds the receiver that made the channel, started the sender
// and closes the channel although not all has been sent.
func (m *Model) leavesAndCloses(cl, s *Op, life *Life) *ForeignClose {
	if len(life.Chans) != 1 || life.Hidden() || life.Chans[0].Make.Fn != cl.Fn || m.spawnOf(s.Fn) == nil || m.spawnOf(s.Fn).Fn != cl.Fn {
		return nil
	}
	fc := &ForeignClose{Op: cl, Send: s}
	c := life.Chans[0]
	if _, bounded := c.MostSends(); bounded {
		missed := c.Missed()
		if missed == nil || missed.Kind != Away && missed.Kind != Early || !cl.Deferred && !m.leadsTo(cl.Fn, missed.Node, cl) {
			return nil
		}
		fc.At = missed.Node
		return fc
	}
	loop, ok := s.Loop().(*ast.ForStmt)
	if !ok || loop.Cond != nil || slices.ContainsFunc(life.Recvs, func(r *Op) bool { return r.Range && r.Endless() }) {
		return nil
	}
	// All that ends its loop must be told it by somebody: nothing that it counts.
	counted := false
	ast.Inspect(loop.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.SelectStmt:
			return false
		case *ast.ReturnStmt:
			counted = true
		case *ast.BranchStmt:
			counted = counted || n.Tok.String() == "break"
		}
		return true
	})
	if counted {
		return nil
	}
	fc.At = loop
	return fc
}

// leadsTo reports whether the frame may get from a case of a select to the close.
func (m *Model) leadsTo(f *Func, from ast.Node, cl *Op) bool {
	g := f.graph()
	to := g.at(cl.Node)
	for _, p := range g.points {
		if p.choice == nil || p.choice != from {
			continue
		}
		return to != nil && p.leads(func(*point) bool { return true }, func(s *point) bool { return s == to }) != nil
	}
	return false
}

// typeCloses finds the goroutine of a type that receives and closes, where other
// goroutines send by calling a method.
func (m *Model) typeCloses(cl, s *Op) *ForeignClose {
	sp := m.spawnOf(cl.Fn)
	if sp == nil || sp.Body != cl.Fn || cl.Fn.Recv() == nil || cl.Ref.Base != cl.Fn.Recv() || !(closing{at: cl}).unconditional() {
		return nil
	}
	if s.Fn.Recv() == nil || s.Ref.Base != s.Fn.Recv() || !s.Fn.Obj.Exported() || m.Closed() || m.Run(sp).Has(s.Fn) || inTest(s.Fn) {
		return nil
	}
	if len(s.Fn.Held(s.Node)) > 0 || len(cl.Fn.Held(cl.Node)) > 0 || s.Select == nil && s.Conditional() || s.Select != nil && m.conditional(m.cursor(s.Select)) {
		return nil
	}
	for _, op := range s.Fn.Ops {
		if op.Kind == Exit && op.Exit == Return && op.Node.Pos() < s.Node.Pos() {
			return nil // it may know that it is closed
		}
	}
	return &ForeignClose{Op: cl, Send: s, At: sp.Call, Type: true}
}

// unconditional reports whether the frame closes on all its ways out.
func (c closing) unconditional() bool {
	return c.at.Deferred && !c.at.Fn.model.skippedInLiteral(c.at) && !c.at.Conditional() || !c.at.Deferred && c.certain()
}

// sole finds the one goroutine that sends, and whether it can close the channel.
func (fc *ForeignClose) sole(m *Model, life *Life) {
	if fc.Type {
		fc.Withheld = "whoever calls the method sends"
		return
	}
	sp := m.spawnOf(fc.Send.Fn)
	st, isStmt := fc.Op.Stmt().(*ast.ExprStmt)
	_, isDefer := fc.Op.Stmt().(*ast.DeferStmt)
	switch {
	case sp == nil || sp.Body != fc.Send.Fn || slices.ContainsFunc(life.Sends, func(s *Op) bool { return s.Fn != fc.Send.Fn }) || sp.Loop() != nil:
		fc.Withheld = "there is more than one sender"
	case len(life.Closes) > 1:
		fc.Withheld = "it is closed elsewhere too"
	case fc.Send.Ref.Obj != fc.Op.Ref.Obj || sp.Lit() == nil:
		fc.Withheld = "the sender is a function that may have other callers"
	case !isDefer && (!isStmt || st.X != fc.Op.Node) || isDefer && fc.Op.Stmt().(*ast.DeferStmt).Call != fc.Op.Node:
		fc.Withheld = "the close is part of a larger statement"
	case fc.Send.Bare() && !m.roomy(life.Chans[0], fc.Send):
		fc.Withheld = "the sender would wait for ever for a receiver that has left"
	case fc.mistaken(life.Chans[0]):
		fc.Withheld = "a receiver would take the close for a value"
	default:
		fc.Body = sp.Body
	}
}

// mistaken reports whether a receiver that looks at the value only may meet a
// channel that the sender has closed: where it receives once more, or where the
// sender can end without a send. A bare receive from a sender without end is not
// reached then: it would have waited for ever.
func (fc *ForeignClose) mistaken(c *Chan) bool {
	_, bounded := c.MostSends()
	if !slices.ContainsFunc(c.Recvs, func(r *Op) bool {
		return !r.Range && !r.commaOk() && !c.model.plainEvent(r) && (r.Select != nil || bounded)
	}) {
		return false
	}
	recvs, ok := c.MostRecvs()
	end := &Op{Kind: Close, Fn: fc.Send.Fn, Deferred: true, Ref: fc.Send.Ref}
	return !ok || !recvs.Fits(1) || !c.count().answeredBefore(end)
}
