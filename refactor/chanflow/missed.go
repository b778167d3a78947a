package chanflow

import (
	"go/ast"
	"go/token"
	"slices"

	"golang.org/x/tools/go/ast/inspector"
)

// Missed is how the receiver of a reply can go without it, so that its sender
// blocks for ever.
type Missed struct {
	Kind MissedKind
	Node ast.Node // the other case, the return, the call, or the make
}

// MissedKind says how a receiver goes.
type MissedKind int

const (
	Away    MissedKind = 1 + iota // another case of its select goes first
	Early                         // it returns between the spawn and the receive
	Dropped                       // nobody receives
	Fewer                         // it receives less often than is sent
	Itself                        // there is none yet: the maker itself sends
	Abroad                        // other packages receive, who may give up
)

// Missed returns a way in which the channel is left without its last receive,
// or nil if the receiver always comes, or it cannot be told.
func (c *Chan) Missed() *Missed {
	k := c.count()
	if l := k.missed(); l != nil {
		return l
	}
	if k.ok && !k.most.zero() && !k.own && !c.Aftermath(nil).Waits && (c.Exposed != nil || c.Visible != nil) {
		return &Missed{Abroad, c.Make.Node}
	}
	return nil
}

func (k *counter) missed() *Missed {
	c := k.Chan
	if !k.ok || k.most.zero() {
		return nil
	}
	if l := k.sendsItself(); l != nil {
		return l
	}
	if k.own || c.Aftermath(nil).Waits {
		return nil // what it hands out is no reply
	}
	for _, op := range c.Recvs {
		if op.Deferred || op.Range && k.most != (Most{N: 1}) {
			return nil
		}
	}
	frames := make(map[*Func]bool)
	for _, op := range c.Recvs {
		if !k.elsewhere(op) {
			frames[op.Fn] = true
		}
	}
	switch {
	case len(c.Recvs) == 0 && c.Exposed == nil && c.Visible == nil:
		return &Missed{Dropped, c.Make.Node}
	case len(c.Arrivals) > 0:
		return k.callersLeave(frames)
	case len(frames) != 1:
		return nil
	case frames[c.Make.Fn]:
		if k.endsWithProgram() {
			return nil
		}
		return k.makerLeaves()
	}
	for f := range frames { // one other frame, which has it from the start
		if f.Use == Passed {
			return nil // called no one knows how often
		}
		if k.most != (Most{N: 1}) || k.repeats(f) {
			return nil // it may run as often as there are replies, or until there is one
		}
		return k.frameLeaves(f.graph(), nil, f.graph().entry)
	}
	return nil
}

// repeats reports whether a loop hands the same channel to the receiving function
// again and again: it leaves without the reply, and comes back for it.
func (k *counter) repeats(f *Func) bool {
	for call := range k.passed {
		if k.model.Callee(call) != f {
			continue
		}
		cur, ok := k.model.root.FindNode(call)
		if !ok {
			continue
		}
		if loop := k.model.loopOf(cur); loop != nil && !covers(loop, k.Make.Node.Pos()) {
			return true
		}
	}
	return false
}

// elsewhere reports whether a receive is of another request's reply: its
// function makes one of its own.
func (k *counter) elsewhere(recv *Op) bool {
	return len(k.handed) > 0 && recv.Fn != k.Make.Fn && slices.ContainsFunc(recv.Fn.Ops, func(op *Op) bool { return op.Kind == Make && k.Holds(op) })
}

// sendsItself finds a bare send by the maker that no other goroutine can
// receive, because none knows of the channel yet.
func (k *counter) sendsItself() *Missed {
	maker := k.Make.Fn
	if len(k.Names) == 0 || !maker.Owns(k.Names[0]) {
		return nil
	}
	g := maker.graph()
	start := g.at(k.Make.Node)
	alone := func(p *point) bool { // the point tells nobody of the channel
		if p.node == nil {
			return true
		}
		for _, name := range k.Names {
			for _, cur := range k.model.usesOf(name) {
				if !covers(p.node, cur.Node().Pos()) {
					continue
				}
				if s, ok := p.node.(*ast.SendStmt); !ok || s.Chan != cur.Node() || p.choice != nil {
					return false
				}
			}
		}
		return true
	}
	p := start.leads(alone, func(p *point) bool {
		return slices.ContainsFunc(p.ops, func(op *Op) bool { return op.Kind == Send && op.Bare() && k.Holds(op) })
	})
	if p == nil {
		return nil
	}
	// A loop or branch that starts a receiver may just not have been taken.
	for _, name := range k.Names {
		for _, cur := range k.model.usesOf(name) {
			if at := cur.Node().Pos(); k.Make.Node.Pos() < at && at < p.node.Pos() {
				if s, ok := cur.Parent().Node().(*ast.SendStmt); !ok || s.Chan != cur.Node() {
					return nil
				}
			}
		}
	}
	return &Missed{Itself, p.node}
}

