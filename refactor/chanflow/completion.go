package chanflow

import (
	"go/ast"
	"go/types"
	"slices"
)

// A Completion is the signal that a goroutine gives as its last act, without
// defer: close(done) or wg.Done().
type Completion struct {
	Op   *Op        // the close or Done at the end of the body
	All  []*Op      // all of the body: Op, and those directly before a return
	Body *Func      // what the goroutine runs
	Wait []*Op      // where others wait for it, with no way out
	Some []*Op      // where others look for it in a select with a way out
	Ends []*Op      // calls before it that end the goroutine, or may: t.Fatal, …
	Rets []*Op      // returns before it that skip it
	Call ast.Node   // the first call before it that may panic, if the body recovers and then signals nothing; or nil
	Test bool       // Ends are failed checks of a test, or its t.Fatal
	Bad  bool       // one of Some takes the signal for a failure, or does not wait
	Data bool       // the channel carries values
	Late []*Op      // operations of deferred calls that are set up after the start
	Lead []ast.Stmt // the defer statements with which the body starts

	spawns []*Spawn // of the body
}

// Completions returns the completion signals that a goroutine can end without
// having given, in source order of their bodies.
func (m *Model) Completions() []*Completion {
	var out []*Completion
	for _, f := range m.Funcs {
		var spawns []*Spawn
		for _, sp := range m.Spawns {
			if sp.Body == f {
				spawns = append(spawns, sp)
			}
		}
		if len(spawns) == 0 {
			continue
		}
		if c := m.completion(f, spawns); c != nil {
			out = append(out, c)
		}
	}
	return out
}

func (m *Model) completion(f *Func, spawns []*Spawn) *Completion {
	last := f.lastSignal()
	if last == nil || last.Ref.Obj == nil || last.Ref.Elem || !f.steady(last.Ref) {
		return nil
	}
	c := &Completion{Op: last, Body: f, spawns: spawns}
	for _, op := range f.Ops {
		if op.Kind != last.Kind || op.Ref.Obj != last.Ref.Obj {
			continue
		}
		if _, returns := m.following(op).(*ast.ReturnStmt); op != last && (op.Deferred || !returns) {
			return nil // followed by more work, or given twice
		}
		c.All = append(c.All, op)
	}
	c.exits()
	if len(c.Ends)+len(c.Rets) == 0 && c.Call == nil {
		return nil
	}
	for _, sp := range spawns {
		out := sp.Outside(last.Ref)
		if out.Obj == nil {
			continue
		}
		if last.Kind == Close {
			life := m.Life(out.Obj)
			c.Data = c.Data || len(life.Sends) > 0 || len(life.Unknown) > 0 && !signals(out.Obj.Type())
		}
		for _, op := range m.OpsOn(out.Obj) {
			switch {
			case op.Fn == f:
			case op.Kind == Close:
				return nil // somebody else closes it where the goroutine does not
			case op.Kind == Wait || op.Kind == Recv && op.Bare():
				c.Wait = append(c.Wait, op)
			case op.Kind == Recv:
				c.Some = append(c.Some, op)
				c.Bad = c.Bad || m.negative(op)
			case op.Kind == Send:
				c.Data = true
			}
		}
	}
	for _, op := range m.OpsOn(last.Ref.Obj) {
		c.Data = c.Data || op.Kind == Send
	}
	c.defers()
	return c
}

// lastSignal returns the plain close or Done that is the last statement of f,
// a final return apart.
func (f *Func) lastSignal() *Op {
	list := f.Body.List
	if n := len(list); n > 0 {
		if r, ok := list[n-1].(*ast.ReturnStmt); ok && len(r.Results) == 0 {
			list = list[:n-1]
		}
	}
	if len(list) < 2 {
		return nil // it is the only statement
	}
	s, ok := list[len(list)-1].(*ast.ExprStmt)
	if !ok {
		return nil
	}
	for _, op := range f.Ops {
		if op.Node == s.X && (op.Kind == Close || op.Kind == Done) {
			return op
		}
	}
	return nil
}

// steady reports whether the reference means the same at the start of f as at
// its end.
func (f *Func) steady(r Ref) bool {
	if r.Base == nil || f.Owns(r.Base) && r.Base != types.Object(f.Recv()) && !isParam(f, r.Base) {
		return false
	}
	if f.model.Assigned(r.Base) && f.Owns(r.Base) {
		return false
	}
	same := true
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok {
			for _, lhs := range a.Lhs {
				if l := f.model.Ref(lhs); l.Obj == r.Obj || l.Obj != nil && l.Obj == r.Base {
					same = false
				}
			}
		}
		return same
	})
	if v, ok := r.Obj.(*types.Var); ok && !v.IsField() && f.model.Assigned(v) && r.Expr != nil && IsChan(v.Type()) != nil {
		return false // a captured variable that may be given another channel
	}
	return same
}

