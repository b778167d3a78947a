package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
)

// Names of channels that tell to stop, and of functions that do.
var (
	stopName = regexp.MustCompile(`(?i)stop|quit|exit|done|clos(e|ed|ing)\b|shut|kill|term(inate)?|abort|cancel|halt|dying|interrupt`)
	stoppers = regexp.MustCompile(`(?i)stop|close|shutdown|clean|teardown|kill|terminate|drain|dispose|abort`)
)

// hears finds the signal that the loops around the sleep, or the frame where
// there is no loop, look at elsewhere, and what they do then.
func (f *deafFinder) hears() bool {
	within := []ast.Stmt{f.Sleep.Fn.Body}
	if f.loop != nil {
		within = f.enclosingLoops(f.Sleep.cur())
	}
	for _, loop := range within {
		if f.receives(loop) || f.checks(loop) {
			return true
		}
	}
	return false
}

// receives looks for a case of a select on the signal.
func (f *deafFinder) receives(loop ast.Stmt) bool {
	for op := range f.Sleep.Fn.Within(loop.Pos(), loop.End()) {
		if op.Kind != Recv || op.Select == nil || op.Deferred || op.Ref.Obj == nil || op.Ref.Elem || !f.isStop(op) {
			continue
		}
		var clause *ast.CommClause
		for c := range op.cur().Enclosing((*ast.CommClause)(nil)) {
			clause = c.Node().(*ast.CommClause)
			break
		}
		ch := op.Node.(*ast.UnaryExpr).X
		if _, unused := clause.Comm.(*ast.ExprStmt); !unused || !endsByLeaving(clause.Body, true) || !f.fits(ch, op.Ref, loop) {
			continue
		}
		f.Heard, f.reaction, f.heardIn = clause.Comm, clause.Body, loop
		f.Signal, f.Context, f.From = op.Ref.Obj, op.Ref.Context, f.source(ch)
		return true
	}
	return false
}

// fits reports whether the sleep may receive from the channel that a loop around
// it receives from: it is in scope there and not made anew in each round.
func (f *deafFinder) fits(ch ast.Expr, ref Ref, loop ast.Stmt) bool {
	return ref.Base != nil && !within(loop, nodeAt(ref.Base.Pos())) && f.visibleAt(ch, f.Sleep.Stmt.Pos())
}

// nodeAt returns a node at a position.
func nodeAt(pos token.Pos) ast.Node { return &ast.Ident{NamePos: pos} }

// isStop reports whether a receive is from a context or from a channel that
// tells to stop, by its name or because it is only ever closed.
func (f *deafFinder) isStop(op *Op) bool {
	if op.Ref.Context {
		return true
	}
	v, ok := op.Ref.Obj.(*types.Var)
	if !ok || !f.Pkg.Declares(v) || isContext(v.Type()) {
		return false
	}
	closed := false
	for _, other := range f.OpsOn(v) {
		closed = closed || other.Kind == Close
		if other.Kind == Send {
			return false // the sleep would take what is meant for the loop
		}
	}
	return stopName.MatchString(v.Name()) || closed && signals(v.Type())
}

// checks looks for a check of ctx.Err(), in an if or in the loop's condition.
func (f *deafFinder) checks(loop ast.Stmt) bool {
	if st, ok := loop.(*ast.ForStmt); ok && st.Cond != nil {
		for _, c := range conjuncts(st.Cond) {
			if ctx := f.errOf(c, token.EQL); ctx != nil && f.fits(ctx, f.Ref(ctx), loop) {
				f.hear(c, nil, ctx, loop)
				return true
			}
		}
	}
	found := false
	ast.Inspect(loop, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return f.frames[n] == f.Sleep.Fn
		case *ast.IfStmt:
			if ctx := f.checksErr(n); ctx != nil && !found && n.Else == nil && endsByLeaving(n.Body.List, false) && f.fits(ctx, f.Ref(ctx), loop) {
				f.hear(n.Cond, n.Body.List, ctx, loop)
				found = true
			}
		}
		return !found
	})
	return found
}

