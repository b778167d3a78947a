package chanflow

import (
	"go/ast"
	"go/types"
	"slices"
)

// Aftermath is what the senders of a channel do once their send is through.
type Aftermath struct {
	// Last is set if every send is the last thing its goroutine does: only
	// returns, deferred calls and a close of the channel itself follow.
	Last bool
	// Waits is set if a sender goes on to wait for something: its send is a step
	// of a conversation, not a reply.
	Waits bool
	// Races is an operation that follows a send and that wakes the receiver in
	// another case of its select, or nil. With room in the channel the receiver
	// could then miss the reply.
	Races *Op
	// Acts is a call or assignment that follows a send and that may change what
	// the receiver looks at before it receives, or nil. With room in the channel
	// it comes earlier.
	Acts ast.Node
}

// Aftermath looks at what follows the sends, except one that can never have
// come through, if given. It is meaningful if MostSends is.
func (c *Chan) Aftermath(never ast.Node) Aftermath {
	k := c.count()
	a := Aftermath{Last: true}
	seen := make(map[*Func]bool)
	var ended func(f *Func)
	after := func(g *graph, from *point) {
		if from == nil {
			a.Last = false
			return
		}
		from.leads(func(p *point) bool {
			if k.turn(p) {
				a.Last = false // it goes on with the next request
				return false
			}
			k.follows(g.fn, p, &a)
			return p != g.at(k.Make.Node)
		}, func(*point) bool { return false })
		ended(g.fn)
	}
	ended = func(f *Func) { // what follows the end of a frame that sends
		if seen[f] {
			return
		}
		seen[f] = true
		for _, op := range f.Ops {
			if op.Deferred {
				k.followsOp(op, &a)
			}
		}
		for _, sp := range k.model.uses().spawns[f] {
			if sp.Kind != GoStmt {
				a.Last = false // its group is told that it has ended
			}
		}
		for _, op := range k.model.uses().calls[f] {
			switch {
			case op.Deferred || !k.reached[op.Node.(*ast.CallExpr)]:
			case op.Fn == k.Make.Fn:
				a.Last = false
			default:
				after(op.Fn.graph(), op.Fn.graph().at(op.Node))
			}
		}
	}
	for _, op := range k.Sends {
		switch {
		case op.Node == never:
		case op.Deferred:
			ended(op.Fn)
		default:
			g := op.Fn.graph()
			after(g, g.at(op.Node))
		}
	}
	return a
}

// Disposes returns a case beside a send that does something, or nil: the sender
// has a use for what it could not send.
func (c *Chan) Disposes() *ast.CommClause {
	for _, op := range c.Sends {
		if op.Bare() {
			continue
		}
		for _, other := range op.Select.Body.List {
			other := other.(*ast.CommClause)
			if other.Comm != nil && covers(other.Comm, op.Node.Pos()) {
				continue
			}
			for _, st := range other.Body {
				switch st.(type) {
				case *ast.ReturnStmt, *ast.BranchStmt:
				default:
					if !c.model.onlyLogs(st) {
						return other
					}
				}
			}
		}
	}
	return nil
}

// HandsOver returns a lock that a sender takes and does not release, or nil: the
// receiver releases it.
func (c *Chan) HandsOver() types.Object {
	for _, send := range c.Sends {
		for _, op := range send.Fn.Ops {
			if (op.Kind == Lock || op.Kind == RLock) && op.Node.Pos() < send.Node.Pos() && op.Ref.Obj != nil &&
				!slices.ContainsFunc(send.Fn.Ops, func(u *Op) bool { return slices.Contains(u.releases(), op.Ref.Obj) }) {
				return op.Ref.Obj
			}
		}
	}
	return nil
}

// turn reports whether the point is one where a request is received, or another
// case of a select that receives one.
func (k *counter) turn(p *point) bool {
	for _, r := range k.requests {
		if slices.Contains(p.ops, r) {
			return true
		}
		if p.choice != nil && r.Select != nil && slices.Contains(r.Select.Body.List, ast.Stmt(p.choice)) {
			return true
		}
	}
	return false
}

// follows looks at a point that a sender passes after its send.
func (k *counter) follows(f *Func, p *point, a *Aftermath) {
	for _, op := range p.ops {
		k.followsOp(op, a)
	}
	if p.choice != nil {
		a.Last = false
		return
	}
	switch n := p.node.(type) {
	case nil:
	case *ast.ReturnStmt:
		for _, r := range n.Results {
			a.Last = a.Last && quiet(r)
		}
	case *ast.SendStmt:
		a.Last = a.Last && slices.ContainsFunc(p.ops, k.onReply)
	case *ast.ExprStmt:
		a.Last = a.Last && slices.ContainsFunc(p.ops, k.onReply)
		if call, ok := n.X.(*ast.CallExpr); ok && a.Acts == nil && k.acts(p, n, call) {
			a.Acts = call
		}
	case ast.Expr:
		a.Last = a.Last && quiet(n) // a condition
	case *ast.DeferStmt:
	case *ast.IncDecStmt:
		// of a loop that sends again
	case *ast.AssignStmt:
		a.Last = false
		if a.Acts == nil && len(k.model.Mutations(f, []ast.Stmt{n})) > 0 && k.looks() {
			a.Acts = n
		}
	default:
		a.Last = false
	}
}

