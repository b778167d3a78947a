package chanflow

import (
	"go/ast"
	"go/token"

	"golang.org/x/tools/go/cfg"
)

// A graph is the control flow of a frame as far as channels are concerned:
// points, and which of them may follow which.
type graph struct {
	fn     *Func
	points []*point
	entry  *point
	gotos  bool // the frame has a goto, which loops cannot tell
}

// A point is a place of a frame that is passed as a whole.
type point struct {
	node   ast.Node
	ops    []*Op // not the deferred ones
	spawns []*Spawn
	choice *ast.CommClause // the point is the choice of this case of a select
	exit   bool            // the frame returns here
	next   []*point
}

// graph returns the control flow of f.
func (f *Func) graph() *graph {
	type key struct{ f *Func }
	return f.model.Pkg.Memo(key{f}, func() any { return f.buildGraph() }).(*graph)
}

func (f *Func) buildGraph() *graph {
	m := f.model
	g := &graph{fn: f}
	leaves := make(map[ast.Node]bool)
	comm := make(map[ast.Node]*ast.CommClause) // operations of cases
	received := make(map[ast.Stmt]*Op)         // by range loop
	for _, op := range f.Ops {
		switch {
		case op.Kind == Exit && op.Exit != Return && op.Exit != MayGoexit:
			leaves[op.Node] = true
		case op.Kind == Call && op.Callee != nil && op.Callee.neverReturns():
			leaves[op.Node] = true
		case op.Kind == Recv && op.Range:
			received[op.Node.(*ast.RangeStmt)] = op
		}
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CommClause:
			if n.Comm != nil {
				comm[n.Comm] = n
			}
		case *ast.BranchStmt:
			g.gotos = g.gotos || n.Tok == token.GOTO
		}
		return true
	})
	c := cfg.New(f.Body, func(call *ast.CallExpr) bool { return !leaves[call] })
	first := make(map[*cfg.Block]*point)
	last := make(map[*cfg.Block]*point)
	for _, b := range c.Blocks {
		if !b.Live {
			continue
		}
		add := func(s *point) {
			if last[b] == nil {
				first[b] = s
			} else {
				last[b].next = append(last[b].next, s)
			}
			last[b] = s
			g.points = append(g.points, s)
		}
		add(new(point)) // the head: every block has a point
		switch b.Kind {
		case cfg.KindSelectCaseBody:
			clause := b.Stmt.(*ast.CommClause)
			s := &point{node: clause.Comm, choice: clause}
			for op := range f.Within(clause.Comm.Pos(), clause.Comm.End()) {
				s.ops = append(s.ops, op)
			}
			add(s)
		case cfg.KindSelectAfterCase:
			if d := m.defaultAfter(b.Stmt); d != nil {
				add(&point{node: d, choice: d})
			}
		case cfg.KindRangeBody:
			if op := received[b.Stmt]; op != nil {
				add(&point{node: b.Stmt, ops: []*Op{op}})
			}
		}
		for _, n := range b.Nodes {
			if comm[n] != nil {
				continue // at the choice of the case
			}
			s := &point{node: n}
			if n.Pos().IsValid() && int(n.End()) <= f.File.Tok.Base()+f.File.Tok.Size() {
				g.fill(s)
			}
			add(s)
		}
		last[b].exit = b.Return() != nil
	}
	for _, b := range c.Blocks {
		for _, s := range b.Succs {
			if b.Live && s.Live {
				last[b].next = append(last[b].next, first[s])
			}
		}
	}
	g.entry = first[c.Blocks[0]]
	return g
}

func (g *graph) fill(s *point) {
	for op := range g.fn.Within(s.node.Pos(), s.node.End()) {
		if !op.Deferred && !(op.Range && op.Kind == Recv) {
			s.ops = append(s.ops, op)
		}
	}
	for _, sp := range g.fn.Spawns {
		if s.node.Pos() <= sp.Stmt.Pos() && sp.Stmt.End() <= s.node.End() {
			s.spawns = append(s.spawns, sp)
		}
	}
}

// defaultAfter returns the default clause of the select whose last case is
// given, or nil.
func (m *Model) defaultAfter(clause ast.Stmt) *ast.CommClause {
	cur, ok := m.root.FindNode(clause)
	if !ok {
		return nil
	}
	var def, last *ast.CommClause
	for _, c := range cur.Parent().Node().(*ast.BlockStmt).List {
		if c := c.(*ast.CommClause); c.Comm == nil {
			def = c
		} else {
			last = c
		}
	}
	if last != clause {
		return nil
	}
	return def
}

// at returns the point in which the frame passes the node, or nil.
func (g *graph) at(n ast.Node) *point {
	var best *point
	for _, s := range g.points {
		if s.node == nil || s.exit && s.node.End() > g.fn.Body.End() {
			continue
		}
		if covers(s.node, n.Pos()) && (best == nil || size(s.node) < size(best.node)) {
			best = s
		}
	}
	return best
}

func size(n ast.Node) token.Pos { return n.End() - n.Pos() }

func covers(n ast.Node, pos token.Pos) bool { return n.Pos() <= pos && pos < n.End() }

// leads reports whether some path from the point, which itself does not count,
// leads to a point that stop accepts without passing one that pass rejects.
func (s *point) leads(pass, stop func(*point) bool) *point {
	seen := make(map[*point]bool)
	var found *point
	var visit func(*point)
	visit = func(s *point) {
		for _, n := range s.next {
			if found != nil || seen[n] {
				continue
			}
			seen[n] = true
			if !pass(n) {
				continue
			}
			if stop(n) {
				found = n
				return
			}
			visit(n)
		}
	}
	visit(s)
	return found
}
