package chanflow

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
)

// A SignalSend is a send that tells a goroutine to stop and that may wait for
// ever, or wakes one goroutine where several have to stop.
type SignalSend struct {
	Op   *Op
	Recv *Op      // where the goroutine is told
	Why  Unheard  // why the send is not enough
	At   ast.Node // where that shows
	Lock string   // the lock of a Locked

	// Once says that the function that sends may run again for the same
	// channel, so that a close has to be guarded.
	Once bool
	// Owner is the struct whose field the channel is, if Once is set.
	Owner *types.TypeName

	// Withheld is why a close there is not known to be right, or "".
	Withheld string
}

// Unheard says why a send is not enough to stop.
type Unheard int

const (
	Gone    Unheard = 1 + iota // the receiver may have left
	Locked                     // the receiver may wait for a lock that the sender holds
	Several                    // there are several receivers and one send
)

// SignalSends returns the sends of the package that should be a close, in source
// order.
func (m *Model) SignalSends() []*SignalSend {
	type key struct{}
	return m.Pkg.Memo(key{}, func() any {
		var out []*SignalSend
		for _, f := range m.Funcs {
			for _, op := range f.Ops {
				if s := m.signalSend(op); s != nil {
					out = append(out, s)
				}
			}
		}
		return out
	}).([]*SignalSend)
}

// Signals reports whether what is sent on the channel is a signal that should be
// a close: it is no reply, and room for it would not wake who has to hear it.
func (c *Chan) Signals() bool {
	return slices.ContainsFunc(c.model.SignalSends(), func(s *SignalSend) bool { return slices.Contains(c.Sends, s.Op) })
}

func (m *Model) signalSend(op *Op) *SignalSend {
	obj := op.Ref.Obj
	if op.Kind != Send || op.Select != nil || op.Deferred || op.Once || obj == nil || op.Ref.Elem || !(&BareOp{Op: op}).ownStatement() || !signals(m.Pkg.Info.TypeOf(op.channel())) {
		return nil
	}
	chans, ok := m.chansOf(obj)
	if !ok || len(chans) != 1 {
		return nil
	}
	c := chans[0]
	if size, ok := m.MakeCap(c.Make.Node.(*ast.CallExpr)); !ok || size != 0 {
		return nil
	}
	if len(c.Unknown)+len(c.Measured)+len(c.Closes) > 0 || c.Exposed != nil || c.Visible != nil || len(c.Sends) != 1 || len(c.Recvs) == 0 {
		return nil
	}
	if loop := op.Loop(); loop != nil && !within(loop, c.Make.Node) {
		return nil // once for each receiver
	}
	for _, r := range c.Recvs {
		// It ends a loop of another goroutine, and is no answer.
		if r.Fn == op.Fn || r.Deferred || r.Range || r.Loop() == nil || !m.leavesOn(r) || !m.plainEvent(r) {
			return nil
		}
	}
	s := &SignalSend{Op: op, Recv: c.Recvs[0]}
	if !m.unheard(s, c) {
		return nil
	}
	m.guard(s, c)
	return s
}

// plainEvent reports whether nothing looks at the value that is received.
func (m *Model) plainEvent(r *Op) bool {
	_, ok := r.cur().Parent().Node().(*ast.ExprStmt)
	return ok
}

// unheard finds why the send may not be enough.
func (m *Model) unheard(s *SignalSend, c *Chan) bool {
	op := s.Op
	told := m.toldBy(c)
	for _, r := range c.Recvs {
		if lock, at := m.lockedOut(op, r); lock != "" {
			s.Recv, s.Why, s.At, s.Lock = r, Locked, at, lock
			return true
		}
	}
	if m.onCondition(op) {
		return false // it may know whether there is a receiver
	}
	for _, sp := range told {
		if sp.Loop() != nil && !within(sp.Loop(), c.Make.Node) && (sp.Fn == op.Fn || sp.Fn.Obj != nil && op.Fn.Obj != nil) {
			s.Why, s.At = Several, sp.Call
			return true
		}
	}
	for _, r := range c.Recvs {
		if at := m.leavesOtherwise(r); at != nil {
			s.Recv, s.Why, s.At = r, Gone, at
			return true
		}
	}
	return false
}

// toldBy returns the spawns whose goroutines receive from the channel.
func (m *Model) toldBy(c *Chan) (out []*Spawn) {
	for _, sp := range m.Spawns {
		if sp.Body == nil || !sp.Body.MayDo(Recv) {
			continue
		}
		run := m.Run(sp)
		if slices.ContainsFunc(c.Recvs, func(r *Op) bool { return run.Has(r.Fn) }) {
			out = append(out, sp)
		}
	}
	return out
}