// makerLeaves looks for a way from a spawn, or a call that leads to one, to the
// end of the frame that makes the channel.
func (k *counter) makerLeaves() *Missed {
	g := k.Make.Fn.graph()
	start := g.at(k.Make.Node)
	for _, p := range g.points {
		for _, sp := range p.spawns {
			if k.reached[sp.Call] {
				if l := k.frameLeaves(g, start, p); l != nil {
					return l
				}
			}
		}
		for _, op := range p.ops {
			if op.Kind == Call && k.reached[op.Node.(*ast.CallExpr)] {
				if l := k.frameLeaves(g, start, p); l != nil {
					return l
				}
			}
		}
	}
	for _, n := range k.handed {
		if l := k.frameLeaves(g, start, g.at(n)); l != nil {
			return l
		}
	}
	return nil
}

// callersLeave looks at what the callers of the function that returns the
// channel do with it.
func (k *counter) callersLeave(frames map[*Func]bool) *Missed {
	for f := range frames {
		if !slices.ContainsFunc(k.Arrivals, func(op *Op) bool { return op.Fn == f }) {
			return nil // handed on
		}
	}
	for _, call := range k.Arrivals {
		if _, dropped := call.cur().Parent().Node().(*ast.ExprStmt); dropped {
			return &Missed{Dropped, call.Node}
		}
		if !frames[call.Fn] {
			continue
		}
		g := call.Fn.graph()
		p := g.at(call.Node)
		if p == nil {
			continue
		}
		if p.choice != nil { // received in the case itself, of a new channel each time
			if sel := k.selectOf(p.choice); len(sel.Body.List) > 1 {
				for _, c := range sel.Body.List {
					if c != ast.Stmt(p.choice) {
						return &Missed{Away, c}
					}
				}
			}
			continue
		}
		if slices.ContainsFunc(p.ops, k.receives) {
			continue
		}
		if call.Fn.IsMain() && k.untilEnd(call.Fn) {
			continue
		}
		if l := k.frameLeaves(g, p, p); l != nil {
			return l
		}
	}
	return nil
}

func (c *Chan) receives(op *Op) bool {
	return op.Kind == Recv && (slices.Contains(c.Recvs, op)) ||
		op.Kind == Call && op.Callee != nil && slices.ContainsFunc(c.Recvs, func(r *Op) bool { return op.Callee.Does(Recv, r.Ref.Obj) })
}

func (c *Chan) selectOf(clause *ast.CommClause) *ast.SelectStmt {
	cur, ok := c.model.root.FindNode(clause)
	if !ok {
		return new(ast.SelectStmt)
	}
	return cur.Parent().Parent().Node().(*ast.SelectStmt)
}