func (f *deafFinder) hear(at ast.Node, reaction []ast.Stmt, ctx ast.Expr, loop ast.Stmt) {
	f.Heard, f.reaction, f.heardIn = at, reaction, loop
	f.Signal, f.Context, f.From = f.Ref(ctx).Obj, true, f.source(ctx)+".Done()"
}

// endsByLeaving reports whether the list of statements ends by leaving a loop;
// in a select, a break without a label does not.
func endsByLeaving(list []ast.Stmt, inSelect bool) bool {
	if len(list) == 0 {
		return false
	}
	switch last := list[len(list)-1].(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.BranchStmt:
		return last.Tok == token.BREAK && (last.Label != nil || !inSelect)
	}
	return false
}

// checksErr returns the context in if ctx.Err() != nil, also with an
// assignment, or nil.
func (m *Model) checksErr(st *ast.IfStmt) ast.Expr {
	if ctx := m.errOf(st.Cond, token.NEQ); ctx != nil {
		return ctx
	}
	a, ok := st.Init.(*ast.AssignStmt)
	if !ok || len(a.Lhs) != 1 || len(a.Rhs) != 1 || !m.failed(st.Cond) {
		return nil
	}
	id, ok := a.Lhs[0].(*ast.Ident)
	if !ok || !m.Mentions(m.Pkg.Info.ObjectOf(id), st.Cond) {
		return nil
	}
	return m.errCall(a.Rhs[0])
}

// errOf returns the context in ctx.Err() op nil, or nil.
func (m *Model) errOf(e ast.Expr, op token.Token) ast.Expr {
	b, ok := ast.Unparen(e).(*ast.BinaryExpr)
	if !ok || b.Op != op || !m.Pkg.Info.Types.Of(b.Y).IsNil() {
		return nil
	}
	return m.errCall(b.X)
}

// errCall returns the context in ctx.Err(), if it is a variable or field.
func (m *Model) errCall(e ast.Expr) ast.Expr {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return nil
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Err" || !isContext(m.Pkg.Info.TypeOf(sel.X)) || m.Ref(sel.X).Obj == nil {
		return nil
	}
	return sel.X
}

// reaches finds a signal in the reach of the frame that nothing around the sleep
// looks at: a context, else a stop channel. A loop over data does its work for
// each element; it is not one that waits.
func (f *deafFinder) reaches() bool {
	if _, ok := f.loop.(*ast.RangeStmt); ok && !f.counts() {
		return false
	}
	var near []StopRef
	for s := range f.InReach(f.Sleep.Fn, f.Sleep.Stmt.Pos()) {
		if f.mayUse(s) {
			near = append(near, s)
		}
	}
	for _, s := range near {
		if s.Context != "" && !isField(s.Obj) && !f.detached(s.Obj) {
			f.Signal, f.Context, f.From = s.Obj, true, s.Text
			return true
		}
	}
	if ctx := f.localContext(); ctx != nil {
		f.Signal, f.Context, f.From = ctx, true, ctx.Name()+".Done()"
		return true
	}
	if stoppers.MatchString(f.Sleep.Fn.Top().Name()) {
		return false // it is what stops
	}
	if s := f.ownContext(near); s.Obj != nil {
		f.Signal, f.Context, f.From = s.Obj, true, s.Text
		return f.tellsError() || f.onGoroutine()
	}
	var found StopRef
	for _, s := range near {
		if s.Context != "" || !stopName.MatchString(s.Obj.Name()) {
			continue
		}
		if !isField(s.Obj) {
			if f.onlyHeard(s.Obj) {
				f.Signal, f.From = s.Obj, s.Text
				return true
			}
		} else if f.isStopField(s.Obj) {
			if found.Obj != nil {
				return false // which of them is it?
			}
			found = s
		}
	}
	if found.Obj == nil {
		return false
	}
	f.Signal, f.From = found.Obj, found.Text
	return f.onGoroutine()
}

