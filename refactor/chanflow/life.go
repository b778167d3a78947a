package chanflow

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
)

// A Life is all that the package shows of the channels that a variable,
// parameter or field may hold: where they are made, where else they go and
// what is done with them there.
type Life struct {
	Obj types.Object

	// Elems is set if Obj holds several channels, in a slice, array or map:
	// what is done with its elements counts, but not where these go.
	Elems bool

	Makes                []*Op
	Inits                []*ast.CallExpr // makes outside of functions
	Chans                []*Chan         // those of Makes that can be followed
	Names                []types.Object  // Obj first
	Sends, Recvs, Closes []*Op           // in source order

	Unknown []ast.Node   // uses that cannot be followed
	Exposed *Func        // a function that returns it to other packages, or nil
	Visible types.Object // an exported variable or field that holds it, or nil
	Inlet   *Func        // a function whose unknown callers bring their own channels, or nil
	From    []ast.Expr   // what else is stored in Obj
}

// Hidden reports whether something may happen to the channel out of sight.
func (l *Life) Hidden() bool {
	return len(l.Unknown) > 0 || l.Exposed != nil || l.Visible != nil || l.Inlet != nil || len(l.From) > 0 || len(l.Makes)+len(l.Inits) == 0 || l.Elems
}

// Life follows the channels that a variable, parameter or field may hold.
func (m *Model) Life(obj types.Object) *Life {
	type key struct{ types.Object }
	return m.Pkg.Memo(key{obj}, func() any { return m.life(obj) }).(*Life)
}

func (m *Model) life(obj types.Object) *Life {
	l := &Life{Obj: obj, Names: []types.Object{obj}, Elems: IsChan(obj.Type()) == nil}
	if l.Elems {
		l.elements(m)
	} else {
		l.follow(m)
	}
	for _, list := range []*[]*Op{&l.Makes, &l.Sends, &l.Recvs, &l.Closes} {
		slices.SortFunc(*list, func(a, b *Op) int { return int(a.Node.Pos() - b.Node.Pos()) })
		*list = slices.Compact(*list)
	}
	slices.SortFunc(l.Unknown, func(a, b ast.Node) int { return int(a.Pos() - b.Pos()) })
	l.Unknown = slices.Compact(l.Unknown)
	l.origin(m)
	return l
}

// elements collects what is done with the elements of a slice, array or map.
func (l *Life) elements(m *Model) {
	for _, op := range m.OpsOn(l.Obj) {
		switch op.Kind {
		case Make:
			l.Makes = append(l.Makes, op)
		case Send:
			l.Sends = append(l.Sends, op)
		case Recv:
			l.Recvs = append(l.Recvs, op)
		case Close:
			l.Closes = append(l.Closes, op)
		}
	}
}

func (l *Life) follow(m *Model) {
	chans, _ := m.chansOf(l.Obj)
	if len(chans) == 0 {
		// Made out of sight, or by somebody whose parameter it is: from here on
		// it can be followed all the same.
		c := &Chan{model: m, passed: make(map[*ast.CallExpr]bool)}
		f := &flow{Chan: c, index: m.uses(), ops: make(map[*Op]bool), returned: make(map[result]bool)}
		f.name(l.Obj)
		f.run()
		l.add(c)
		return
	}
	for _, c := range chans {
		l.Makes = append(l.Makes, c.Make)
		l.Chans = append(l.Chans, c)
		l.add(c)
	}
}

func (l *Life) add(c *Chan) {
	for _, name := range c.Names {
		if !slices.Contains(l.Names, name) {
			l.Names = append(l.Names, name)
		}
	}
	l.Sends = append(l.Sends, c.Sends...)
	l.Recvs = append(l.Recvs, c.Recvs...)
	l.Closes = append(l.Closes, c.Closes...)
	l.Unknown = append(l.Unknown, c.Unknown...)
	if c.Exposed != nil {
		l.Exposed = c.Exposed
	}
	if c.Visible != nil {
		l.Visible = c.Visible
	}
}

