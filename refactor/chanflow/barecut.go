package chanflow

import (
	"fmt"
	"go/ast"
	"go/types"
	"regexp"
	"slices"
)

// joinedFirst reports whether everybody who gives the signal waits before for
// the goroutine that sends: then its receivers are there as long as it is.
func (m *Model) joinedFirst(op *Op, signal Ref) bool {
	var waited map[types.Object]bool // before every signal
	for _, s := range m.signalOps() {
		if s.Kind == Send || !m.SameSignal(s.Ref.Obj, signal.Obj) {
			continue
		}
		here := make(map[types.Object]bool)
		for _, w := range s.Fn.Ops {
			if w.Kind == Wait && w.Ref.Obj != nil && !w.Conditional() && (waited == nil || waited[w.Ref.Obj]) && (s.Deferred && !w.Deferred || w.Node.Pos() < s.Node.Pos()) {
				here[w.Ref.Obj] = true
			}
		}
		if waited = here; len(waited) == 0 {
			return false
		}
	}
	if len(waited) == 0 {
		return false
	}
	for _, sp := range m.Spawns {
		if sp.Body == nil || sp.Body != op.Fn && !m.reaches(sp.Body, op.Fn) {
			continue
		}
		if sp.Kind == GroupGo && waited[sp.Group.Obj] {
			return true
		}
		for o, ref := range m.Run(sp).Ops() {
			if o.Kind == Done && waited[ref.Obj] {
				return true
			}
		}
	}
	return false
}

// ownSignal reports whether the signal is only given by the goroutine that
// sends, so that it cannot come while that is blocked.
func (m *Model) ownSignal(op *Op, signal Ref) bool {
	given := false
	for _, s := range m.signalOps() {
		if s.Kind == Send || !m.fires(signal.Obj, s.Ref.Obj) && !m.fires(s.Ref.Obj, signal.Obj) {
			continue
		}
		if s.Fn != op.Fn && !m.reaches(s.Fn, op.Fn) {
			return false
		}
		given = true
	}
	return given && !m.derived().timed[signal.Obj]
}

// releasing matches methods that give back what was taken.
var releasing = regexp.MustCompile(`^(Close|CloseWithError|Release|Unlock|RUnlock|Done|Stop|Free|Put|Flush|Commit|Rollback|Cancel|Finish|End|Shutdown)$`)

// cutShort returns why the frame must not simply return where it sends, or "".
func (m *Model) cutShort(b *BareOp) string {
	op := b.Op
	f := op.Fn
	// A lock that is not given back by a deferred call.
	for _, h := range m.held(f, b.Stmt) {
		if !slices.ContainsFunc(f.Ops, func(o *Op) bool { return o.Deferred && slices.Contains(o.releases(), h.lock) }) && m.releasedAfter(op, h) {
			return fmt.Sprintf("a return there would leave %s locked", h.text)
		}
	}
	if ch := IsChan(m.Pkg.Info.TypeOf(op.channel())); op.Kind == Send && hasMethod(ch.Elem(), "Close") {
		return "what is sent has to be closed if nobody takes it"
	}
	loop := op.Loop()
	if why := b.other(); why != "" {
		return why
	}
	// The frame leaves its loop on the signal already: what is behind the loop
	// is skipped then, too.
	known := b.Like != nil && loop != nil && within(loop, b.Like) && leavesLoopIn(b.Like.Body)
	g := f.graph()
	from := g.at(op.Node)
	if from == nil {
		return "the way out cannot be told"
	}
	why := ""
	from.leads(func(p *point) bool {
		if why != "" || p.node == nil || p.node.Pos() < op.Node.End() && (loop == nil || within(loop, p.node)) {
			return why == "" // of the next turn
		}
		if known && !within(loop, p.node) {
			return true
		}
		for _, o := range p.ops {
			switch {
			case o.Kind == Done || o.Kind == Close || o.Kind == Cancel || o.Kind == Send && o.Bare() && m.source(o.channel()) != m.source(op.channel()):
				why = "a return there would skip " + m.asCode(o)
			case o.Kind == Wait:
				why = "a return there would skip " + m.asCode(o)
			case o.Kind == Recv && o.Bare() && !m.repliesTo(op, o):
				why = "a return there would skip the wait for " + m.asCode(o)
			case o.Kind == Call && o.Callee != nil && o.Callee.MayDo(Done, Close, Cancel):
				why = "a return there would skip " + m.asCode(o)
			}
		}
		if st, ok := p.node.(*ast.ExprStmt); ok && why == "" {
			if call, ok := st.X.(*ast.CallExpr); ok {
				if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && releasing.MatchString(sel.Sel.Name) {
					why = fmt.Sprintf("a return there would skip %s", m.source(sel))
				}
			}
		}
		return why == ""
	}, func(*point) bool { return false })
	if why != "" {
		return why
	}
	// A caller that goes on to wait for the answer.
	if f.Obj != nil && (f.Type.Results == nil || len(f.Type.Results.List) == 0) {
		for _, call := range m.uses().calls[f] {
			cg := call.Fn.graph()
			p := cg.at(call.Node)
			if p == nil || call.Deferred {
				continue
			}
			if q := p.leads(func(*point) bool { return true }, func(q *point) bool {
				return slices.ContainsFunc(q.ops, func(o *Op) bool { return o.Kind == Recv && o.Bare() && !o.Range && !m.tellsStop(o) })
			}); q != nil {
				return fmt.Sprintf("%s would then wait for an answer all the same", call.Fn.Name())
			}
		}
	}
	return ""
}

// repliesTo reports whether a receive is from a channel that the send hands
// over: without the one there is nothing to wait for.
func (m *Model) repliesTo(op, recv *Op) bool {
	send, ok := op.Node.(*ast.SendStmt)
	return ok && recv.Ref.Base != nil && m.Mentions(recv.Ref.Base, send.Value)
}

// releasedAfter reports whether the frame itself unlocks what it holds.
func (m *Model) releasedAfter(op *Op, h holding) bool {
	return slices.ContainsFunc(op.Fn.Ops, func(o *Op) bool {
		return o.Node.Pos() > op.Node.Pos() && slices.Contains(o.releases(), h.lock)
	})
}

func (m *Model) asCode(o *Op) string {
	switch n := o.Node.(type) {
	case *ast.CallExpr:
		if o.Kind == Close {
			return "close(" + m.source(n.Args[0]) + ")"
		}
		return m.source(n.Fun)
	case *ast.UnaryExpr:
		return m.source(n.X)
	case *ast.SendStmt:
		return "a send to " + m.source(n.Chan)
	}
	return "what follows"
}

// other returns why the way out is not a return or break alone, or "".
func (b *BareOp) other() string {
	switch {
	case b.Like == nil || b.Default() != nil:
	case !leavesLoopIn(b.Like.Body):
		return "on stop the function goes on with something else"
	case len(b.Like.Body) > 1:
		return "on stop the function does more than return"
	}
	return ""
}
