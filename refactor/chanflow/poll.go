package chanflow

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
)

// A Poll is a loop that does nothing but sleep until a goroutine in sight has
// written a variable: once the value is there, it stays.
type Poll struct {
	Loop  *ast.ForStmt
	Sleep *Sleep
	Var   *types.Var // the variable that is looked at
	Read  ast.Expr   // where the loop looks at it
	Spawn *Spawn     // the goroutine that writes it, if it is started before the loop; else nil
	Field *PollField // set instead: the field that one statement of the package writes
	Write ast.Stmt   // the one statement that does
	Told  ast.Stmt   // behind which it may tell so: the write, or the end of its locked part
	Flag  bool       // the variable is false until it is written, and then true

	// Times is how often the loop sleeps at most, and Until the point in time
	// at which it gives up; nil if it does not.
	Times, Until ast.Expr

	// Late is what the loop does when it gives up, instead of going on behind
	// it; nil if it does nothing.
	Late []ast.Stmt

	Decl     ast.Stmt // the declaration of the variable, if nothing else uses it, else nil
	Withheld string   // why the goroutine cannot tell by a channel, or ""
}

// Polls returns the polling loops of the package, in source order.
func (m *Model) Polls() []*Poll {
	var out []*Poll
	for _, s := range m.Sleeps {
		if p := m.poll(s); p != nil {
			out = append(out, p)
		}
	}
	return out
}

func (m *Model) poll(s *Sleep) *Poll {
	loop, ok := s.Loop().(*ast.ForStmt)
	if !ok || s.Fn.InBubble() || !slices.Contains(loop.Body.List, ast.Stmt(s.Stmt)) {
		return nil
	}
	l := &pollLoop{Model: m, Poll: &Poll{Loop: loop, Sleep: s}}
	if !l.head() || !l.body() || l.Read == nil || !l.writer() && !l.fieldWriter() {
		return nil
	}
	return l.Poll
}

// A pollLoop is a loop of which is found out what it waits for.
type pollLoop struct {
	*Model
	*Poll
	stays  func(constant.Value) bool // whether the loop goes on at a value of the variable
	alias  map[types.Object]ast.Expr // locals of an iteration, with the read that they hold
	depth  int                       // locks held at this place of an iteration
	locked bool                      // a lock is held in it
}

// head takes the loop's head apart: i := 0; i < n && !ready; i++.
func (l *pollLoop) head() bool {
	var counter types.Object
	if l.Loop.Init != nil {
		a, ok := l.Loop.Init.(*ast.AssignStmt)
		if !ok || a.Tok != token.DEFINE || len(a.Lhs) != 1 || !l.isZero(a.Rhs[0]) {
			return false
		}
		counter = l.Ref(a.Lhs[0]).Obj
	}
	if post := l.Loop.Post; post != nil {
		inc, ok := post.(*ast.IncDecStmt)
		if !ok || inc.Tok != token.INC || counter == nil || l.Ref(inc.X).Obj != counter {
			return false
		}
	} else if counter != nil {
		return false
	}
	if l.Loop.Cond != nil {
		for _, c := range conjuncts(l.Loop.Cond) {
			if !l.bounds(c, counter) && !l.condition(c, true) {
				return false
			}
		}
	}
	return (counter == nil || l.Times != nil) && (l.Times == nil || l.Until == nil)
}

// conjuncts returns the operands of a chain of &&.
func conjuncts(e ast.Expr) []ast.Expr {
	if b, ok := ast.Unparen(e).(*ast.BinaryExpr); ok && b.Op == token.LAND {
		return append(conjuncts(b.X), conjuncts(b.Y)...)
	}
	return []ast.Expr{e}
}

// bounds reports whether a condition bounds the loop: i < n for its counter, or
// time.Now().Before(deadline).
func (l *pollLoop) bounds(e ast.Expr, counter types.Object) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.BinaryExpr:
		if e.Op == token.LSS && counter != nil && l.Ref(e.X).Obj == counter && l.constant(e.Y) {
			l.Times = e.Y
			return true
		}
	case *ast.CallExpr:
		if until := l.now(e, "(time.Time).Before"); until != nil {
			l.Until = until
			return true
		}
	}
	return false
}

// constant reports whether an expression has one value for as long as the loop
// runs, and no effect: a constant, or a variable that is assigned once.
func (l *pollLoop) constant(e ast.Expr) bool {
	if l.Pkg.Info.Types.Of(e).Value != nil {
		return true
	}
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return false
	}
	v, ok := l.Pkg.Info.Uses.Of(id).(*types.Var)
	return ok && v.Parent() != l.Pkg.Types.Scope() && !l.Assigned(v)
}

// now returns the deadline in time.Now().Before(deadline), or with After, if the
// call is that.
func (l *pollLoop) now(call *ast.CallExpr, method string) ast.Expr {
	if fullName(l.Static(call)) != method || len(call.Args) != 1 || !l.constant(call.Args[0]) {
		return nil
	}
	now, ok := ast.Unparen(call.Fun.(*ast.SelectorExpr).X).(*ast.CallExpr)
	if !ok || fullName(l.Static(now)) != "time.Now" {
		return nil
	}
	return call.Args[0]
}

