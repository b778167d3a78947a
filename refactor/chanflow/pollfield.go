package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A PollField is a polled field that one statement of the package writes, in
// whichever function: the struct can have a channel beside it, which is closed
// behind the write and made wherever a value of the type is.
type PollField struct {
	Owner  *types.TypeName
	Struct *ast.StructType
	Lits   []*ast.CompositeLit // that make the values of the type
	Base   ast.Expr            // the value whose field is written
	Once   bool                // the write runs once at most for each value
}

// fieldWriter finds the one statement of the package that ends the loop by
// writing a field. The loop ends for a value when the field of just that value
// is written, whoever does it.
func (l *pollLoop) fieldWriter() bool {
	read := l.Ref(l.Read)
	v, _ := read.Obj.(*types.Var)
	base, _ := read.Base.(*types.Var)
	if v == nil || !v.IsField() || v.Exported() || read.Elem || !l.direct(l.Read) || base == nil || base.IsField() ||
		base.Parent() == l.Pkg.Types.Scope() || l.Assigned(base) {
		return false // the loop may look at one value after the other
	}
	if _, ident := ast.Unparen(ast.Unparen(l.Read).(*ast.SelectorExpr).X).(*ast.Ident); !ident {
		return false
	}
	initial := zero(v.Type())
	if initial == nil || !l.stays(initial) {
		return false
	}
	f := &PollField{}
	if f.Owner, f.Struct = l.structOf(v); f.Owner == nil {
		return false
	}
	var write inspector.Cursor
	var target ast.Expr
	writes := 0
	for _, cur := range l.references(v) {
		switch how, at := l.access(cur); how {
		case lost:
			return false
		case written:
			writes++
			write, target = at, operandAt(cur)
		}
	}
	if writes != 1 || within(l.Loop, write.Node()) {
		return false
	}
	value := l.value(write.Node(), initial)
	sel, ok := target.(*ast.SelectorExpr)
	if !ok || value == nil || l.stays(value) {
		return false
	}
	l.Var, l.Write, l.Field, l.Spawn = v, stmtOf(write), f, nil
	f.Base = sel.X
	made, why := l.makers(f)
	if len(f.Lits) == 0 {
		return false // they are made out of sight
	}
	_, ident := ast.Unparen(sel.X).(*ast.Ident)
	switch {
	case !made:
		l.Withheld = why
	case !ident || !l.direct(target):
		l.Withheld = "the field is written through another value"
	case !l.whole(write.Node()):
		l.Withheld = "the write is part of a larger statement"
	default:
		f.Once = l.once(f, write)
		l.tell(l.FuncOf(l.Write.Pos()).Body)
	}
	return true
}

// direct reports whether an expression selects a field of the value itself,
// not of one that is embedded in it.
func (l *pollLoop) direct(e ast.Expr) bool {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	s := l.Pkg.Info.Selections.Of(sel)
	return s != nil && s.Kind() == types.FieldVal && len(s.Index()) == 1
}

// structOf returns the type of the package that declares the field.
func (m *Model) structOf(v *types.Var) (*types.TypeName, *ast.StructType) {
	cur, ok := m.root.FindByPos(v.Pos(), v.Pos())
	if !ok {
		return nil, nil
	}
	for c := range cur.Enclosing((*ast.StructType)(nil)) {
		spec, ok := c.Parent().Node().(*ast.TypeSpec)
		if !ok || spec.TypeParams != nil || spec.Assign.IsValid() {
			return nil, nil
		}
		name, _ := m.Pkg.Info.Defs.Of(spec.Name).(*types.TypeName)
		if name == nil || name.Parent() != m.Pkg.Types.Scope() {
			return nil, nil
		}
		return name, c.Node().(*ast.StructType)
	}
	return nil, nil
}

// makers collects the literals that make values of the type, and reports
// whether there is no other way to have one, or why.
func (l *pollLoop) makers(f *PollField) (all bool, why string) {
	all = true
	if f.Owner.Exported() && !l.Closed() {
		all, why = false, "values of "+f.Owner.Name()+" may be made elsewhere"
	}
	for cur := range l.root.Preorder((*ast.Ident)(nil)) {
		if l.Pkg.Info.Uses.Of(cur.Node().(*ast.Ident)) != types.Object(f.Owner) {
			continue
		}
		switch k, _ := cur.ParentEdge(); k {
		case edge.CompositeLit_Type:
			lit := cur.Parent().Node().(*ast.CompositeLit)
			f.Lits = append(f.Lits, lit)
			if len(lit.Elts) > 0 {
				if _, keyed := lit.Elts[0].(*ast.KeyValueExpr); !keyed {
					all, why = false, "a value of "+f.Owner.Name()+" is made without names of fields"
				}
			}
		case edge.StarExpr_X:
		default:
			all, why = false, "not every value of "+f.Owner.Name()+" is made by a literal"
		}
	}
	for cur := range l.root.Preorder((*ast.CompositeLit)(nil), (*ast.StarExpr)(nil)) {
		n := cur.Node().(ast.Expr)
		tv := l.Pkg.Info.Types.Of(n)
		if !tv.IsValue() || !types.Identical(tv.Type, f.Owner.Type()) && !types.Identical(tv.Type, types.NewPointer(f.Owner.Type())) {
			continue
		}
		lit, ok := n.(*ast.CompositeLit)
		if u, is := cur.Parent().Node().(*ast.UnaryExpr); ok && lit.Type != nil && is && u.Op == token.AND {
			continue
		}
		if types.Identical(tv.Type, f.Owner.Type()) || ok {
			all, why = false, "a value of "+f.Owner.Name()+" may be copied"
		}
	}
	return all, why
}

// once reports whether the write runs once at most for each value: outside of
// loops, on a goroutine that is started once where the value is made, and that
// nothing else runs.
func (l *pollLoop) once(f *PollField, write inspector.Cursor) bool {
	w := l.FuncOf(write.Node().Pos())
	if l.loopOf(write) != nil || len(f.Lits) != 1 {
		return false
	}
	for _, sp := range l.Spawns {
		if sp.Body != w || sp.Loop() != nil || sp.Fn != l.FuncOf(f.Lits[0].Pos()) {
			continue
		}
		if lit, ok := l.root.FindNode(f.Lits[0]); !ok || l.loopOf(lit) != nil {
			return false
		}
		if sp.Lit() != nil {
			return true
		}
		calls, all := l.Callers(w)
		return all && len(calls) == 1 && !token.IsExported(w.Decl.Name.Name)
	}
	return false
}
