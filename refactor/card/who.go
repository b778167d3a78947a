package card

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
)

// A namer gives names to the functions, goroutines and places of a package.
type namer struct {
	pkg   *refactor.Package
	m     *chanflow.Model
	lines Lines // or nil
}

// who says what performs the operations of a frame: a goroutine that starts
// with it and with nothing else, or the function.
func (n *namer) who(f *chanflow.Func) (name string, goroutine bool) {
	if all := n.m.Goroutines(f); len(all) == 1 && all[0].Spawn != nil && all[0].Spawn.Body == f {
		return n.goroutine(all[0]), true
	}
	return n.frame(f), false
}

// frame names a function: "Pool.Stop", "Stop's function literal (line 12)". It
// has no star, which Markdown would take for emphasis.
func (n *namer) frame(f *chanflow.Func) string {
	if f.Decl != nil {
		if f.Recv() == nil {
			return f.Decl.Name.Name
		}
		owner, _, _ := strings.Cut(strings.TrimLeft(f.Name(), "(*"), ")")
		owner, _, _ = strings.Cut(owner, "[")
		return owner + "." + f.Decl.Name.Name
	}
	line := n.line(f.Lit.Pos())
	for _, sp := range n.m.Spawns {
		if sp.Body == f {
			return n.goroutine(chanflow.Goroutine{Spawn: sp})
		}
	}
	outer := "the package"
	if f.Outer != nil {
		outer = n.frame(f.Top())
	}
	return fmt.Sprintf("%s's function literal (line %d)", outer, line)
}

// goroutine names a goroutine: "main", "NewPool's goroutine (line 20)",
// "goroutine of run (line 20)", "whoever calls Stop".
func (n *namer) goroutine(g chanflow.Goroutine) string {
	if g.Spawn == nil {
		switch name := n.frame(g.Entry); {
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
	line := n.line(sp.Stmt.Pos())
	if sp.Lit() != nil {
		return fmt.Sprintf("%s's %s (line %d)", n.frame(sp.Fn.Top()), noun, line)
	}
	return fmt.Sprintf("%s of %s (line %d)", noun, n.runs(sp), line)
}

// runs names what a spawn without a literal runs.
func (n *namer) runs(sp *chanflow.Spawn) string {
	fun := sp.Fun()
	if sel, ok := ast.Unparen(fun).(*ast.SelectorExpr); ok && sp.Body != nil {
		return sel.Sel.Name
	}
	return n.text(fun)
}

// placeOf is where an operation is, without what a range does with the values.
func (n *namer) placeOf(op *chanflow.Op) Place {
	if r, ok := op.Node.(*ast.RangeStmt); ok {
		return n.at(r.Pos(), r.X.End())
	}
	return n.place(op.Node)
}

func (n *namer) place(of ast.Node) Place { return n.at(of.Pos(), of.End()) }

func (n *namer) at(pos, end token.Pos) Place {
	return Place{n.pkg.Span(pos, end), n.line(pos)}
}

func (n *namer) line(pos token.Pos) int {
	f := n.pkg.FileOf(pos)
	if n.lines != nil {
		return n.lines(f.Name, f.Tok.Offset(pos))
	}
	return f.Tok.Line(pos)
}

// text returns the source of an expression on one line.
func (n *namer) text(of ast.Node) string {
	return strings.Join(strings.Fields(n.pkg.FileOf(of.Pos()).Text(of.Pos(), of.End())), " ")
}