// acts reports whether a call does something that nobody in sight knows: a
// dynamic one, or one of another package that is no check and prints nothing; or
// whether it changes something, and the receiver looks around before it receives.
func (k *counter) acts(p *point, st ast.Stmt, call *ast.CallExpr) bool {
	m := k.model
	if slices.ContainsFunc(p.ops, func(op *Op) bool { return op.Kind != Call && op.Node == call }) {
		return false // looked at as an operation
	}
	if targets := m.Targets(call); len(targets) > 0 {
		changes := func(f *Func) bool { return len(m.Mutations(f, f.Body.List)) > 0 }
		return slices.ContainsFunc(targets, changes) && k.looks()
	}
	if m.Pkg.Info.Types.Of(call.Fun).IsBuiltin() || m.onlyLogs(st) || m.handlesTest(call) {
		return false
	}
	if static := m.Static(call); static != nil {
		return !inert(static) && static.Pkg() != nil && !harmless(static) && exitOf(static) == NoExit
	}
	return true
}

// looks reports whether who starts the sender calls anything before it receives,
// and may see there what the sender does. Who receives elsewhere may, too.
func (k *counter) looks() bool {
	m := k.model
	for _, sp := range k.Make.Fn.Spawns {
		if !k.reached[sp.Call] {
			continue
		}
		received := false
		for st := range m.After(sp.Stmt) {
			if received = slices.ContainsFunc(k.Recvs, func(r *Op) bool { return covers(st, r.Node.Pos()) }); received {
				break
			}
			looks := false
			ast.Inspect(st, func(n ast.Node) bool {
				if m.runsElsewhere(n) {
					return false
				}
				if call, ok := n.(*ast.CallExpr); ok && !m.Pkg.Info.Types.Of(call.Fun).IsBuiltin() && !m.Pkg.Info.Types.Of(call.Fun).IsType() {
					f := m.Static(call)
					looks = looks || f == nil || !inert(f) && !harmless(f)
				}
				return !looks
			})
			if looks {
				return true
			}
		}
		if !received {
			return true
		}
	}
	return false
}

// quiet reports whether evaluating an expression does nothing else.
func quiet(e ast.Expr) bool {
	quiet := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			quiet = false
		case *ast.UnaryExpr:
			quiet = quiet && n.Op.String() != "<-"
		case *ast.FuncLit:
			return false
		}
		return quiet
	})
	return quiet
}

// onReply reports whether the operation sends on or closes the channel itself.
func (k *counter) onReply(op *Op) bool {
	return (op.Kind == Send || op.Kind == Close) && k.Holds(op)
}

// followsOp looks at an operation that a sender performs after its send.
func (k *counter) followsOp(op *Op, a *Aftermath) {
	switch op.Kind {
	case Cancel, Close, Send, Done:
		if k.onReply(op) {
			return
		}
		a.Last = false
		if k.wakes(op) && a.Races == nil {
			a.Races = op
		}
	case Recv, Wait, Select, Serve:
		a.Last, a.Waits = false, true
	case Call:
		if op.Callee == nil {
			return
		}
		for e := range op.Callee.Effects() {
			switch e.Kind {
			case Cancel, Close, Send, Done:
				if !k.holds(e.Obj) {
					k.followsOp(&Op{Kind: e.Kind, Ref: Ref{Obj: e.Obj}, Node: op.Node}, a)
				}
			case Recv, Wait, Serve:
				a.Last, a.Waits = false, true
			}
		}
	}
}

// wakes reports whether the operation makes another case of a select ready in
// which the receiver also waits for the reply. A context is taken to be the
// one that any cancel function cancels.
func (k *counter) wakes(op *Op) bool {
	for _, r := range k.Recvs {
		if r.Select == nil {
			continue
		}
		for _, other := range r.Fn.Ops {
			if other.Select != r.Select || other.Kind != Recv || other == r {
				continue
			}
			switch {
			case op.Kind == Cancel && signals(k.model.Pkg.Info.TypeOf(other.channel())):
				return true // of a context, perhaps
			case other.Ref.Obj != nil && k.model.sameChan(other.Ref.Obj, op.Ref.Obj):
				return true
			}
		}
	}
	return false
}

// sameChan reports whether the one variable or field may hold a channel that was
// made for the other: it is handed on under another name.
func (m *Model) sameChan(a, b types.Object) bool {
	return a == b || slices.ContainsFunc(m.OpsOn(a), func(op *Op) bool {
		return op.Kind == Make && slices.Contains(m.Chan(op).Names, b)
	})
}

// channel returns the operand of a receive or send.
func (o *Op) channel() ast.Expr {
	switch n := o.Node.(type) {
	case *ast.UnaryExpr:
		return n.X
	case *ast.SendStmt:
		return n.Chan
	case *ast.RangeStmt:
		return n.X
	}
	return nil
}

// signals reports whether t is a channel that carries events, not values.
func signals(t types.Type) bool {
	c := IsChan(t)
	if c == nil {
		return false
	}
	st, ok := c.Elem().Underlying().(*types.Struct)
	return ok && st.NumFields() == 0
}
