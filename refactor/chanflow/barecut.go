package chanflow

import (
	"fmt"
	"go/ast"
	"go/types"
	"regexp"
	"slices"
)

// comesLater reports whether the signal cannot come while the goroutine of the
// operation is blocked in it: whoever gives it waits for that goroutine before,
// or is it.
func (m *Model) comesLater(op *Op, signal Ref) bool {
	var givers []*Op
	for _, s := range m.signalOps() {
		if s.Kind != Send && (m.SameSignal(s.Ref.Obj, signal.Obj) || m.fires(signal.Obj, s.Ref.Obj) || m.fires(s.Ref.Obj, signal.Obj)) {
			givers = append(givers, s)
		}
	}
	if slices.ContainsFunc(givers, func(s *Op) bool { return s.Fn == op.Fn }) {
		return true // it tells others, and is not told
	}
	joined := false
	for _, s := range givers {
		if m.reaches(s.Fn, op.Fn) {
			continue
		}
		if !m.SameSignal(s.Ref.Obj, signal.Obj) || !m.waitsFirst(s, op) {
			return false
		}
		joined = true
	}
	return len(givers) > 0 && (joined || !m.derived().timed[signal.Obj])
}

// waitsFirst reports whether the goroutine that performs the operation has been
// waited for when the signal is given.
func (m *Model) waitsFirst(signal, op *Op) bool {
	waited := make(map[types.Object]bool)
	for _, w := range signal.Fn.Ops {
		if w.Kind == Wait && w.Ref.Obj != nil && !w.Conditional() && (signal.Deferred && !w.Deferred || w.Node.Pos() < signal.Node.Pos()) {
			waited[w.Ref.Obj] = true
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
	turn := func(p *point) bool { // another turn of the loop begins there
		return p.node != nil && p.node.Pos() < op.Node.End() && (loop == nil || within(loop, p.node))
	}
	why := ""
	none := func(*point) bool { return false }
	from.leads(func(p *point) bool {
		if why == "" && !turn(p) && p.node != nil && (loop == nil || within(loop, p.node)) {
			why = m.counted(b, p)
		}
		return why == "" && !turn(p)
	}, none)
	if loop != nil && !known {
		from.leads(func(p *point) bool { // what comes behind the loop
			if why == "" && p.node != nil && !within(loop, p.node) {
				why = m.counted(b, p)
			}
			return why == ""
		}, none)
	}
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

// counted returns why the frame must not leave out what it does at the point, or
// "".
func (m *Model) counted(b *BareOp, p *point) string {
	op := b.Op
	for _, o := range p.ops {
		switch {
		case o.Kind == Done, o.Kind == Close, o.Kind == Cancel, o.Kind == Wait, o.Kind == Send && o.Bare() && m.source(o.channel()) != m.source(op.channel()),
			o.Kind == Call && o.Callee != nil && o.Callee.MayDo(Done, Close, Cancel):
			return "a return there would skip " + m.asCode(o)
		case o.Kind == Recv && o.Bare() && !m.repliesTo(op, o):
			return "a return there would skip the wait for " + m.asCode(o)
		}
	}
	if st, ok := p.node.(*ast.ExprStmt); ok {
		if call, ok := st.X.(*ast.CallExpr); ok {
			if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && releasing.MatchString(sel.Sel.Name) {
				return "a return there would skip " + m.source(sel)
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
