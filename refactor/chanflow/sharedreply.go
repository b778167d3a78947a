package chanflow

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A SharedReply is a place that asks and receives the reply on a channel which
// it shares with other requests that are still outstanding, so that it can get
// the reply to one of them.
type SharedReply struct {
	Chan *Chan
	Ask  ast.Stmt // sends the request, or starts what answers it
	Recv *Op

	// Away is the case by which a request is given up, whose reply then waits for
	// the next one; nil if several ask at the same time, on the goroutines of
	// Spawn.
	Away  *ast.CommClause
	Spawn *Spawn

	// Anchor is what a channel for this request alone must be made before; the
	// function uses the shared one at Uses.
	Anchor ast.Stmt
	Uses   []ast.Expr
	Alone  bool // nobody else uses it, but where it is made

	// Withheld is why a channel for each request is not known to be right, or "".
	Withheld string
}

// SharedReplies returns the places that can get the reply to another request.
func (m *Model) SharedReplies() []*SharedReply {
	var out []*SharedReply
	for _, f := range m.Funcs {
		if !f.asks() {
			continue
		}
		several := m.eachInLoop(f) != nil
		for _, recv := range f.Ops {
			if recv.Select == nil && !several {
				continue // neither given up nor at once
			}
			if recv.Kind != Recv || recv.Ref.Obj == nil || recv.Ref.Elem || recv.Ref.Context || recv.Range || recv.Deferred || m.plainEvent(recv) || recv.commaOk() {
				continue
			}
			if s := m.sharedReply(recv); s != nil {
				out = append(out, s)
			}
		}
	}
	return out
}

// asks reports whether the frame may make a request: it sends something or
// starts a goroutine.
func (f *Func) asks() bool {
	return len(f.Spawns) > 0 || slices.ContainsFunc(f.Ops, func(op *Op) bool { return op.Kind == Send })
}

func (m *Model) sharedReply(recv *Op) *SharedReply {
	f, name := recv.Fn, recv.Ref.Obj
	l := m.Life(name)
	if l.Hidden() || len(l.Chans) != 1 || len(l.Closes) > 0 {
		return nil
	}
	c := l.Chans[0]
	size, ok := m.MakeCap(c.Make.Node.(*ast.CallExpr))
	if !ok || len(c.Measured) > 0 || len(c.Sends) == 0 || c.Signals() || m.Assigned(name) && !isField(name) {
		return nil
	}
	for _, r := range c.Recvs {
		if r != recv && r.Ref.Obj == name && (r.Fn == f || r.Fn.Outer == f) {
			return nil // it may drain the channel
		}
	}
	if size == 0 && slices.ContainsFunc(c.Sends, func(op *Op) bool { return !op.Bare() }) {
		return nil // a reply that nobody waits for is dropped
	}
	if len(m.held(f, recv.Stmt())) > 0 && recv.Select == nil {
		return nil // one at a time
	}
	s := &SharedReply{Chan: c, Recv: recv}
	if s.Ask = m.ask(c, f); s.Ask == nil {
		return nil
	}
	g := f.graph()
	ask, got := g.at(s.Ask), g.at(recv.Node)
	if clause := m.caseOf(s.Ask); clause != nil {
		ask = g.choice(clause)
	}
	if clause := m.caseOf(recv.Stmt()); clause != nil && recv.Select != nil {
		got = g.choice(clause)
	}
	if ask == nil || got == nil || ask.leads(func(p *point) bool { return p != ask }, func(p *point) bool { return p == got }) == nil {
		return nil
	}
	if !m.givenUp(s, g, ask, got) && !m.atOnce(s) {
		return nil
	}
	m.perRequest(s)
	return s
}

// ask returns the one statement of the frame that hands the channel to somebody
// who answers: it sends a request with the channel in it, or starts a goroutine
// that sends on the channel.
func (m *Model) ask(c *Chan, f *Func) (ask ast.Stmt) {
	n := 0
	for _, op := range f.Ops {
		if op.Kind != Send || c.Holds(op) {
			continue
		}
		if value := op.Node.(*ast.SendStmt).Value; m.tellsOf(c, value) {
			n++
			if m.particular(c, f, value) {
				ask = op.Stmt()
			}
		}
	}
	for _, sp := range f.Spawns {
		if sp.Kind == GoStmt && sp.Body != nil && c.framesTo(Send)[sp.Body] {
			n++
			if m.particular(c, f, sp.Call) {
				ask = sp.Stmt
			}
		}
	}
	if n != 1 {
		return nil
	}
	return ask
}

