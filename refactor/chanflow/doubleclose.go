package chanflow

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
)

// A DoubleClose is a channel that is closed twice on a way that the package
// shows.
type DoubleClose struct {
	Op    *Op      // the close that comes second, or may
	Other *Op      // the other close; Op itself where that runs again
	How   Again    // what makes it happen
	At    ast.Node // where that shows: the other close, the call that leads to it, the loop, the spawn

	Obj   types.Object    // the variable or field that holds the channel
	All   []*Op           // all that close it
	Owner *types.TypeName // the struct whose field it is, or nil
	Decl  ast.Stmt        // otherwise: what makes it, in a list of statements

	// Withheld is why the closes cannot be guarded, or "".
	Withheld string
}

// Again says how a close comes to happen twice.
type Again int

const (
	InTurn  Again = 1 + iota // one function closes, or has closed, twice
	InLoop                   // in every round of a loop
	ByEach                   // by each of the goroutines that a loop starts
	ByBoth                   // by a goroutine and by who started it, or by another one
	ByUsers                  // by a goroutine and by whoever calls a method
)

// DoubleCloses returns the channels of the package that are closed twice, in the
// order of their closes; each close is returned once.
func (m *Model) DoubleCloses() []*DoubleClose {
	type key struct{}
	return m.Pkg.Memo(key{}, func() any {
		d := &doubleCloser{Model: m, seen: make(map[*Op]bool)}
		for _, f := range m.Funcs {
			if f.MayDo(Close) || len(f.Spawns) > 0 {
				d.frame(f)
			}
		}
		for _, sp := range m.Spawns {
			if sp.Body != nil {
				d.users(sp)
			}
		}
		slices.SortFunc(d.found, func(a, b *DoubleClose) int { return int(a.Op.Node.Pos() - b.Op.Node.Pos()) })
		return d.found
	}).([]*DoubleClose)
}

type doubleCloser struct {
	*Model
	seen  map[*Op]bool
	found []*DoubleClose
}

func (d *doubleCloser) add(op, other *Op, how Again, at ast.Node) {
	if d.seen[op] || d.seen[other] {
		return
	}
	d.seen[op], d.seen[other] = true, true
	c := &DoubleClose{Op: op, Other: other, How: how, At: at, Obj: op.Ref.Obj}
	c.guard(d.Model)
	d.found = append(d.found, c)
}

// frame finds the closes that a frame and the goroutines that it starts make
// twice.
func (d *doubleCloser) frame(f *Func) {
	own := f.closings()
	for i, a := range own {
		if loop := a.at.Loop(); loop != nil && d.outlives(a.place, loop) && d.everyRound(f, a.at.Node, loop) && !d.rewritten(a.place, f, a.at.Node, loop) {
			d.add(a.op, a.op, InLoop, loop)
		}
		for _, b := range own[i+1:] {
			if a.place != b.place || !d.together(f, a.base, a.at.Node, b.at.Node) || d.rewritten(a.place, f, a.at.Node, nil) || d.atOnce(a.at, b.at) {
				continue
			}
			first, second := a, b
			if a.at.Deferred {
				first, second = b, a
			}
			d.add(second.op, first.op, InTurn, first.at.Node)
		}
	}
	for i, sp := range f.Spawns {
		for _, c := range d.endings(sp) {
			if loop := sp.Loop(); loop != nil && d.outlives(c.place, loop) && d.everyRound(f, sp.Stmt, loop) && !d.rewritten(c.place, f, sp.Stmt, loop) {
				d.add(c.op, c.op, ByEach, sp.Stmt)
			}
			for _, a := range own {
				if a.place == c.place && d.together(f, c.base, sp.Stmt, a.at.Node) && !d.rewritten(c.place, f, sp.Stmt, nil) {
					d.add(a.op, c.op, ByBoth, sp.Stmt)
				}
			}
			for _, next := range f.Spawns[i+1:] {
				for _, e := range d.endings(next) {
					if e.place == c.place && d.together(f, c.base, sp.Stmt, next.Stmt) && !d.rewritten(c.place, f, sp.Stmt, nil) {
						d.add(e.op, c.op, ByBoth, sp.Stmt)
					}
				}
			}
		}
	}
}

// atOnce reports whether a plain close follows the other right away, which is
// there to show the panic.
func (d *doubleCloser) atOnce(a, b *Op) bool {
	if a.Kind != Close || b.Kind != Close || a.Deferred || b.Deferred {
		return false
	}
	for st := range d.After(a.Stmt()) {
		return st == b.Stmt()
	}
	return false
}

// endings returns what a goroutine always closes, in the terms of who starts it.
func (d *doubleCloser) endings(sp *Spawn) (out []closing) {
	if sp.Body == nil {
		return nil
	}
	for _, c := range sp.Body.closings() {
		if !c.certain() || d.rewritten(c.place, sp.Body, sp.Body.Body, nil) {
			continue
		}
		p, ok := c.place, true
		if sp.Kind == GoStmt {
			p, ok = sp.Body.placeOutside(p, d.called(sp.Call), sp.Call.Args)
		} else if sp.Body.Owns(p.base) {
			ok = false
		}
		if ok {
			out = append(out, closing{p, c.op, c.at})
		}
	}
	return out
}