// frameLeaves looks for a way from the point to the end of the frame, or back
// to restart (the make, of the next channel), that passes no receive.
//
// Ways that merely pass an if by do not count: its condition may be the same
// that decides whether there is a sender. What counts is to be led away by a
// select, or to return before the last receive.
func (k *counter) frameLeaves(g *graph, restart, from *point) *Missed {
	var last token.Pos
	receives := 0
	for _, r := range k.Recvs {
		if r.Fn == g.fn {
			last = max(last, r.Node.Pos())
			receives++
		}
	}
	many := k.most != (Most{N: 1})
	if many && receives > 0 {
		if l := k.receivesFewer(g, restart); l != nil {
			return l
		}
	}
	type state struct {
		p    *point
		away *ast.CommClause
	}
	seen := make(map[state]bool)
	var found *Missed
	var visit func(state)
	visit = func(s state) {
		for _, n := range s.p.next {
			if found != nil {
				return
			}
			if n.choice != nil && k.settled(n.choice, from == g.entry) {
				continue
			}
			next := state{n, s.away}
			if n.choice != nil && k.competes(n.choice, from == g.entry) {
				next.away = n.choice
			}
			if seen[next] {
				continue
			}
			seen[next] = true
			if slices.ContainsFunc(n.ops, k.receives) {
				if !many {
					continue
				}
				next.away = nil // drained, as far as one can see
			}
			if n == restart && n != nil || n.exit {
				ret, _ := n.node.(*ast.ReturnStmt)
				switch {
				case next.away != nil:
					found = &Missed{Away, next.away}
				case n.exit && ret != nil && k.early(g, n, ret, last) && k.unconditional(g, from, n):
					found = &Missed{Early, ret}
				}
				continue
			}
			visit(next)
		}
	}
	visit(state{from, nil})
	return found
}

// receivesFewer finds that there are fewer receives than sends on every way:
// none of them is in a loop, and they are fewer than the spawns.
func (k *counter) receivesFewer(g *graph, restart *point) *Missed {
	n := 0
	var first *Op
	for _, r := range k.Recvs {
		p := g.at(r.Node)
		if r.Range || r.Fn != g.fn || p == nil || p.leads(func(q *point) bool { return q != restart }, func(q *point) bool { return q == p }) != nil {
			return nil
		}
		if first == nil {
			first = r
		}
		n++
	}
	for _, op := range g.fn.Ops {
		if op.Kind == Call && k.receives(op) {
			return nil
		}
	}
	if k.most.Len == nil && int64(n) >= k.most.N || first == nil || k.optional() > 1 {
		return nil
	}
	return &Missed{Fewer, first.Node}
}

// optional counts the sends and spawns that stand under a condition: two of
// them may exclude each other.
func (k *counter) optional() (n int) {
	for op := range k.met {
		if optional(op.cur()) {
			n++
		}
	}
	for _, sp := range k.model.Spawns {
		if k.reached[sp.Call] && optional(sp.cur()) {
			n++
		}
	}
	return n
}

// optional reports whether cur is in a branch of its frame.
func optional(cur inspector.Cursor) bool {
	for c := range cur.Enclosing((*ast.IfStmt)(nil), (*ast.CaseClause)(nil), (*ast.CommClause)(nil), (*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		switch c.Node().(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			return false
		}
		return true
	}
	return false
}

// early reports whether a return comes before the last receive: further up in
// the source, but not in a loop around both, or out of a loop that receives
// reply after reply.
func (k *counter) early(g *graph, p *point, ret *ast.ReturnStmt, last token.Pos) bool {
	if k.cutsLoop(g, ret) {
		return k.most != Most{N: 1} && !slices.ContainsFunc(p.ops, k.receives)
	}
	return ret.End() <= last
}

// cutsLoop reports whether a return ends a loop that receives reply after
// reply.
func (k *counter) cutsLoop(g *graph, ret *ast.ReturnStmt) bool {
	for _, r := range k.Recvs {
		if loop := r.Loop(); r.Fn == g.fn && loop != nil && covers(loop, ret.Pos()) && !covers(loop, k.Make.Node.Pos()) {
			return true
		}
	}
	return false
}

// unconditional reports whether the block in which the goroutine is started
// also holds the exit and all receives, so that there is a sender whenever the
// frame comes there.
func (k *counter) unconditional(g *graph, spawn, exit *point) bool {
	if spawn.node == nil {
		return false // the entry of a frame, which may come without a sender
	}
	cur, ok := k.model.root.FindNode(spawn.node)
	if !ok {
		return false
	}
	for c := cur.Parent(); c.Node() != nil; c = c.Parent() {
		switch n := c.Node().(type) {
		case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
			switch c.Parent().Node().(type) {
			case *ast.ForStmt, *ast.RangeStmt:
				if !covers(n, k.Make.Node.Pos()) {
					continue // a sender per element
				}
			}
			if !covers(n, exit.node.Pos()) {
				return false
			}
			for _, r := range k.Recvs {
				if r.Fn == g.fn && !covers(n, r.Node.Pos()) {
					return false
				}
			}
			return true
		}
	}
	return false
}
