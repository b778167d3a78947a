package chanflow

import (
	"go/ast"
	"go/constant"
	"go/types"
	"regexp"
)

// connects reports whether the code behind the sleep may use the bound listener
// by connecting to it: it mentions the listener, its address or the server, but
// not only to stop that, or an address that is written out; or the function
// ends, and its caller may. Connections queue; anything else that the goroutine
// does the sleep may be needed for.
func (m *Model) connects(g *Guess, ln types.Object) bool {
	vars := map[types.Object]bool{ln: true}
	add := func(e ast.Expr) {
		if v, ok := m.Root(e).(*types.Var); ok && !isTesting(v.Type()) && !isContext(v.Type()) {
			vars[v] = true
		}
	}
	if g.Via != nil {
		for _, arg := range g.Via.Node.(*ast.CallExpr).Args {
			add(arg)
		}
		if as, ok := g.Via.Stmt().(*ast.AssignStmt); ok {
			for _, lhs := range as.Lhs {
				add(lhs)
			}
		}
	} else if sel, ok := ast.Unparen(g.Spawns[0].Call.Fun).(*ast.SelectorExpr); ok {
		add(sel.X)
	}
	for st := range m.Before(g.Sleep.Stmt) {
		m.addOrigins(vars, st)
	}
	if m.spokeTo(g, vars) || reopens.MatchString(g.Sleep.Fn.Top().Name()) {
		return false
	}
	last := true
	for st := range m.After(g.Sleep.Stmt) {
		last = false
		if _, deferred := st.(*ast.DeferStmt); !deferred && m.reachesOut(st, vars) {
			return true
		}
	}
	return last
}

// reopens matches what functions are called that bring back what others were
// connected to: their clients come again in their own time.
var reopens = regexp.MustCompile(`(?i:\bre(start|open|connect|launch))|(Restart|Reopen|Reconnect|Relaunch)`)

// spokeTo reports whether a statement between the start and the sleep has used
// the connection already: then the sleep is about something else.
func (m *Model) spokeTo(g *Guess, vars map[types.Object]bool) bool {
	var start ast.Node = g.Spawns[0].Stmt
	if g.Via != nil {
		start = g.Via.Stmt()
	}
	for st := range m.Before(g.Sleep.Stmt) {
		if st.Pos() <= start.Pos() {
			return false
		}
		if _, deferred := st.(*ast.DeferStmt); !deferred && !m.onlyLogs(st) && m.calls(st) && m.reachesOut(st, vars) {
			return true
		}
	}
	return false
}

// calls reports whether a statement calls anything that might wait for an
// answer, as opposed to a clean-up that it registers.
func (m *Model) calls(st ast.Stmt) bool {
	found := false
	ast.Inspect(st, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || found {
			_, lit := n.(*ast.FuncLit)
			return !found && !lit
		}
		static := m.Static(call)
		found = static == nil || static.Pkg() != nil && !harmless(static) && (exchanges(static) || !isStandard(static.Pkg().Path())) && !startsWith(static.Name(), "New")
		return !found
	})
	return found
}

// address matches what names a port, alone or in a URL.
var address = regexp.MustCompile(`:(\d+|http|https)\b|^(unix|https?)://`)

// reachesOut reports whether a statement mentions one of the variables, if not as
// what is stopped, or an address.
func (m *Model) reachesOut(st ast.Stmt, vars map[types.Object]bool) bool {
	out := false
	ast.Inspect(st, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && stopper.MatchString(sel.Sel.Name) && vars[m.Root(sel.X)] {
				for _, arg := range n.Args {
					out = out || m.mentionsAny(vars, arg)
				}
				return false
			}
		case *ast.Ident:
			out = out || vars[m.Pkg.Info.Uses.Of(n)]
		}
		if e, ok := n.(ast.Expr); ok && !out {
			if v := m.Pkg.Info.Types.Of(e).Value; v != nil && v.Kind() == constant.String {
				out = address.MatchString(constant.StringVal(v))
			}
		}
		return !out
	})
	return out
}

func (m *Model) mentionsAny(vars map[types.Object]bool, n ast.Node) bool {
	for v := range vars {
		if m.Mentions(v, n) {
			return true
		}
	}
	return false
}
