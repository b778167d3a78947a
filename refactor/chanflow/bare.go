package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A BareOp is a send that ignores the stop signal in its reach although those
// who receive leave on it: once they have, it blocks for ever.
type BareOp struct {
	Op     *Op
	Peer   *Op             // a receive of the channel
	Away   ast.Node        // where that receiver leaves
	Signal BareStop        // what the operation can heed
	Like   *ast.CommClause // a case of the frame that heeds the signal too, or nil

	// Withheld is why heeding the signal there is not known to be right, or "".
	Withheld string
}

// A BareStop is a stop signal as code at some place refers to it.
type BareStop struct {
	Text    string // a channel expression, such as "ctx.Done()"
	Context string // the context whose channel it is, such as "ctx", or ""
}

// BareOps returns the bare sends of the package whose receivers leave on a stop
// signal that is in reach of the send, in source order.
func (m *Model) BareOps() []*BareOp {
	var out []*BareOp
	signals := m.SignalSends()
	for _, f := range m.Funcs {
		for _, op := range f.Ops {
			if slices.ContainsFunc(signals, func(s *SignalSend) bool { return s.Op == op }) {
				continue // should be a close
			}
			if b := m.bareSend(op); b != nil {
				out = append(out, b)
			}
		}
	}
	return out
}

func (m *Model) bareSend(op *Op) *BareOp {
	obj := op.Ref.Obj
	if op.Kind != Send || op.Select != nil || op.Deferred || op.Once || obj == nil || op.Ref.Elem || !m.ownStatement(op) {
		return nil
	}
	f := op.Fn
	if f.Use == Bound && len(m.uses().spawns[f]) == 0 {
		return nil // who calls it, and on which goroutine, is not known
	}
	if f.InBubble() || f.TestHandle() != nil {
		return nil // the test fails by it, with the stacks of all
	}
	chans, ok := m.chansOf(obj)
	if !ok {
		return nil
	}
	var peers []*Op
	for _, c := range chans {
		if len(c.Unknown) > 0 || c.Exposed != nil || c.Visible != nil {
			return nil // others may receive
		}
		for _, r := range c.Recvs {
			if !slices.Contains(peers, r) {
				peers = append(peers, r)
			}
		}
	}
	if len(peers) == 0 {
		return nil
	}
	b := &BareOp{Op: op}
	var signal Ref
	for i, p := range peers {
		if p.Fn == f || p.Deferred {
			return nil // it comes when it comes
		}
		ways := m.ways(p)
		var found bool
		for _, w := range ways {
			s, like, ok := m.reach(op, w)
			if !ok {
				continue
			}
			found = true
			if i == 0 {
				b.Peer, b.Away, b.Signal, b.Like, signal = p, w.at, s, like, w.signal
			}
			break
		}
		if !found {
			return nil // one that stays, or that leaves unheard
		}
	}
	for _, c := range chans { // what costs most comes last
		if m.roomy(c, op) || m.isReply(c) {
			return nil
		}
	}
	if m.joinedFirst(op, signal) || m.ownSignal(op, signal) {
		return nil
	}
	b.Withheld = m.cutShort(b)
	return b
}

// ownStatement reports whether the send stands in a list of statements of its
// frame itself, where a select can take its place.
func (m *Model) ownStatement(op *Op) bool {
	list, _ := siblings(op.cur)
	if len(list) == 0 || !slices.Contains(list, op.Node.(ast.Stmt)) {
		return false
	}
	for c := range op.cur.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		return c.Node() == op.Fn.Node()
	}
	return false
}

type chansKey struct{}

// chansOf returns the channels that a variable or field may hold; ok is false
// if some of them are made out of sight.
func (m *Model) chansOf(obj types.Object) ([]*Chan, bool) {
	all := m.Pkg.Memo(chansKey{}, func() any {
		out := make(map[types.Object][]*Chan)
		for _, f := range m.Funcs {
			for _, op := range f.Ops {
				if op.Kind != Make {
					continue
				}
				c := m.Chan(op)
				for _, name := range c.Names {
					out[name] = append(out[name], c)
				}
			}
		}
		return out
	}).(map[types.Object][]*Chan)
	chans := all[obj]
	if len(chans) == 0 {
		return nil, false
	}
	// A parameter of a function that others call too is no such.
	if f := m.FuncOf(obj.Pos()); f != nil && slices.Contains(f.Params(), obj) {
		if f.Obj == nil {
			return chans, f.Use == Spawned
		}
		if _, all := m.Callers(f); !all || f.Obj.Exported() && !m.Closed() {
			return nil, false
		}
	}
	return chans, true
}

// roomy reports whether the channel has, or may have, room for what is sent.
func (m *Model) roomy(c *Chan, op *Op) bool {
	size, ok := m.MakeCap(c.Make.Node.(*ast.CallExpr))
	if !ok {
		return true // made to measure
	}
	if most, bounded := c.MostSends(); bounded {
		return most.Fits(size)
	}
	return size > 0 && !op.again(c.Make)
}

