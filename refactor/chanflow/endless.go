package chanflow

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// An Endless is a goroutine whose body ends in a loop that nothing in the
// package leaves: no return, no break, no channel that is closed.
type Endless struct {
	Spawn *Spawn
	Loop  ast.Stmt // an *ast.ForStmt without condition, or an *ast.RangeStmt over a channel

	// Waits are the statements of the loop at which the goroutine could listen
	// to a stop signal, in source order: sleeps, sends, receives and selects.
	// The loop itself is one if it is a range over a channel.
	Waits []ast.Stmt

	Withheld string // why the goroutine would not heed a stop signal there, or ""
}

// Endless returns the goroutines that nothing can stop.
func (m *Model) Endless() []*Endless {
	type key struct{}
	return m.Pkg.Memo(key{}, func() any {
		var out []*Endless
		for _, sp := range m.Spawns {
			if e := m.endless(sp); e != nil {
				out = append(out, e)
			}
		}
		return out
	}).([]*Endless)
}

func (m *Model) endless(sp *Spawn) *Endless {
	if sp.Kind != GoStmt || sp.Body == nil || len(sp.Body.Body.List) == 0 || sp.Body.File.ReadOnly != "" {
		return nil
	}
	list := sp.Body.Body.List
	last := list[len(list)-1]
	loop := last
	if l, ok := loop.(*ast.LabeledStmt); ok {
		loop = l.Stmt
	}
	body := LoopBody(loop)
	e := &Endless{Spawn: sp, Loop: loop}
	switch loop := loop.(type) {
	case *ast.ForStmt:
		if loop.Cond != nil || loop.Post != nil {
			return nil
		}
	case *ast.RangeStmt:
		if IsChan(m.Pkg.Info.TypeOf(loop.X)) == nil || !m.staysOpen(loop) {
			return nil
		}
		e.Waits = append(e.Waits, loop)
	default:
		return nil
	}
	if breaks(body) {
		return nil
	}
	for op := range sp.Body.Within(last.Pos(), last.End()) {
		if op.Kind == Exit && (op.Exit == Return || op.Exit == Goexit || op.Exit == MayGoexit) {
			return nil
		}
	}
	e.listen(m, body)
	e.Withheld = cmp.Or(e.deaf(m), e.passed(m, body))
	return e
}

// staysOpen reports whether nobody closes the channel that a loop ranges over:
// a ticker's, or one that is in sight.
func (m *Model) staysOpen(loop *ast.RangeStmt) bool {
	if isNamed(IsChan(m.Pkg.Info.TypeOf(loop.X)).Elem(), "time", "Time") {
		return true
	}
	obj := m.Ref(loop.X).Obj
	if obj == nil {
		return false
	}
	l := m.Life(obj)
	return !l.Hidden() && len(l.Closes) == 0
}

// listen collects the statements at which the body's frame waits.
func (e *Endless) listen(m *Model, body *ast.BlockStmt) {
	fn := e.Spawn.Body
	add := func(st ast.Stmt) {
		if !slices.Contains(e.Waits, st) {
			e.Waits = append(e.Waits, st)
		}
	}
	for _, s := range fn.Sleeps {
		if within(body, s.Stmt) && s.Wrapper == nil {
			add(s.Stmt)
		}
	}
	for op := range fn.Within(body.Pos(), body.End()) {
		switch {
		case op.Deferred || op.Once:
		case op.Kind == Select:
			if sel := op.Node.(*ast.SelectStmt); len(sel.Body.List) > 0 {
				add(sel)
			}
		case op.Select != nil || op.Range:
		case op.Kind == Send:
			add(op.Node.(*ast.SendStmt))
		case op.Kind == Recv && receives(op) != nil:
			add(receives(op))
		}
	}
	slices.SortFunc(e.Waits, func(a, b ast.Stmt) int { return int(a.Pos() - b.Pos()) })
}

// receives returns the statement that a receive makes up, so that it can become
// the case of a select: <-c, v := <-c, v, ok = <-c; nil if it is part of another.
func receives(op *Op) ast.Stmt {
	st := op.Stmt()
	list, _ := siblings(op.Fn.model.cursor(st))
	if list[0] == nil {
		return nil
	}
	var of ast.Expr
	switch st := st.(type) {
	case *ast.ExprStmt:
		of = st.X
	case *ast.AssignStmt:
		if len(st.Rhs) == 1 && (st.Tok == token.ASSIGN || st.Tok == token.DEFINE) {
			of = st.Rhs[0]
		}
	}
	if of == nil || ast.Unparen(of) != op.Node {
		return nil
	}
	return st
}