// localContext returns a context that the frame has in a variable of its own,
// declared before the loop: that of a request or a stream. nil if there is none
// or more than one.
func (f *deafFinder) localContext() (found *types.Var) {
	at := f.Sleep.Stmt.Pos()
	if f.loop != nil {
		at = f.loop.Pos()
	}
	for scope := f.Pkg.Types.Scope().Innermost(at); scope != nil && scope != f.Pkg.Types.Scope(); scope = scope.Parent() {
		for _, name := range scope.Names() {
			v, ok := scope.Lookup(name).(*types.Var)
			if !ok || !isContext(v.Type()) || v.Pos() >= at || !f.Sleep.Fn.Owns(v) || !f.meansAt(v, f.Sleep.Stmt.Pos()) {
				continue
			}
			if found != nil || slices.Contains(f.Sleep.Fn.Params(), types.Object(v)) || f.Assigned(v) || f.detached(v) {
				return nil
			}
			found = v
		}
	}
	return found
}

// ownContext returns the one context in a field of the receiver that the package
// cancels, upon which its goroutines leave.
func (f *deafFinder) ownContext(near []StopRef) (found StopRef) {
	for _, s := range near {
		if s.Context == "" || !isField(s.Obj) {
			continue
		}
		if !slices.ContainsFunc(f.Stops(), func(st *Stop) bool { return f.SameSignal(st.Op.Ref.Obj, s.Obj) }) {
			continue
		}
		if found.Obj != nil {
			return StopRef{} // which of them is it?
		}
		found = s
	}
	return found
}

// tellsError reports whether the frame returns an error last, which tells its
// callers that the context is done.
func (f *deafFinder) tellsError() bool {
	results := f.Sleep.Fn.Type.Results
	return results != nil && len(results.List) > 0 && IsError(f.Pkg.Info.TypeOf(results.List[len(results.List)-1].Type))
}

// counts reports whether the loop ranges over a number.
func (f *deafFinder) counts() bool {
	t := f.Pkg.Info.TypeOf(f.loop.(*ast.RangeStmt).X)
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsInteger != 0
}

// mayUse reports whether the sleep's frame may use a signal: it is its own or,
// if captured, the frame uses what it begins with for something else too. A
// goroutine that does not may have to outlive it.
func (f *deafFinder) mayUse(s StopRef) bool {
	fn := f.Sleep.Fn
	return s.base == fn.Recv() || slices.Contains(fn.Params(), s.base) || f.Mentions(s.base, fn.Body)
}

// detached reports whether a context variable is set to one that is never done.
func (f *deafFinder) detached(ctx types.Object) bool {
	found := false
	ast.Inspect(f.Sleep.Fn.Top().Node(), func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || !slices.ContainsFunc(a.Lhs, func(e ast.Expr) bool { return f.Ref(e).Obj == ctx }) {
			return !found
		}
		for _, rhs := range a.Rhs {
			ast.Inspect(rhs, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					switch fullName(f.Static(call)) {
					case "context.Background", "context.TODO", "context.WithoutCancel":
						found = true
					}
				}
				return !found
			})
		}
		return !found
	})
	return found
}

// onlyHeard reports whether the code of the function around the sleep neither
// closes the channel nor sends on it, which would make it another signal.
func (f *deafFinder) onlyHeard(ch types.Object) bool {
	for _, op := range f.OpsOn(ch) {
		if (op.Kind == Close || op.Kind == Send) && op.Fn.Top() == f.Sleep.Fn.Top() {
			return false
		}
	}
	return true
}

// onGoroutine reports whether the sleep is on a goroutine that leaves on the
// signal. The callers of a function cannot tell why it has returned.
func (f *deafFinder) onGoroutine() bool {
	for _, st := range f.Stops() {
		for _, l := range st.Leaves {
			if f.SameSignal(l.signal, f.Signal) && l.Run.Has(f.Sleep.Fn) {
				if l.Spawn.Body != f.Sleep.Fn {
					f.Withheld = "its callers could not tell that the signal has come"
				}
				return true
			}
		}
	}
	return false
}

// isStopField reports whether the package only closes the field's channel,
// outside of the goroutines that leave on it, and elsewhere leaves on it.
func (f *deafFinder) isStopField(v types.Object) bool {
	closed, left := false, false
	for _, op := range f.OpsOn(v) {
		switch op.Kind {
		case Send:
			return false
		case Close:
			if op.Deferred || op.Fn.Top() == f.Sleep.Fn.Top() {
				return false // it tells that something has ended
			}
			closed = true
		case Recv:
			left = left || op.Select != nil && f.leavesOn(op)
		}
	}
	return closed && left
}
