package chanflow

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

// A Host is the struct type on behalf of which a goroutine runs: its constructor
// or a start method starts it.
type Host struct {
	Start
	Type   *types.TypeName
	Struct *ast.StructType

	Withheld string // why it cannot be given what stops the goroutine, or ""
}

// Host returns the type whose constructor or method starts the goroutine, or nil.
func (e *Endless) Host() *Host {
	sp := e.Spawn
	m := sp.Fn.model
	if sp.Fn.Decl == nil {
		return nil
	}
	h := &Host{}
	var base *types.Var
	if r := sp.Fn.Recv(); r != nil {
		_, h.Type = typeOf(r.Type())
		base = r
		if _, pointer := types.Unalias(r.Type()).(*types.Pointer); !pointer {
			h.Withheld = "the method has a copy of its receiver"
		}
	} else if h.Type, base = m.constructs(sp.Fn); h.Type != nil {
		h.Made = true
		made, _ := m.made(sp.Fn, &TypeForm{Owner: h.Type})
		h.Lit, _ = made.(*ast.CompositeLit)
	}
	if h.Type == nil || !m.Pkg.Declares(h.Type) {
		return nil
	}
	var positional []*ast.CompositeLit
	if h.Struct, positional = m.Layout(h.Type); h.Struct == nil {
		return nil
	}
	h.Base = base.Name()
	h.Inner = e.inner(m, base)
	name := h.Type.Name()
	switch {
	case h.Withheld != "":
	case !h.Made && !starter.MatchString(sp.Fn.Decl.Name.Name):
		h.Withheld = fmt.Sprintf("%s may start the goroutine many times", sp.Fn.Name())
	case m.Assigned(base):
		h.Withheld = fmt.Sprintf("%s is assigned more than once", h.Base)
	case h.Base == "" || h.Base == "_" || h.Inner == "":
		h.Withheld = fmt.Sprintf("the goroutine has no name for its %s", name)
	case len(positional) > 0:
		h.Withheld = fmt.Sprintf("%s is written without field names", name)
	default:
		h.Withheld = cmp.Or(m.ends(h.Type), m.copied(h.Type))
	}
	return h
}

// typeOf returns the named type that t is, or points to, and whether it does.
func typeOf(t types.Type) (pointer bool, tn *types.TypeName) {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		pointer, t = true, p.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok {
		return pointer, n.Origin().Obj()
	}
	return pointer, nil
}

// constructs returns the struct type that a function makes one value of, behind
// a pointer that it returns, and the variable that holds it.
func (m *Model) constructs(f *Func) (*types.TypeName, *types.Var) {
	if f.Type.Results == nil {
		return nil, nil
	}
	for _, field := range f.Type.Results.List {
		pointer, tn := typeOf(m.Pkg.Info.TypeOf(field.Type))
		if !pointer || tn == nil || !m.Pkg.Declares(tn) {
			continue
		}
		if _, v := m.made(f, &TypeForm{Owner: tn}); v != nil {
			if pointer, _ := typeOf(v.Type()); pointer {
				return tn, v
			}
		}
	}
	return nil, nil
}

// inner returns what the goroutine calls a variable of the spawner, or "".
func (e *Endless) inner(m *Model, base *types.Var) string {
	body := e.Spawn.Body
	names := append([]types.Object{base}, body.Params()...)
	if r := body.Recv(); r != nil && r.Name() != "_" {
		names = append(names, r)
	}
	for _, v := range names {
		if v == nil || v.Name() == "" || m.Assigned(v) {
			continue
		}
		ref := e.Spawn.Outside(Ref{Obj: v, Base: v})
		if (v == types.Object(base) && body.Lit != nil || ref.Obj == types.Object(base) && body.Owns(v)) && m.meansAt(v, LoopBody(e.Loop).Pos()) {
			return v.Name()
		}
	}
	return ""
}

// ends names a method of the type that already ends something, or is called
// Stop, as a reason.
func (m *Model) ends(tn *types.TypeName) string {
	for sel := range types.NewMethodSet(types.NewPointer(tn.Type())).Methods() {
		if name := sel.Obj().Name(); stopper.MatchString(name) {
			return fmt.Sprintf("%s has a method %s already, which may be the one to stop it", tn.Name(), name)
		}
	}
	if obj, _, _ := types.LookupFieldOrMethod(tn.Type(), true, m.Pkg.Types, "Stop"); obj != nil {
		return fmt.Sprintf("%s has a field Stop", tn.Name())
	}
	return ""
}

// copied returns why the struct type must not hold a lock, if its values are
// copied in the package.
func (m *Model) copied(tn *types.TypeName) string {
	value := func(t types.Type) bool {
		if t == nil {
			return false
		}
		n, ok := types.Unalias(t).(*types.Named)
		return ok && n.Origin().Obj() == tn
	}
	for _, f := range m.Funcs {
		if r := f.Recv(); r != nil && value(r.Type()) {
			return fmt.Sprintf("%s copies its receiver", f.Name())
		}
	}
	for cur := range m.root.Preorder((*ast.CompositeLit)(nil), (*ast.Ident)(nil), (*ast.SelectorExpr)(nil), (*ast.StarExpr)(nil), (*ast.IndexExpr)(nil), (*ast.CallExpr)(nil)) {
		e := cur.Node().(ast.Expr)
		if tv, ok := m.Pkg.Info.Types.Find(e); ok && tv.IsValue() && value(tv.Type) && !keepsPlace(cur) {
			return fmt.Sprintf("%s is copied", tn.Name())
		}
	}
	return ""
}

// keepsPlace reports whether the value at cur is not copied: it is selected from,
// its address is taken, or it is a literal that a variable begins with.
func keepsPlace(cur inspector.Cursor) bool {
	_, lit := cur.Node().(*ast.CompositeLit)
	switch p := cur.Parent().Node().(type) {
	case *ast.SelectorExpr, *ast.UnaryExpr:
		return true
	case *ast.ParenExpr:
		return keepsPlace(cur.Parent())
	case *ast.AssignStmt, *ast.ValueSpec, *ast.KeyValueExpr:
		return lit
	case *ast.CompositeLit:
		return lit && p != nil
	}
	return false
}
