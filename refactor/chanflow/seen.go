package chanflow

import (
	"go/ast"
	"go/types"
	"slices"
)

// SeenBehind returns where code behind a sleep that follows the signal looks at
// what the goroutine does or uses, or the end of the function if that follows;
// nil if nothing shows that the sleep is about the goroutine.
func (m *Model) SeenBehind(c *Confirmation, sleep ast.Stmt) ast.Node {
	empty := true
	for st := range m.After(sleep) {
		if _, ok := st.(*ast.ReturnStmt); !ok {
			empty = false
		}
		for _, l := range c.Leaves {
			if n, _ := m.sees(l, st); n != nil {
				return n
			}
			for _, mu := range m.Mutations(l.Spawn.Body, l.Spawn.Body.Body.List) {
				root := mu.Root
				if l.Spawn.Body.Owns(root) {
					root = l.Spawn.Outside(Ref{Obj: root, Base: root}).Base
				}
				if root != nil && !isTesting(root.Type()) && !carries(root.Type()) {
					if use := m.useIn(root, mu, st); use != nil {
						return use
					}
				}
			}
		}
	}
	if empty {
		return sleep
	}
	return nil
}

// seenAfter returns where the frame, after the signal and before it waits for
// anything else, can see that the goroutine still runs, and how.
func (m *Model) seenAfter(c *Confirmation, stmt ast.Stmt) (ast.Node, string) {
	fn := c.Stop.Op.Fn
	for st := range m.After(stmt) {
		if m.sleepsIn(fn, st) {
			return nil, "" // sleepstop's
		}
		for _, l := range c.Leaves {
			if n, why := m.sees(l, st); n != nil {
				return n, why
			}
		}
		if m.waitsIn(fn, st) {
			return nil, ""
		}
	}
	for _, l := range c.Leaves {
		if n := m.removes(l, fn); n != nil {
			return n, "is deferred"
		}
		if t := fn.Testing(); t != nil && fn.Owns(t) && fn.Outer == nil && m.reports(l, t) {
			return fn.Body, "the test may end before it"
		}
		if fn.IsMain() && len(l.Ends()) > 0 {
			return fn.Body, "the program may end before it"
		}
	}
	return nil, ""
}

// removes returns a deferred call of the frame that removes a file which the
// goroutine uses, or closes it.
func (m *Model) removes(l *Leaver, fn *Func) (found ast.Node) {
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.DeferStmt:
			name := fullName(m.Static(n.Call))
			if name != "os.Remove" && name != "os.RemoveAll" && name != "(*os.File).Close" {
				return false
			}
			for shared := range m.Shared(l.Spawn) {
				if found == nil && m.takesAway(shared, n) != nil && !l.waitsOn(shared) {
					found = n.Call
				}
			}
		}
		return found == nil
	})
	return found
}

// sees returns where a statement reads what the goroutine writes, or takes away
// what it uses.
func (m *Model) sees(l *Leaver, st ast.Stmt) (ast.Node, string) {
	sp := l.Spawn
	for _, mu := range m.Mutations(sp.Body, sp.Body.Body.List) {
		root := mu.Root
		if sp.Body.Owns(root) {
			root = sp.Outside(Ref{Obj: root, Base: root}).Base
		}
		if root == nil || m.SameSignal(root, l.signal) || mu.Call && isTesting(root.Type()) {
			continue
		}
		if use := m.useIn(root, mu, st); use != nil && !mu.Call && !m.guarded(l, st) {
			return use, "is read behind it"
		}
	}
	var first ast.Node
	for shared := range m.Shared(sp) {
		if carries(shared.Type()) {
			continue
		}
		use := m.takesAway(shared, st)
		if use != nil && !l.waitsOn(shared) && (first == nil || use.Pos() < first.Pos()) {
			first = use
		}
	}
	if first != nil {
		return first, "follows"
	}
	return nil, ""
}

// guarded reports whether the spawner holds a lock at the statement that the
// goroutine takes too: then the two are meant to look at the same things.
func (m *Model) guarded(l *Leaver, st ast.Stmt) bool {
	locks := l.Run.Locks()
	return slices.ContainsFunc(m.held(l.Spawn.Fn, st), func(h holding) bool { return locks[h.lock] != nil })
}

// waitsOn reports whether the goroutine may be waiting in a call of a method of
// the variable: to close that is then how it is made to leave.
func (l *Leaver) waitsOn(obj types.Object) bool {
	sp := l.Spawn
	m := sp.Fn.model
	waits := false
	(&step{fn: sp.Body}).calls(func(call *ast.CallExpr) {
		sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !ok || !m.waitsOutside(call) && !serves(m.Static(call)) {
			return
		}
		root := m.Root(sel.X)
		if root != nil && sp.Body.Owns(root) {
			root = sp.Outside(Ref{Obj: root, Base: root}).Base
		}
		waits = waits || root == obj
	})
	return waits
}

// takesAway returns a call in the statement that closes or removes what the
// variable holds.
func (m *Model) takesAway(obj types.Object, st ast.Stmt) (use ast.Node) {
	ast.Inspect(st, func(n ast.Node) bool {
		if _, ok := n.(*ast.FuncLit); ok || use != nil {
			return false
		}
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch name := fullName(m.Static(call)); name {
		case "os.Remove", "os.RemoveAll", "os.Rename", "syscall.Munmap":
			for _, arg := range call.Args {
				if m.Root(arg) == obj {
					use = call
				}
			}
		}
		if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && m.Root(sel.X) == obj {
			switch sel.Sel.Name {
			case "Close", "Release", "Free", "Destroy", "Unmap":
				use = call
			}
		}
		return true
	})
	return use
}

// reports reports whether the goroutine may still use the test's handle once it
// was told to stop.
func (m *Model) reports(l *Leaver, t types.Object) bool {
	if l.Spawn.Body.Lit == nil {
		return m.Mentions(t, l.Spawn.Call) && (l.Op.Loop() != nil || l.Op.Fn != l.Spawn.Body)
	}
	if loop := l.Op.Loop(); loop != nil && m.Mentions(t, loop) {
		return true
	}
	return m.Mentions(t, l.Ends()...)
}

// Ends returns what the goroutine does after it was told to stop, before it is
// gone: the rest of the select case beside its return, and deferred calls other
// than those that stop a ticker.
func (l *Leaver) Ends() []ast.Node {
	var out []ast.Node
	m := l.Op.Fn.model
	var body []ast.Stmt
	if l.Op.Select != nil {
		for c := range l.Op.cur().Enclosing((*ast.CommClause)(nil)) {
			body = c.Node().(*ast.CommClause).Body
			break
		}
	} else if l.Op.Loop() == nil {
		for st := range m.After(l.Op.Stmt()) {
			body = append(body, st)
		}
	}
	for _, st := range body {
		switch st.(type) {
		case *ast.ReturnStmt, *ast.BranchStmt:
		default:
			out = append(out, st)
		}
	}
	ast.Inspect(l.Spawn.Body.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.DeferStmt:
			if name := fullName(m.Static(n.Call)); name != "(*time.Ticker).Stop" && name != "(*time.Timer).Stop" {
				out = append(out, n)
			}
		}
		return true
	})
	return out
}