// origin finds what else than the makes in sight the variable may hold.
func (l *Life) origin(m *Model) {
	if f := m.FuncOf(l.Obj.Pos()); f != nil && slices.Contains(f.Params(), l.Obj) {
		if !m.known(f) {
			l.Inlet = f
		}
		return
	}
	if cur, ok := m.root.FindByPos(l.Obj.Pos(), l.Obj.Pos()); ok {
		if k, _ := cur.ParentEdge(); k == edge.RangeStmt_Key || k == edge.RangeStmt_Value {
			l.From = append(l.From, cur.Parent().Node().(*ast.RangeStmt).X)
		}
	}
	for _, e := range m.stored()[l.Obj] {
		if call, ok := ast.Unparen(e).(*ast.CallExpr); ok && m.FuncOf(e.Pos()) == nil && m.isMake(call) {
			l.Inits = append(l.Inits, call)
		} else if !l.madeBy(m, e) {
			l.From = append(l.From, e)
		}
	}
}

func (m *Model) isMake(call *ast.CallExpr) bool {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	return ok && m.Pkg.Info.Uses.Of(id) == types.Universe.Lookup("make")
}

// MakeCalls returns the make expressions, in functions and outside.
func (l *Life) MakeCalls() []*ast.CallExpr {
	out := slices.Clone(l.Inits)
	for _, mk := range l.Makes {
		out = append(out, mk.Node.(*ast.CallExpr))
	}
	return out
}

// madeBy reports whether a value that is stored is nil, one of the makes, or
// what another of the names holds.
func (l *Life) madeBy(m *Model, e ast.Expr) bool {
	e = ast.Unparen(e)
	if m.Pkg.Info.Types.Of(e).IsNil() || slices.Contains(l.Names, m.ref(e).Obj) {
		return true
	}
	return l.Elems || slices.ContainsFunc(l.Makes, func(mk *Op) bool { return within(e, mk.Node) })
}

type storedKey struct{}

// stored returns what is stored in variables and fields that hold channels, in
// source order per variable.
func (m *Model) stored() map[types.Object][]ast.Expr {
	return m.Pkg.Memo(storedKey{}, func() any { return renewed(m, (*Model).stored, m.storedIn) }).(map[types.Object][]ast.Expr)
}

func (m *Model) storedIn(d *declaration, store func(types.Object, ast.Expr)) {
	add := func(lhs types.Object, rhs ast.Expr) {
		if v, ok := lhs.(*types.Var); ok && IsChan(v.Type()) != nil {
			store(v, rhs)
		}
	}
	for _, n := range m.stores[d.walked[0].stores:d.walked[1].stores] {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				add(m.ref(lhs).Obj, n.Rhs[min(i, len(n.Rhs)-1)])
			}
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if len(n.Values) > 0 {
					add(m.ref(name).Obj, n.Values[min(i, len(n.Values)-1)])
				}
			}
		case *ast.CompositeLit:
			for field, value := range m.FieldValues(n) {
				add(field, value)
			}
		}
	}
}

// known reports whether all calls of a function are in sight, and so what its
// parameters can hold.
func (m *Model) known(f *Func) bool {
	if f.Obj != nil {
		_, all := m.Callers(f)
		return all && (!f.Obj.Exported() || m.Closed())
	}
	spawns := m.uses().spawns[f]
	if len(f.Type.Params.List) > 0 && slices.ContainsFunc(spawns, func(sp *Spawn) bool { return sp.Kind == Starter }) {
		return false // its arguments are the starter's
	}
	return f.Use == Spawned || len(m.uses().calls[f])+len(spawns) > 0
}

// OwnerOf returns the named struct type of the package that declares a field, or
// nil.
func (m *Model) OwnerOf(field types.Object) *types.TypeName { return m.ownerOf(field) }

// Endless reports whether the loop of a receive by range ends only when the
// channel is closed.
func (o *Op) Endless() bool {
	loop, ok := o.Node.(*ast.RangeStmt)
	if !ok {
		return false
	}
	endless := true
	ast.Inspect(loop.Body, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt, *ast.BranchStmt:
			endless = false
		}
		return endless
	})
	return endless
}
