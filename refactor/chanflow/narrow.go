package chanflow

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A Narrowing is a parameter, result or field of type chan T that the package
// uses in one direction only.
type Narrowing struct {
	Var    *types.Var
	At     ast.Node    // its name, or the type of a result without one
	Dir    ast.ChanDir // what is left of it: ast.SEND, of a close too, or ast.RECV
	Result *Func       // the function whose result it is, or nil

	// Slots are what has to be narrowed for it: itself and the variables of
	// type chan T that it goes to. Their own uses ask for no other direction.
	Slots []ChanSlot

	Withheld string // why its type must stay, or ""
}

// A ChanSlot is the declaration of a variable of type chan T.
type ChanSlot struct {
	Var   *types.Var
	Names []*ast.Ident  // that the declaration lists; empty for a nameless result
	Name  int           // index of its own
	Type  *ast.ChanType // of all of them

	at     ast.Node
	fn     ast.Node // *ast.FuncDecl or *ast.FuncLit of a parameter or result
	result bool
}

// Narrowings returns the parameters of functions, the results of declared
// functions and the unexported fields of declared structs that could be of a
// directional channel type, in source order.
func (m *Model) Narrowings() []*Narrowing {
	type key struct{}
	return m.Pkg.Memo(key{}, func() any {
		x := m.chanSlots()
		var out []*Narrowing
		for _, s := range x.list {
			if s.fn == nil && !s.Var.IsField() {
				continue // a local variable
			}
			if n := x.narrowing(s); n != nil {
				out = append(out, n)
			}
		}
		return out
	}).([]*Narrowing)
}

// slotIndex knows all declarations of variables of type chan T.
type slotIndex struct {
	*Model
	list  []*ChanSlot
	byVar map[*types.Var]*ChanSlot
	calls map[*types.Func][]inspector.Cursor
	free  map[ast.Node]string // why the signature of a function must stay, or ""
}

func (m *Model) chanSlots() *slotIndex {
	x := &slotIndex{Model: m, byVar: make(map[*types.Var]*ChanSlot), calls: make(map[*types.Func][]inspector.Cursor), free: make(map[ast.Node]string)}
	for cur := range m.root.Preorder((*ast.FuncDecl)(nil), (*ast.FuncLit)(nil), (*ast.TypeSpec)(nil), (*ast.ValueSpec)(nil), (*ast.CallExpr)(nil)) {
		switch n := cur.Node().(type) {
		case *ast.FuncDecl:
			if n.Body == nil {
				continue
			}
			x.fields(n.Type.Params, n, false, nil)
			if f, ok := m.Pkg.Info.Defs.Of(n.Name).(*types.Func); ok {
				x.fields(n.Type.Results, n, true, f.Signature().Results())
			}
		case *ast.FuncLit:
			x.fields(n.Type.Params, n, false, nil)
		case *ast.TypeSpec:
			if st, ok := n.Type.(*ast.StructType); ok {
				for _, field := range st.Fields.List {
					if len(field.Names) == 1 && !field.Names[0].IsExported() {
						x.add(field.Names, 0, field.Type, nil, nil, false)
					}
				}
			}
		case *ast.ValueSpec:
			if len(n.Names) == 1 && m.FuncOf(n.Pos()) != nil {
				x.add(n.Names, 0, n.Type, nil, nil, false)
			}
		case *ast.CallExpr:
			if f := m.Static(n); f != nil && m.Pkg.Declares(f) {
				x.calls[f.Origin()] = append(x.calls[f.Origin()], cur)
			}
		}
	}
	return x
}

// fields adds the parameters or results of a function.
func (x *slotIndex) fields(list *ast.FieldList, fn ast.Node, result bool, vars *types.Tuple) {
	if list == nil {
		return
	}
	i := 0
	for _, field := range list.List {
		if len(field.Names) == 0 && vars != nil {
			x.add(nil, 0, field.Type, fn, vars.At(i), result)
		}
		for j := range field.Names {
			x.add(field.Names, j, field.Type, fn, nil, result)
		}
		i += max(1, len(field.Names))
	}
}

