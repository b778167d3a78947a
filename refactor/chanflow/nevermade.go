package chanflow

import (
	"bytes"
	"go/ast"
	"go/types"
	"slices"
)

// A NeverMade is a variable or field for a channel that is nil for ever: nothing
// is ever stored in it, but something is done with it that cannot end well.
type NeverMade struct {
	Obj  *types.Var
	Op   *Op            // the first bare operation
	Decl ast.Node       // what declares it: an *ast.DeclStmt, the *ast.ValueSpec of a package variable, or an *ast.Field
	Spec *ast.ValueSpec // of a variable

	Lit      *ast.CompositeLit // of a field: the one place that makes its struct
	Withheld string            // why it is not known where to make the channel, or ""
}

// NeverMade returns the channel variables and fields that are nil for ever, in
// the order of their first bare operation. The case of a select that is to stay
// shut is no such operation, and neither is the one receive that is to block.
func (m *Model) NeverMade() []*NeverMade {
	var out []*NeverMade
	for obj, ops := range m.ops {
		v, ok := obj.(*types.Var)
		if !ok || IsChan(v.Type()) == nil || !m.Pkg.Declares(v) || len(m.stored()[v]) > 0 {
			continue
		}
		n := &NeverMade{Obj: v}
		receives := true
		for _, op := range ops {
			if op.Kind == Send || op.Kind == Close {
				receives = false
			}
			if op.Ref.Elem || op.Kind != Close && !op.Bare() {
				continue
			}
			if n.Op == nil || op.Node.Pos() < n.Op.Node.Pos() {
				n.Op = op
			}
		}
		if n.Op == nil || !n.declared(m) || receives && !v.IsField() || n.mayBeSet(m) {
			continue
		}
		if v.IsField() {
			n.maker(m)
		}
		n.other(m)
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b *NeverMade) int { return int(a.Op.Node.Pos() - b.Op.Node.Pos()) })
	return out
}

// declared finds the declaration, which gives the variable no value.
func (n *NeverMade) declared(m *Model) bool {
	if n.Obj.IsField() {
		owner := m.ownerOf(n.Obj)
		if owner == nil {
			return false
		}
		st := m.structSyntax(owner)
		if st == nil {
			return false
		}
		for _, f := range st.Fields.List {
			for _, id := range f.Names {
				if m.Pkg.Info.Defs.Of(id) == n.Obj {
					n.Decl = f
				}
			}
		}
		return n.Decl != nil
	}
	for _, st := range m.stores {
		spec, ok := st.(*ast.ValueSpec)
		if !ok || len(spec.Values) > 0 || !slices.ContainsFunc(spec.Names, func(id *ast.Ident) bool { return m.Pkg.Info.Defs.Of(id) == n.Obj }) {
			continue
		}
		cur, ok := m.root.FindNode(spec)
		if !ok {
			return false
		}
		n.Spec, n.Decl = spec, spec
		if decl, ok := cur.Parent().Parent().Node().(*ast.DeclStmt); ok {
			n.Decl = decl
		}
		return true
	}
	return false
}

// mayBeSet reports whether something may be stored in the variable out of sight,
// or the code knows that it may be nil.
func (n *NeverMade) mayBeSet(m *Model) bool {
	if n.Obj.Exported() && !m.Closed() && (n.Obj.IsField() || n.Obj.Parent() == m.Pkg.Types.Scope()) || m.Assigned(n.Obj) || m.comparedToNil(n.Obj) {
		return true
	}
	if n.Obj.IsField() && m.converted(m.ownerOf(n.Obj)) {
		return true
	}
	if m.Pkg.Excluded != nil && !local(n.Obj, m.Pkg.Types) {
		for _, src := range m.Pkg.Excluded() {
			if bytes.Contains(src, []byte(n.Obj.Name())) {
				return true
			}
		}
	}
	return false
}

// converted reports whether values of the struct type come from another type.
func (m *Model) converted(tn *types.TypeName) bool {
	for cur := range m.root.Preorder((*ast.CallExpr)(nil)) {
		call := cur.Node().(*ast.CallExpr)
		if len(call.Args) != 1 || !m.Pkg.Info.Types.Of(call.Fun).IsType() {
			continue
		}
		t := m.Pkg.Info.TypeOf(call)
		if t == nil {
			continue // a type error
		}
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		if n, ok := types.Unalias(t).(*types.Named); ok && n.Origin().Obj() == tn && !m.Pkg.Info.Types.Of(call.Args[0]).IsNil() {
			return true
		}
	}
	return false
}

// other withholds the making where nobody is at the other end of the channel: the
// operation would block all the same.
func (n *NeverMade) other(m *Model) {
	l := m.Life(n.Obj)
	switch {
	case n.Withheld != "" || len(l.Unknown) > 0 || l.Exposed != nil || l.Visible != nil:
	case n.Op.Kind == Recv && len(l.Sends)+len(l.Closes) == 0:
		n.Withheld = "nobody sends on it or closes it"
	case n.Op.Kind == Send && len(l.Recvs) == 0:
		n.Withheld = "nobody receives from it"
	}
}

// maker finds the one literal that makes the struct of a field.
func (n *NeverMade) maker(m *Model) {
	tn := m.ownerOf(n.Obj)
	is := func(e ast.Expr) bool {
		t := m.Pkg.Info.TypeOf(e)
		if t == nil {
			return false
		}
		named, ok := types.Unalias(t).(*types.Named)
		return ok && named.Origin().Obj() == tn
	}
	var lits []*ast.CompositeLit
	others := m.byValue(tn)
	for cur := range m.root.Preorder((*ast.CompositeLit)(nil), (*ast.CallExpr)(nil)) {
		switch x := cur.Node().(type) {
		case *ast.CompositeLit:
			if is(x) {
				lits = append(lits, x)
			}
		case *ast.CallExpr:
			if id, ok := x.Fun.(*ast.Ident); ok && id.Name == "new" && len(x.Args) == 1 && is(x.Args[0]) {
				others = true
			}
		}
	}
	if len(lits) == 1 && !others {
		n.Lit = lits[0]
	} else {
		n.Withheld = "it is not clear where " + tn.Name() + " gets its channels"
	}
}
