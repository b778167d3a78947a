package chanflow

import (
	"go/ast"
	"go/token"
	"slices"
)

// settled reports whether a case beside a receive leaves nobody waiting: the
// reply then does not come, or is received there, or will be next time.
func (k *counter) settled(clause *ast.CommClause, poll bool) bool {
	for _, r := range k.Recvs {
		if r.Select == nil || !slices.Contains(r.Select.Body.List, ast.Stmt(clause)) || clause.Comm != nil && covers(clause.Comm, r.Node.Pos()) {
			continue
		}
		if k.instead(clause, r) || k.drains(clause) || poll && k.returnsFor(clause, r) {
			return true
		}
	}
	return false
}

// instead reports whether a case beside a receive comes only where no reply
// will: what it receives is sent, or closed, by the one goroutine that replies,
// and having done so that goroutine does not reply any more.
func (k *counter) instead(clause *ast.CommClause, r *Op) bool {
	if k.most != (Most{N: 1}) {
		return false
	}
	other := k.receivedIn(clause, r)
	if other == nil || len(other.Unknown) > 0 || other.Exposed != nil || other.Visible != nil {
		return false
	}
	body := k.Sends[0].Fn
	if len(k.model.uses().calls[body]) > 0 || !k.startsOne(body) {
		return false
	}
	for _, op := range k.Sends {
		if op.Fn != body || op.Deferred {
			return false
		}
	}
	g := body.graph()
	for _, signal := range slices.Concat(other.Sends, other.Closes) {
		if signal.Fn != body {
			return false
		}
		if signal.Deferred {
			continue // after all replies
		}
		p := g.at(signal.Node)
		if p == nil || p.leads(func(*point) bool { return true }, func(p *point) bool {
			return slices.ContainsFunc(p.ops, func(op *Op) bool { return slices.Contains(k.Sends, op) })
		}) != nil {
			return false
		}
	}
	return true
}

// startsOne reports whether one goroutine is started with the body that gets the
// channel, once for each that is made.
func (k *counter) startsOne(body *Func) bool {
	var one *Spawn
	for _, sp := range k.model.uses().spawns[body] {
		if body.Lit == nil && !k.reached[sp.Call] {
			continue
		}
		if one != nil {
			return false
		}
		one = sp
	}
	return one != nil && (body.Lit != nil || one.Fn == k.Make.Fn && one.Loop() == k.Make.Loop())
}

// receivedIn returns the channel that the case receives from, if it is made once,
// where ours is.
func (k *counter) receivedIn(clause *ast.CommClause, r *Op) *Chan {
	if clause.Comm == nil {
		return nil
	}
	for op := range r.Fn.Within(clause.Comm.Pos(), clause.Comm.End()) {
		if op.Kind != Recv || op.Ref.Obj == nil || op.Ref.Context || !k.Make.Fn.Owns(op.Ref.Obj) {
			continue
		}
		var mk *Op
		for _, other := range k.model.OpsOn(op.Ref.Obj) {
			if other.Kind == Make {
				if mk != nil {
					return nil
				}
				mk = other
			}
		}
		if mk != nil && mk.Fn == k.Make.Fn && mk.Loop() == k.Make.Loop() {
			return k.model.Chan(mk)
		}
	}
	return nil
}

// drains reports whether a case that leads away receives the reply itself,
// perhaps only where it has not come yet.
func (k *counter) drains(clause *ast.CommClause) bool {
	return slices.ContainsFunc(k.Recvs, func(r *Op) bool {
		for _, st := range clause.Body {
			if covers(st, r.Node.Pos()) {
				return true
			}
		}
		return false
	})
}

// returnsFor reports whether the receiver is a method that has the channel from
// a field and gets data in the case, not a reason to give up: called again, it
// comes to the receive again.
func (k *counter) returnsFor(clause *ast.CommClause, r *Op) bool {
	a, ok := clause.Comm.(*ast.AssignStmt)
	if !ok || !isField(r.Ref.Obj) || r.Fn.Recv() == nil || r.Fn == k.Make.Fn {
		return false
	}
	for op := range r.Fn.Within(a.Pos(), a.End()) {
		if op.Kind == Recv && op.Ref.Context {
			return false
		}
	}
	return len(k.model.uses().spawns[r.Fn]) == 0
}

// endsWithProgram reports whether the maker is the main function of a program and
// receives as the last thing that it waits for: it does not leave the sender
// behind for long.
func (k *counter) endsWithProgram() bool {
	f := k.Make.Fn
	if !f.IsMain() || slices.ContainsFunc(k.Recvs, func(r *Op) bool { return r.Loop() != nil }) {
		return false
	}
	return k.untilEnd(f)
}

// untilEnd reports whether the function waits for nothing behind the last receive,
// or behind the loop that this is in.
func (k *counter) untilEnd(f *Func) bool {
	var last token.Pos
	for _, r := range k.Recvs {
		if r.Fn != f {
			continue
		}
		last = max(last, r.Node.End())
		if r.Select != nil {
			last = max(last, r.Select.End())
		}
		for loop := r.Loop(); loop != nil; loop = k.model.loopOf(k.model.cursor(loop)) {
			last = max(last, loop.End())
		}
	}
	waits := func(op *Op) bool {
		return op.Node.Pos() >= last && !op.Deferred && (op.Kind == Recv || op.Kind == Wait || op.Kind == Select || op.Kind == Serve)
	}
	sleeps := func(s *Sleep) bool { return s.Stmt.Pos() >= last }
	return !slices.ContainsFunc(f.Ops, waits) && !slices.ContainsFunc(f.Sleeps, sleeps)
}