func (x *slotIndex) add(names []*ast.Ident, i int, typ ast.Expr, fn ast.Node, v *types.Var, result bool) {
	if typ == nil {
		return
	}
	ct, ok := ast.Unparen(typ).(*ast.ChanType)
	if !ok || ct.Dir != ast.SEND|ast.RECV {
		return
	}
	s := &ChanSlot{Var: v, Names: names, Name: i, Type: ct, at: ct, fn: fn, result: result}
	if len(names) > 0 {
		s.at = names[i]
		s.Var, _ = x.Pkg.Info.Defs.Of(names[i]).(*types.Var)
	}
	if f := x.Pkg.FileOf(ct.Pos()); s.Var == nil || s.Var.Name() == "_" || f == nil || f.ReadOnly != "" {
		return
	}
	x.list = append(x.list, s)
	x.byVar[s.Var] = s
}

// narrowing returns how the variable can be narrowed, or nil.
func (x *slotIndex) narrowing(s *ChanSlot) *Narrowing {
	w := &directions{slotIndex: x, seen: make(map[*types.Var]bool)}
	w.add(s.Var)
	for i := 0; i < len(w.vars) && !w.both; i++ {
		w.uses(w.vars[i])
	}
	if w.both || w.need != ast.SEND && w.need != ast.RECV {
		return nil
	}
	n := &Narrowing{Var: s.Var, At: s.at, Dir: w.need}
	for _, v := range w.vars {
		slot := x.byVar[v]
		if slot == nil {
			continue // its type is inferred
		}
		n.Slots = append(n.Slots, *slot)
		for _, e := range x.stored()[v] {
			if call, ok := ast.Unparen(e).(*ast.CallExpr); ok && x.isMake(call) {
				return nil // the other end must be here as well
			}
		}
	}
	if s.fn != nil {
		if n.Withheld = x.signature(s.fn); n.Withheld == otherwise {
			return nil
		}
	}
	if s.result {
		n.Result = x.frames[s.fn]
		if len(x.calls[n.Result.Obj]) == 0 {
			return nil
		}
	}
	return n
}

// otherwise says that a literal is used for more than to be called.
const otherwise = "the function is used as a value: its type must not change"

// signature returns why the type of a function must not change, or "".
func (x *slotIndex) signature(fn ast.Node) string {
	reason, ok := x.free[fn]
	if !ok {
		reason = x.findSignature(fn)
		x.free[fn] = reason
	}
	return reason
}

func (x *slotIndex) findSignature(fn ast.Node) string {
	switch fn := fn.(type) {
	case *ast.FuncLit:
		if !x.onlyCalled(fn) {
			return otherwise
		}
	case *ast.FuncDecl:
		f := x.frames[fn]
		if f == nil || f.Obj == nil {
			return otherwise
		}
		method := f.Obj.Signature().Recv() != nil
		_, all := x.Callers(f)
		switch {
		case f.Obj.Exported() && method:
			return fmt.Sprintf("%s is exported: an interface elsewhere may ask for it as it is", f.Name())
		case f.Obj.Exported() && !x.Closed():
			return fmt.Sprintf("%s is exported: its signature must not change", f.Name())
		case !all && method && x.inInterface(f.Obj.Name()):
			return fmt.Sprintf("an interface asks for %s as it is", f.Name())
		case !all:
			return fmt.Sprintf("%s is used as a value: its signature must not change", f.Name())
		}
	}
	return ""
}

// onlyCalled reports whether a literal is called where it stands, or is what a
// variable always holds that is used for nothing but calls.
func (x *slotIndex) onlyCalled(lit *ast.FuncLit) bool {
	cur := x.cursor(lit)
	for {
		if _, ok := cur.Parent().Node().(*ast.ParenExpr); !ok {
			break
		}
		cur = cur.Parent()
	}
	k, i := cur.ParentEdge()
	if k == edge.CallExpr_Fun {
		return true
	}
	as, ok := cur.Parent().Node().(*ast.AssignStmt)
	if !ok || k != edge.AssignStmt_Rhs || as.Tok != token.DEFINE || len(as.Lhs) != len(as.Rhs) {
		return false
	}
	obj := x.Pkg.Info.Defs.Of(as.Lhs[i].(*ast.Ident))
	if obj == nil || x.Assigned(obj) {
		return false
	}
	for c := range x.within(obj, (*ast.Ident)(nil)) {
		if id := c.Node().(*ast.Ident); x.Pkg.Info.Uses.Of(id) == obj {
			if k, _ := c.ParentEdge(); k != edge.CallExpr_Fun {
				return false
			}
		}
	}
	return true
}