// particular reports whether a request says what is asked for: it depends on a
// variable of the frame. If not, as with the next message of a stream, one reply
// is as good as another.
func (m *Model) particular(c *Chan, f *Func, request ast.Node) bool {
	found := false
	ast.Inspect(request, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return !found
		}
		v, ok := m.Pkg.Info.Uses.Of(id).(*types.Var)
		if !ok || v.IsField() || !f.Owns(v) && (f.Outer == nil || !f.Top().Owns(v)) || within(request, nodeAt(v.Pos())) || v == f.Top().Recv() || c.holds(v) {
			return true
		}
		if c.Make.Fn.Top() == f.Top() && v.Pos() < c.Make.Node.Pos() && !m.Assigned(v) {
			return true // the same for all
		}
		if t := v.Type(); IsChan(t) == nil && !isContext(t) && !isTesting(t) && !isSync(t) {
			found = true
		}
		return !found
	})
	return found
}

// holderOf reports whether the variable is a local one that holds the channel in
// a field.
func (m *Model) holderOf(c *Chan, obj types.Object) bool {
	if obj == nil || isField(obj) {
		return false
	}
	return slices.ContainsFunc(c.Holders, func(h ast.Expr) bool {
		if m.Ref(h).Obj == obj {
			return true
		}
		cur, ok := m.root.FindNode(h)
		if !ok {
			return false
		}
		a, ok := cur.Parent().Node().(*ast.AssignStmt)
		_, i := cur.ParentEdge()
		return ok && len(a.Lhs) == len(a.Rhs) && m.Ref(a.Lhs[i]).Obj == obj
	})
}

// tellsOf reports whether a value has the channel in it.
func (m *Model) tellsOf(c *Chan, value ast.Expr) bool {
	if m.holderOf(c, m.Ref(value).Obj) {
		return true
	}
	for _, name := range c.Names {
		for _, cur := range m.usesOf(name) {
			if within(value, cur.Node()) {
				return true
			}
		}
	}
	return false
}

func (m *Model) caseOf(s ast.Stmt) *ast.CommClause {
	cur, ok := m.root.FindNode(s)
	if !ok {
		return nil
	}
	for c := cur; c.Node() != nil; c = c.Parent() {
		switch n := c.Node().(type) {
		case *ast.CommClause:
			if n.Comm != nil && within(n.Comm, s) {
				return n
			}
			return nil
		case *ast.BlockStmt:
			return nil
		}
	}
	return nil
}

// choice returns the point at which a select takes the case.
func (g *graph) choice(clause *ast.CommClause) *point {
	for _, p := range g.points {
		if p.choice == clause {
			return p
		}
	}
	return nil
}

// givenUp finds the case of the receive's select that gives up a request, after
// a time or when the one who wants it is told to stop, while there will be
// others on the same channel.
func (m *Model) givenUp(s *SharedReply, g *graph, ask, got *point) bool {
	if s.Recv.Select == nil {
		return false
	}
	for op := range g.fn.Within(s.Recv.Select.Pos(), s.Recv.Select.End()) {
		if op.Select != s.Recv.Select || op.Kind != Recv || op == s.Recv {
			continue
		}
		clause := m.caseOf(op.Stmt())
		if clause == nil || !m.bounds(op) || m.tidies(s, clause) {
			continue
		}
		from := g.choice(clause)
		make := g.at(s.Chan.Make.Node)
		if s.Chan.Make.Fn != g.fn {
			make = nil
		}
		others := s.Recv.Ref.Base != nil && isField(s.Recv.Ref.Obj) && slices.Contains(append(g.fn.Params(), types.Object(g.fn.Recv())), s.Recv.Ref.Base)
		next := from.leads(
			func(p *point) bool { return p != got && (make == nil || p != make) },
			func(p *point) bool { return p == ask || others && p.exit },
		)
		if next != nil {
			s.Away = clause
			return true
		}
	}
	return false
}