// users finds the channels of a struct that its goroutine closes, or a method
// that it calls, and that others close by calling a method, too.
func (d *doubleCloser) users(sp *Spawn) {
	run := d.Run(sp)
	for _, s := range run.steps {
		for _, c := range s.fn.closings() {
			field, ok := c.obj.(*types.Var)
			if !ok || !field.IsField() || d.asked(c) || !d.ownStruct(s, c) || d.rewritten(c.place, s.fn, s.fn.Body, nil) {
				continue
			}
			for _, g := range d.Funcs {
				if !d.calledByUsers(g) {
					continue
				}
				for _, e := range g.closings() {
					if e.obj == field && e.base == g.Recv() && e.certain() && !d.rewritten(e.place, g, g.Body, nil) && (e.op != c.op || c.at.Kind == Call && c.at.Fn != g) {
						d.add(e.op, c.op, ByUsers, c.at.Node)
					}
				}
			}
		}
	}
}

// ownStruct reports whether the closing is of the struct whose method the
// goroutine runs.
func (d *doubleCloser) ownStruct(s *step, c closing) bool {
	for at := s; at != nil; at = at.up {
		if at.fn.Recv() == nil || at.up != nil && (at.via == nil || d.asked(closing{c.place, c.op, at.via})) {
			return false
		}
	}
	return c.base == s.fn.Recv()
}

// calledByUsers reports whether a method is there for other packages to call, at
// times of their own.
func (d *doubleCloser) calledByUsers(g *Func) bool {
	return g.Recv() != nil && g.Obj.Exported() && !inTest(g) && !d.Closed()
}

// asked reports whether the frame looks at something before it closes, other
// than whether an error has come, or what.
func (d *doubleCloser) asked(c closing) bool {
	f := c.at.Fn
	for cur := range c.at.cur().Enclosing((*ast.IfStmt)(nil), (*ast.CaseClause)(nil), (*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		switch n := cur.Node().(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			if n != f.Node() {
				continue
			}
		case *ast.CaseClause:
			return true
		case *ast.IfStmt:
			if b, ok := ast.Unparen(n.Cond).(*ast.BinaryExpr); ok && IsError(d.Pkg.Info.TypeOf(b.X)) {
				continue
			}
			return true
		}
		break
	}
	for _, op := range f.Ops {
		if op.Kind == Recv && op.Ref.Obj == c.obj && op.Node.Pos() < c.at.Node.Pos() {
			return true
		}
	}
	return false
}

// guard finds how all closes of the channel can be guarded by one sync.Once.
func (c *DoubleClose) guard(m *Model) {
	life := m.Life(c.Obj)
	for _, op := range m.OpsOn(c.Obj) {
		if op.Kind == Close {
			c.All = append(c.All, op)
		}
	}
	v, _ := c.Obj.(*types.Var)
	switch {
	case len(life.Closes) != len(c.All):
		c.Withheld = "it is closed by another name as well"
	case slices.ContainsFunc(c.All, func(op *Op) bool { return op.Once || op.Ref.Elem }):
		c.Withheld = "one of the closes is guarded already"
	case c.How == InLoop:
		c.Withheld = "a later round would find it closed: make it in the loop"
	case c.How == ByEach && len(life.Sends) > 0:
		c.Withheld = "the other goroutines may still send: close it when all of them have ended"
	case life.Exposed != nil || life.Visible != nil:
		c.Withheld = "other packages can close it too"
	case v.IsField():
		c.guardField(m, life)
	default:
		c.guardLocal(m)
	}
}

func (c *DoubleClose) guardField(m *Model, life *Life) {
	owner := m.ownerOf(c.Obj)
	if owner == nil || m.structSyntax(owner) == nil {
		c.Withheld = "its struct is not declared in this package"
		return
	}
	for _, mk := range life.Makes {
		if mk.Fn.Recv() != nil && hasField(mk.Fn.Recv().Type(), c.Obj) {
			c.Withheld = fmt.Sprintf("%s makes the channel anew", mk.Fn.Name())
			return
		}
	}
	switch {
	case len(life.Makes) == 0:
		c.Withheld = "it is not known where the channel is made"
	case m.byValue(owner):
		c.Withheld = fmt.Sprintf("%s is copied", owner.Name())
	default:
		c.Owner = owner
	}
}

func (c *DoubleClose) guardLocal(m *Model) {
	for _, n := range m.stores {
		var names []ast.Expr
		var decl ast.Stmt
		switch n := n.(type) {
		case *ast.AssignStmt:
			names, decl = n.Lhs, n
		case *ast.ValueSpec:
			if cur, ok := m.root.FindNode(n); ok {
				if d, ok := cur.Parent().Parent().Node().(*ast.DeclStmt); ok {
					decl = d
				}
			}
			for _, id := range n.Names {
				names = append(names, id)
			}
		}
		for _, name := range names {
			if id, ok := name.(*ast.Ident); ok && decl != nil && m.Pkg.Info.Defs.Of(id) == c.Obj {
				c.Decl = decl
			}
		}
	}
	if c.Decl == nil {
		c.Withheld = "the function is handed the channel"
		return
	}
	if cur, ok := m.root.FindNode(c.Decl); ok {
		if list, _ := siblings(cur); list[0] == nil || m.Assigned(c.Obj) {
			c.Withheld = "the variable holds more than one channel"
		}
	}
}