// exits collects the ways out of the body that skip the signal.
func (c *Completion) exits() {
	f := c.Body
	recovers := f.Recovers()
	c.Test = true
	for _, op := range f.Ops {
		if op.Deferred || op.Node.Pos() > c.Op.Node.Pos() {
			continue
		}
		switch {
		case op.Kind == Exit && op.Exit == Return:
			if !slices.ContainsFunc(c.All, func(s *Op) bool { return f.model.following(s) == op.Node }) {
				c.Rets = append(c.Rets, op)
			}
		case op.Kind == Exit && op.Exit == Panic && recovers:
			c.Ends, c.Test = append(c.Ends, op), false
		case op.Kind == Exit && (op.Exit == Goexit || op.Exit == MayGoexit),
			op.Kind == Call && op.Callee != nil && op.Callee.mayGoexit(nil):
			c.Ends = append(c.Ends, op)
			if call, ok := op.Node.(*ast.CallExpr); ok && fullName(f.model.Static(call)) == "runtime.Goexit" {
				c.Test = false
			}
		}
	}
	if recovers && !f.defersSignal() {
		c.Call = c.mayPanic()
	}
}

// mayPanic returns the first call before the signal that may panic, or nil.
// Calls of packages that only print, lock and measure time are taken not to.
func (c *Completion) mayPanic() ast.Node {
	m := c.Body.model
	var first ast.Node
	ast.Inspect(c.Body.Body, func(n ast.Node) bool {
		if first != nil || n == nil || n.Pos() >= c.Op.Node.Pos() {
			return false
		}
		switch n := n.(type) {
		case *ast.DeferStmt, *ast.GoStmt:
			return false
		case *ast.FuncLit:
			return m.frames[n] == c.Body
		case *ast.CallExpr:
			if m.Pkg.Info.Types.Of(n.Fun).IsType() || m.Pkg.Info.Types.Of(n.Fun).IsBuiltin() {
				return true
			}
			if f := m.Static(n); f != nil && f.Pkg() != nil {
				switch f.Pkg().Path() {
				case "fmt", "log", "log/slog", "sync", "sync/atomic", "time", "testing":
					return true
				}
			}
			first = n
		}
		return first == nil
	})
	return first
}

// defersSignal reports whether a deferred call tells somebody something.
func (f *Func) defersSignal() bool {
	return slices.ContainsFunc(f.Ops, func(op *Op) bool { return op.Deferred && op.signals() })
}

// signals reports whether the operation tells somebody something: a send, a
// close, a cancel, a Done, or a call that may do so.
func (op *Op) signals() bool {
	switch op.Kind {
	case Send, Close, Cancel, Done:
		return true
	case Call:
		if op.Callee == nil {
			return true
		}
		for e := range op.Callee.Effects() {
			if e.Kind == Send || e.Kind == Close || e.Kind == Cancel || e.Kind == Done {
				return true
			}
		}
	}
	return false
}

// negative reports whether a select that receives the signal fails a test when
// it comes, or looks without waiting.
func (m *Model) negative(op *Op) bool {
	for _, c := range op.Select.Body.List {
		c := c.(*ast.CommClause)
		if c.Comm == nil || covers(c.Comm, op.Node.Pos()) && m.failsIn(c.Body) {
			return true
		}
	}
	return false
}

// following returns the statement that runs after that of an operation, or nil.
func (m *Model) following(op *Op) ast.Stmt {
	for st := range m.After(op.Stmt()) {
		return st
	}
	return nil
}

// defers looks at the other deferred calls of the body.
func (c *Completion) defers() {
	list := c.Body.Body.List
	for len(list) > 0 {
		if _, ok := list[0].(*ast.DeferStmt); !ok {
			break
		}
		c.Lead = append(c.Lead, list[0])
		list = list[1:]
	}
	for _, s := range list {
		ast.Inspect(s, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return c.Body.model.frames[n] == c.Body
			case *ast.DeferStmt:
				c.Late = append(c.Late, &Op{Kind: Call, Node: n.Call, Fn: c.Body})
			}
			return true
		})
	}
}

// Blocks reports whether a deferred call that is set up later may wait for
// something: a signal that is given after it could then come too late.
func (c *Completion) Blocks() bool {
	if len(c.Late) == 0 {
		return false
	}
	return c.Body.DefersWait()
}

// Otherwise reports whether the way to a return that skips the signal gives
// another one: a send, a close, a cancel, a Done.
func (c *Completion) Otherwise(ret *Op) bool {
	signals := func(n ast.Node) bool {
		for op := range c.Body.Within(n.Pos(), n.End()) {
			if op.signals() {
				return true
			}
		}
		return false
	}
	if c.Body.defersSignal() {
		return true
	}
	list, i := siblings(ret.cur())
	for _, s := range list[:i] {
		if signals(s) {
			return true
		}
	}
	return signals(ret.Node)
}

// Reported reports whether a return of a test's goroutine tells the test that
// something has failed: a check stands right before it, or in the condition for
// it.
func (c *Completion) Reported(ret *Op) bool {
	m := c.Body.model
	checks := func(n ast.Node) (found bool) {
		ast.Inspect(n, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			found = found || ok && m.handlesTest(call)
			return !found
		})
		return found
	}
	for st := range m.Before(ret.Stmt()) {
		if checks(st) {
			return true
		}
		break
	}
	if check, ok := ret.cur().Parent().Parent().Node().(*ast.IfStmt); ok {
		return checks(check.Cond)
	}
	return false
}