// bounds reports whether a receive bounds a wait by a time or a context, which is
// not that of a type: nothing may come after the end of that.
func (m *Model) bounds(op *Op) bool {
	return op.Ref.Context && !isField(op.Ref.Obj) || m.ticks(op)
}

// tidies reports whether a case does something about the channel, or about what
// it belongs to.
func (m *Model) tidies(s *SharedReply, clause *ast.CommClause) bool {
	for _, st := range clause.Body {
		if m.Mentions(s.Recv.Ref.Obj, st) {
			return true
		}
		if base := s.Recv.Ref.Base; isField(s.Recv.Ref.Obj) && base != nil {
			tidies := false
			ast.Inspect(st, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					tidies = tidies || m.Mentions(base, n)
				case *ast.AssignStmt:
					tidies = tidies || slices.ContainsFunc(n.Lhs, func(e ast.Expr) bool { return m.Root(e) == base })
				}
				return !tidies
			})
			if tidies {
				return true
			}
		}
	}
	return false
}

// atOnce reports whether a loop starts goroutines that each ask and receive.
func (m *Model) atOnce(s *SharedReply) bool {
	f := s.Recv.Fn
	sp := m.eachInLoop(f)
	if sp == nil || within(sp.Loop(), s.Chan.Make.Node) || s.Recv.Loop() != nil || !s.Recv.Bare() {
		return false
	}
	if slices.ContainsFunc(f.Ops, func(op *Op) bool { return op.Kind == Lock || op.Kind == Recv && op != s.Recv && op.Bare() }) {
		return false // one at a time, perhaps
	}
	s.Spawn = sp
	return true
}

// eachInLoop returns the spawn in a loop that starts goroutines of which the
// function literal is the body, or nil.
func (m *Model) eachInLoop(f *Func) *Spawn {
	if f.Lit == nil {
		return nil
	}
	sp := m.spawnOf(f)
	if sp == nil || sp.Body != f || sp.Loop() == nil {
		return nil
	}
	return sp
}

// perRequest finds out whether each request can have a channel of its own.
func (m *Model) perRequest(s *SharedReply) {
	f, name := s.Recv.Fn, s.Recv.Ref.Obj
	s.Anchor = m.Anchor(s.Ask, s.Recv.Stmt())
	if s.Anchor == nil {
		s.Withheld = "the request is not made where its reply is received"
		return
	}
	list, i := siblings(m.cursor(s.Anchor))
	for _, st := range list[:max(i, 0)] {
		if m.Mentions(name, st) && st.Pos() > s.Chan.Make.Node.Pos() {
			s.Anchor = st // the request is put together here
			break
		}
	}
	s.Alone = true
	for _, cur := range m.usesOf(name) {
		e := cur.Node().(ast.Expr)
		switch {
		case within(f.Node(), e) && within(s.scope(m), e) && e.Pos() >= s.Anchor.Pos():
			s.Uses = append(s.Uses, e)
		case !m.making(s.Chan, cur):
			s.Alone = false
			if !isField(name) {
				s.Withheld = name.Name() + " is also used elsewhere"
			}
		}
	}
	for _, op := range s.Chan.Sends {
		if op.Ref.Obj == name && !slices.ContainsFunc(s.Uses, func(e ast.Expr) bool { return within(op.Node, e) }) {
			s.Withheld = "the answer is sent on " + name.Name() + " itself, and not on what the request carries"
			return
		}
		if loop := op.Loop(); loop != nil && (op.Ref.Base == nil || !covers(loop, op.Ref.Base.Pos())) {
			s.Withheld = "a request may get more than one reply"
		}
	}
}

// scope returns the list of statements in which a variable of the anchor's list
// can be seen.
func (s *SharedReply) scope(m *Model) ast.Node {
	cur, _ := m.root.FindNode(s.Anchor)
	return cur.Parent().Node()
}

// making reports whether a use of the channel's name is where it is made.
func (m *Model) making(c *Chan, cur inspector.Cursor) bool {
	if k, i := cur.ParentEdge(); k == edge.AssignStmt_Lhs {
		a := cur.Parent().Node().(*ast.AssignStmt)
		return len(a.Lhs) == len(a.Rhs) && ast.Unparen(a.Rhs[i]) == c.Make.Node
	}
	return false
}
