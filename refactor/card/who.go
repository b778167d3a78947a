package card

import (
	"fmt"
	"go/ast"
	"strings"

	"handshake/refactor/chanflow"
)

// who says what performs the operations of a frame: a goroutine that starts
// with it and with nothing else, or the function.
func (c *maker) who(f *chanflow.Func) (name string, goroutine bool) {
	if all := c.m.Goroutines(f); len(all) == 1 && all[0].Spawn != nil && all[0].Spawn.Body == f {
		return c.goroutine(all[0]), true
	}
	return c.frame(f), false
}

// frame names a function: "Pool.Stop", "Stop's function literal (line 12)". It
// has no star, which Markdown would take for emphasis.
func (c *maker) frame(f *chanflow.Func) string {
	if f.Decl != nil {
		if f.Recv() == nil {
			return f.Decl.Name.Name
		}
		owner, _, _ := strings.Cut(strings.TrimLeft(f.Name(), "(*"), ")")
		owner, _, _ = strings.Cut(owner, "[")
		return owner + "." + f.Decl.Name.Name
	}
	line := c.line(f.Lit.Pos())
	for _, sp := range c.m.Spawns {
		if sp.Body == f {
			return c.goroutine(chanflow.Goroutine{Spawn: sp})
		}
	}
	outer := "the package"
	if f.Outer != nil {
		outer = c.frame(f.Top())
	}
	return fmt.Sprintf("%s's function literal (line %d)", outer, line)
}

// goroutine names a goroutine: "main", "NewPool's goroutine (line 20)",
// "goroutine of run (line 20)", "whoever calls Stop".
func (c *maker) goroutine(g chanflow.Goroutine) string {
	if g.Spawn == nil {
		switch name := c.frame(g.Entry); {
		case g.Entry.IsMain():
			return "main"
		case g.Entry.Testing() != nil && g.Entry.Decl != nil && g.Entry.Decl.Recv == nil:
			return name
		case g.Entry.Decl == nil:
			return name
		default:
			return "whoever calls " + name
		}
	}
	sp := g.Spawn
	noun := "goroutine"
	if sp.Loop() != nil {
		noun = "goroutines"
	}
	line := c.line(sp.Stmt.Pos())
	if sp.Lit() != nil {
		return fmt.Sprintf("%s's %s (line %d)", c.frame(sp.Fn.Top()), noun, line)
	}
	return fmt.Sprintf("%s of %s (line %d)", noun, c.runs(sp), line)
}

// runs names what a spawn without a literal runs.
func (c *maker) runs(sp *chanflow.Spawn) string {
	var fun ast.Expr = sp.Call.Fun
	if sp.Kind != chanflow.GoStmt {
		fun = sp.Call.Args[0]
	}
	if sel, ok := ast.Unparen(fun).(*ast.SelectorExpr); ok && sp.Body != nil {
		return sel.Sel.Name
	}
	return c.text(fun)
}
