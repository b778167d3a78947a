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
	last := true
	for st := range m.After(g.Sleep.Stmt) {
		last = false
		if _, deferred := st.(*ast.DeferStmt); !deferred && m.reachesOut(st, vars) {
			return true
		}
	}
	return last
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
			out = out || vars[m.Pkg.Info.Uses[n]]
		}
		if e, ok := n.(ast.Expr); ok && !out {
			if v := m.Pkg.Info.Types[e].Value; v != nil && v.Kind() == constant.String {
				out = address.MatchString(constant.StringVal(v))
			}
		}
		return !out
	})
	return out
}

func (m *Model) mentionsAny(vars map[types.Object]bool, e ast.Expr) bool {
	for v := range vars {
		if m.Mentions(v, e) {
			return true
		}
	}
	return false
}