// body takes the statements of the loop apart: the sleep, a look at the variable
// under a lock, and a break when the value is there or time is up.
func (l *pollLoop) body() bool {
	l.alias = make(map[types.Object]ast.Expr)
	for _, st := range l.Loop.Body.List {
		switch st := st.(type) {
		case *ast.ExprStmt:
			if n, ok := l.locks(st); ok {
				l.depth += n
				l.locked = true
			} else if st != l.Sleep.Stmt {
				return false
			}
		case *ast.AssignStmt: // ok := ready
			if st.Tok != token.DEFINE || len(st.Lhs) != 1 || len(st.Rhs) != 1 || !l.reads(st.Rhs[0]) {
				return false
			}
			l.alias[l.Ref(st.Lhs[0]).Obj] = st.Rhs[0]
		case *ast.IfStmt:
			if st.Init != nil || st.Else != nil || !l.leaves(st) {
				return false
			}
		default:
			return false
		}
	}
	return l.depth == 0
}

// locks returns 1 if the statement locks something, and -1 if it unlocks it.
func (l *pollLoop) locks(st ast.Stmt) (n int, ok bool) {
	e, ok := st.(*ast.ExprStmt)
	if !ok {
		return 0, false
	}
	call, ok := e.X.(*ast.CallExpr)
	if !ok {
		return 0, false
	}
	switch kind, ok := syncKindOf(l.Model, call); kind {
	case Lock, RLock:
		return 1, ok
	case Unlock, RUnlock:
		return -1, ok
	}
	return 0, false
}

// leaves takes apart if ready { break } and if time.Now().After(deadline) { … }.
func (l *pollLoop) leaves(st *ast.IfStmt) bool {
	list := st.Body.List
	if call, ok := ast.Unparen(st.Cond).(*ast.CallExpr); ok && l.Until == nil && l.Times == nil {
		if until := l.now(call, "(time.Time).After"); until != nil {
			l.Until = until
			return l.givesUp(list)
		}
	}
	held := l.depth
	for len(list) > 1 {
		n, ok := l.locks(list[0])
		if !ok {
			return false
		}
		held += n
		list = list[1:]
	}
	return held == 0 && len(list) == 1 && onlyBreaks(list[0]) && l.condition(st.Cond, false)
}

// onlyBreaks reports whether a statement leaves the innermost loop and does nothing
// else.
func onlyBreaks(st ast.Stmt) bool {
	br, ok := st.(*ast.BranchStmt)
	return ok && br.Tok == token.BREAK && br.Label == nil
}

// givesUp records what happens when time is up, which must not come back to the
// loop.
func (l *pollLoop) givesUp(list []ast.Stmt) bool {
	if l.depth != 0 {
		return false
	}
	if len(list) == 1 && onlyBreaks(list[0]) {
		return true
	}
	branches := false
	for _, st := range list {
		ast.Inspect(st, func(n ast.Node) bool {
			_, is := n.(*ast.BranchStmt)
			branches = branches || is
			return true
		})
	}
	if len(list) == 0 || branches {
		return false
	}
	l.Late = list
	switch last := list[len(list)-1].(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.ExprStmt:
		for op := range l.Sleep.Fn.Within(last.Pos(), last.End()) {
			if op.Kind == Exit && op.Node == last.X && op.Exit != MayGoexit {
				return true
			}
		}
	}
	return false
}

// reads reports whether an expression reads a variable and does nothing else:
// ready, x.ready, ready.Load(), atomic.LoadInt32(&ready).
func (l *pollLoop) reads(e ast.Expr) bool { return l.read(e) != nil }

// read returns the variable, as an expression, that an expression reads.
func (l *pollLoop) read(e ast.Expr) ast.Expr {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident, *ast.SelectorExpr:
		v, ok := l.Ref(e).Obj.(*types.Var)
		if !ok {
			return nil
		}
		if held := l.alias[v]; held != nil {
			return l.read(held)
		}
		return e
	case *ast.CallExpr:
		f := l.Static(e)
		if f == nil || f.Pkg() == nil || f.Pkg().Path() != "sync/atomic" {
			return nil
		}
		if f.Name() == "Load" && f.Signature().Recv() != nil {
			return e.Fun.(*ast.SelectorExpr).X
		}
		if f.Signature().Recv() == nil && startsWith(f.Name(), "Load") && len(e.Args) == 1 {
			if u, ok := ast.Unparen(e.Args[0]).(*ast.UnaryExpr); ok && u.Op == token.AND {
				return u.X
			}
		}
	}
	return nil
}

// condition takes a condition on the variable apart; stay says whether the loop
// goes on where it holds. There must be one such condition.
func (l *pollLoop) condition(e ast.Expr, stay bool) bool {
	if l.Read != nil {
		return false
	}
	e = ast.Unparen(e)
	if not, ok := e.(*ast.UnaryExpr); ok && not.Op == token.NOT {
		return l.condition(not.X, !stay)
	}
	if cmp, ok := e.(*ast.BinaryExpr); ok {
		value := l.Pkg.Info.Types.Of(cmp.Y).Value
		switch cmp.Op {
		case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
		default:
			return false
		}
		if l.Read = l.read(cmp.X); l.Read == nil || value == nil {
			return false
		}
		l.stays = func(v constant.Value) bool {
			return v.Kind() == value.Kind() && constant.Compare(v, cmp.Op, value) == stay
		}
		return true
	}
	if l.Read = l.read(e); l.Read == nil {
		return false
	}
	l.stays = func(v constant.Value) bool { return v.Kind() == constant.Bool && constant.BoolVal(v) == stay }
	return true
}