// again reports whether the frame may come to the operation again with the same
// channel.
func (o *Op) again(mk *Op) bool {
	if loop := o.Loop(); o.Fn.model.Assigned(o.Ref.Obj) || loop != nil && o.Ref.Base != nil && covers(loop, o.Ref.Base.Pos()) {
		return false // another channel each time
	}
	g := o.Fn.graph()
	p, start := g.at(o.Node), g.at(mk.Node)
	return p != nil && p.leads(func(q *point) bool { return q != start || mk.Fn != o.Fn }, func(q *point) bool { return q == p }) != nil
}

// isReply reports whether the channel lacks nothing but room for a reply.
func (m *Model) isReply(c *Chan) bool {
	size, ok := m.MakeCap(c.Make.Node.(*ast.CallExpr))
	_, bounded := c.MostSends()
	return ok && size == 0 && bounded && len(c.Measured) == 0 && c.Missed() != nil
}

// A way is one by which a receiver leaves for good.
type way struct {
	at     ast.Node
	signal Ref  // heard or given by it
	gives  bool // the receiver itself gives the signal, as it leaves
	peer   *Op
}

// ways returns how the frame of a receive leaves the channel, as far as a
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

// committed reports whether a receive is in another case of the select that hears
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
	for c := range recv.cur.Enclosing((*ast.CommClause)(nil)) {
		return within(c.Node(), op.Node)
	}
	return false
}

// earlyOut returns a return in the loop that receives, other than one for the
// end of the channel; nil if there is none.
func (m *Model) earlyOut(p *Op) ast.Node {
	loop := p.turns()
	if loop == nil {
		return nil
	}
	var ok types.Object // of v, ok := <-ch
	if as, is := p.cur.Parent().Node().(*ast.AssignStmt); is && len(as.Lhs) == 2 {
		ok = m.Ref(as.Lhs[1]).Obj
	}
	for _, op := range p.Fn.Ops {
		if op.Kind != Exit || op.Exit != Return || !within(loop, op.Node) {
			continue
		}
		ends := false
		for c := range op.cur.Enclosing((*ast.IfStmt)(nil)) {
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

// Default returns the default clause of a select on the signal, if the send is
// all that it does and can be a case of that select itself; else nil.
func (b *BareOp) Default() *ast.CommClause {
	c, ok := b.Op.cur.Parent().Node().(*ast.CommClause)
	if !ok || c.Comm != nil || len(c.Body) != 1 || b.Like == nil {
		return nil
	}
	sel := b.Op.cur.Parent().Parent().Parent().Node().(*ast.SelectStmt)
	send := b.Op.Node.(*ast.SendStmt)
	if !slices.Contains(sel.Body.List, ast.Stmt(b.Like)) || !b.Op.Fn.model.still(send.Value) || !b.Op.Fn.model.still(send.Chan) {
		return nil
	}
	return c
}

// still reports whether evaluating an expression has no effect and needs no
// waiting, so that it may happen once more often.
func (m *Model) still(e ast.Expr) bool {
	still := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			still = still && m.Pkg.Info.Types[n.Fun].IsType()
		case *ast.UnaryExpr:
			still = still && n.Op != token.ARROW
		case *ast.IndexExpr, *ast.SliceExpr, *ast.TypeAssertExpr, *ast.StarExpr:
			still = false // may panic
		case *ast.FuncLit:
			return false
		}
		return still
	})
	return still
}

// Out returns the statement by which the frame leaves on the signal elsewhere,
// if that is all that it does there and it can do so where it sends; else nil.
func (b *BareOp) Out() ast.Stmt {
	if b.Like == nil || len(b.Like.Body) != 1 {
		return nil
	}
	m := b.Op.Fn.model
	switch st := b.Like.Body[0].(type) {
	case *ast.ReturnStmt:
		for _, r := range st.Results {
			if !m.readsSame(b.Op, r) && m.Pkg.Info.Types[r].Value == nil {
				return nil
			}
		}
		if len(st.Results) == 0 && b.Op.Fn.Type.Results != nil {
			return nil // named results: what they are here is not known
		}
		return st
	case *ast.BranchStmt:
		if st.Tok == token.BREAK && st.Label != nil && b.Op.Loop() != nil && b.labelled(st.Label.Name) {
			return st
		}
	}
	return nil
}

// labelled reports whether the operation is inside of the statement with the
// label.
func (b *BareOp) labelled(name string) bool {
	for c := range b.Op.cur.Enclosing((*ast.LabeledStmt)(nil), (*ast.FuncLit)(nil)) {
		l, ok := c.Node().(*ast.LabeledStmt)
		if !ok {
			return false
		}
		if l.Label.Name == name {
			return true
		}
	}
	return false
}