// deaf returns what keeps the goroutine although it is told to stop, or "".
func (e *Endless) deaf(m *Model) string {
	run := m.Run(e.Spawn)
	heeds := func(op *Op) bool {
		st := ast.Stmt(op.Select)
		if op.Select == nil {
			st = op.Stmt()
		}
		return slices.Contains(e.Waits, st)
	}
	for op := range run.Ops() {
		switch {
		case op.Deferred:
		case op.Kind == Select:
			if sel := op.Node.(*ast.SelectStmt); !slices.Contains(e.Waits, ast.Stmt(sel)) && !hasDefault(sel) {
				return fmt.Sprintf("the goroutine may stay in another select, in %s", op.Fn.Name())
			}
		case op.Kind == Recv && op.Select == nil && !heeds(op) && !m.ticks(op):
			return fmt.Sprintf("the goroutine may stay at a receive from %s", m.source(op.Ref.Expr))
		case op.Kind == Send && op.Select == nil && !heeds(op):
			return fmt.Sprintf("the goroutine may stay at a send to %s", m.source(op.Ref.Expr))
		case op.Kind == Wait || op.Kind == Serve:
			return fmt.Sprintf("the goroutine may stay in a call of %s", m.source(op.Node.(*ast.CallExpr).Fun))
		}
	}
	why := ""
	for _, s := range run.steps {
		s.calls(func(call *ast.CallExpr) {
			if why == "" && m.waitsOutside(call) {
				why = fmt.Sprintf("the goroutine may stay in a call of %s", m.source(call.Fun))
			}
		})
		ast.Inspect(s.fn.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return m.frames[n] == s.fn
			case *ast.ForStmt:
				if n != e.Loop && n.Cond == nil && !breaks(n.Body) {
					why = "the goroutine has another loop without end"
				}
			}
			return why == ""
		})
	}
	if why != "" {
		return why
	}
	for _, st := range e.Waits {
		if held := e.Spawn.Body.Held(st); len(held) > 0 {
			return fmt.Sprintf("the goroutine holds %s while it waits", held[0].Name())
		}
	}
	if r := e.Spawn.Body.Type.Results; r != nil && len(r.List) > 0 {
		return "the goroutine's function returns values"
	}
	return ""
}

// passed returns why a turn of the loop may pass without a wait, or "".
func (e *Endless) passed(m *Model, body *ast.BlockStmt) string {
	if _, ok := e.Loop.(*ast.RangeStmt); ok {
		return ""
	}
	first := slices.IndexFunc(body.List, func(st ast.Stmt) bool {
		if l, ok := st.(*ast.LabeledStmt); ok {
			st = l.Stmt
		}
		return slices.Contains(e.Waits, st)
	})
	if first < 0 {
		return "the loop has no place in every turn at which it waits"
	}
	// A turn that ends earlier must have waited just before.
	skips := false
	for _, st := range body.List[:first] {
		for cur := range m.cursor(st).Preorder((*ast.BranchStmt)(nil)) {
			br := cur.Node().(*ast.BranchStmt)
			if br.Tok != token.CONTINUE && br.Tok != token.GOTO || br.Label == nil && m.loopOf(cur) != e.Loop {
				continue
			}
			list, i := siblings(cur)
			if !slices.ContainsFunc(list[:i], func(st ast.Stmt) bool { return slices.Contains(e.Waits, st) }) {
				skips = true
			}
		}
	}
	if skips {
		return "a turn of the loop may end before it waits"
	}
	return ""
}

// Lasts reports whether the spawner stays while the goroutine works, so that its
// end is the time to stop it: the main function, a test, or a function that goes
// on serving or looping behind the spawn. handle is how a test is referred to.
func (e *Endless) Lasts() (lasts bool, handle types.Object) {
	fn := e.Spawn.Fn
	m := fn.model
	if e.Within() != nil {
		return false, nil
	}
	if h := fn.TestHandle(); h != nil {
		return true, h
	}
	if fn.IsMain() {
		return true, nil
	}
	for st := range m.After(e.Spawn.Stmt) {
		if m.staysUp(st, false, make(map[*Func]bool)) {
			return true, nil
		}
	}
	return false, nil
}

// Within returns the literal around the spawn that runs as part of the spawner's
// frame, such as the argument of (*sync.Once).Do, or nil: what is deferred there
// does not wait for the end of the spawner.
func (e *Endless) Within() *ast.FuncLit {
	for cur := range e.Spawn.cur().Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		if lit, ok := cur.Node().(*ast.FuncLit); ok && cur.Node() != e.Spawn.Fn.Node() {
			return lit
		}
		break
	}
	return nil
}

// Returns reports whether the frame can get to its end, or to a return.
func (f *Func) Returns() bool {
	for _, op := range f.Ops {
		if op.Kind == Exit && op.Exit == Return {
			return true
		}
	}
	list := f.Body.List
	if len(list) == 0 {
		return true
	}
	switch st := list[len(list)-1].(type) {
	case *ast.ForStmt:
		return st.Cond != nil || breaks(st.Body)
	case *ast.SelectStmt:
		return len(st.Body.List) > 0
	}
	return true
}