// onCondition reports whether the frame may pass the send by, other than because
// there is no channel.
func (m *Model) onCondition(op *Op) bool {
	if !op.Conditional() {
		return false
	}
	for c := range op.cur().Enclosing((*ast.IfStmt)(nil), (*ast.ForStmt)(nil), (*ast.RangeStmt)(nil), (*ast.CaseClause)(nil), (*ast.CommClause)(nil), (*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		switch n := c.Node().(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			return false
		case *ast.IfStmt:
			if m.nilCheck(n, op) && within(n.Body, op.Node) {
				continue
			}
		}
		return true
	}
	return false
}

// nilCheck reports whether an if only asks whether there is a channel to send
// on.
func (m *Model) nilCheck(n *ast.IfStmt, op *Op) bool {
	b, ok := n.Cond.(*ast.BinaryExpr)
	return ok && n.Init == nil && b.Op.String() == "!=" && m.Pkg.Info.Types.Of(b.Y).IsNil() && m.Ref(b.X).Obj == op.Ref.Obj
}

// lockedOut returns a lock that is held when the frame sends and that the
// receiver takes before it comes to its receive again.
func (m *Model) lockedOut(op, r *Op) (held string, at ast.Node) {
	loop := r.Loop()
	takes := make(map[types.Object]*Op)
	for _, o := range r.Fn.Ops {
		if !within(loop, o.Node) {
			continue
		}
		switch {
		case (o.Kind == Lock || o.Kind == RLock) && o.Ref.Obj != nil:
			takes[o.Ref.Obj] = o
		case o.Kind == Call && o.Callee != nil:
			for e := range o.Callee.Effects() {
				if e.Kind == Lock || e.Kind == RLock {
					takes[e.Obj] = o
				}
			}
		}
	}
	if len(takes) == 0 {
		return "", nil
	}
	for _, h := range m.held(op.Fn, op.Node.(ast.Stmt)) {
		if o := takes[h.lock]; o != nil {
			return h.text, o.Node
		}
	}
	for obj, o := range takes {
		if lock, by := m.heldByCallers(op.Fn, map[types.Object]*Op{obj: o}); by != nil && (at == nil || o.Node.Pos() < at.Pos()) {
			held, at = lock, o.Node
		}
	}
	return held, at
}

// leavesOtherwise returns where the loop of a receive is left, other than
// because of it.
func (m *Model) leavesOtherwise(r *Op) ast.Node {
	loop := r.Loop()
	var own ast.Node = r.Stmt()
	for c := range r.cur().Enclosing((*ast.CommClause)(nil)) {
		if within(loop, c.Node()) {
			own = c.Node()
		}
		break
	}
	for _, op := range r.Fn.Ops {
		if op.Kind == Exit && op.Exit == Return && within(loop, op.Node) && !within(own, op.Node) {
			return op.Node
		}
	}
	return nil
}

// guard finds whether the close must be guarded, and whether it can be.
func (m *Model) guard(s *SignalSend, c *Chan) {
	op := s.Op
	mk := c.Make.Fn
	if op.Ref.Obj == op.Ref.Base && !isField(op.Ref.Obj) {
		if mk == op.Fn || op.Fn.Outer == mk && op.Fn.Use == Spawned && !op.Conditional() {
			return // once for each channel
		}
		s.Withheld = fmt.Sprintf("%s may run more than once for one channel", op.Fn.Name())
		return
	}
	s.Once = true
	if len(c.Holders) == 0 || !isField(op.Ref.Obj) {
		s.Withheld = "it is not known who owns the channel"
		return
	}
	s.Owner = m.ownerOf(op.Ref.Obj)
	switch {
	case s.Owner == nil || m.structSyntax(s.Owner) == nil:
		s.Withheld = "its struct is not declared in this package"
	case mk.Recv() != nil && hasField(mk.Recv().Type(), op.Ref.Obj):
		s.Withheld = fmt.Sprintf("%s makes the channel anew", mk.Name())
	case m.byValue(s.Owner):
		s.Withheld = fmt.Sprintf("%s is copied", s.Owner.Name())
	default:
		if f := m.startsAgain(c); f != nil {
			s.Withheld = fmt.Sprintf("%s may start a receiver again, and the channel stays closed", f.Name())
		}
	}
}

// startsAgain returns a function that starts a receiver of the channel and may
// run more than once for it, or nil.
func (m *Model) startsAgain(c *Chan) *Func {
	for _, sp := range m.toldBy(c) {
		f := sp.Fn
		if f == c.Make.Fn || slices.ContainsFunc(f.Ops, func(op *Op) bool { return op.Kind == Call && op.Callee == c.Make.Fn }) {
			continue // it has a channel of its own
		}
		calls, all := m.Callers(f)
		all = all && !f.Obj.Exported()
		if all && len(calls) == 0 {
			continue // nobody does
		}
		if all && len(calls) == 1 && m.FuncOf(calls[0].Pos()) == c.Make.Fn && m.loopAt(calls[0].Pos()) == nil {
			continue
		}
		return f
	}
	return nil
}

// ownerOf returns the named struct type of the package that declares a field.
func (m *Model) ownerOf(field types.Object) *types.TypeName {
	for _, tn := range m.structs()[field] {
		if !tn.IsAlias() {
			return tn
		}
	}
	return nil
}

// byValue reports whether there are variables, parameters or results of the
// type itself, so that it may be copied.
func (m *Model) byValue(tn *types.TypeName) bool {
	for _, obj := range m.Pkg.Info.Defs.All() {
		v, ok := obj.(*types.Var)
		if !ok || v.IsField() {
			continue
		}
		if n, ok := types.Unalias(v.Type()).(*types.Named); ok && n.Origin().Obj() == tn {
			return true
		}
	}
	return false
}

// Layout returns the syntax of a struct type of the package, and the literals
// that give its fields by position.
func (m *Model) Layout(tn *types.TypeName) (st *ast.StructType, positional []*ast.CompositeLit) {
	for _, n := range m.stores {
		lit, ok := n.(*ast.CompositeLit)
		if !ok || len(lit.Elts) == 0 {
			continue
		}
		if _, keyed := lit.Elts[0].(*ast.KeyValueExpr); keyed {
			continue
		}
		t := m.Pkg.Info.TypeOf(lit)
		if p, ok := t.Underlying().(*types.Pointer); ok { // in a list of pointers
			t = p.Elem()
		}
		if n, ok := types.Unalias(t).(*types.Named); ok && n.Origin().Obj() == tn {
			positional = append(positional, lit)
		}
	}
	return m.structSyntax(tn), positional
}
