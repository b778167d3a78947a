package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// directions finds in which direction a channel variable is used, with the
// variables of type chan T that its value goes to.
type directions struct {
	*slotIndex
	vars []*types.Var
	seen map[*types.Var]bool
	need ast.ChanDir
	both bool // or it cannot be told
}

func (w *directions) add(v *types.Var) {
	if !w.seen[v] {
		w.seen[v] = true
		w.vars = append(w.vars, v)
	}
}

func (w *directions) uses(v *types.Var) {
	for _, cur := range w.usesOf(v) {
		w.use(cur, 0)
	}
	if s := w.byVar[v]; s != nil && s.result {
		f := w.frames[s.fn]
		i := 0
		for f.Obj.Signature().Results().At(i) != v {
			i++
		}
		for _, cur := range w.calls[f.Obj] {
			w.use(cur, i)
		}
	}
}

// use notes what becomes of the value of an expression, or of the result with
// that index if it is a call of several.
func (w *directions) use(cur inspector.Cursor, result int) {
	k, i := cur.ParentEdge()
	info := w.Pkg.Info
	if t, ok := info.TypeOf(cur.Node().(ast.Expr)).(*types.Tuple); !ok || t.Len() < 2 {
		result = 0
	}
	switch p := cur.Parent().Node().(type) {
	case *ast.ParenExpr:
		w.use(cur.Parent(), result)
	case *ast.SendStmt:
		if k == edge.SendStmt_Chan {
			w.need |= ast.SEND
		} else if c := IsChan(info.TypeOf(p.Chan)); c != nil {
			w.flow(c.Elem(), nil)
		}
	case *ast.UnaryExpr:
		w.need |= ast.RECV
		w.both = w.both || p.Op != token.ARROW
	case *ast.RangeStmt:
		if k == edge.RangeStmt_X {
			w.need |= ast.RECV
		}
	case *ast.BinaryExpr:
		w.both = w.both || !info.Types.Of(p.X).IsNil() && !info.Types.Of(p.Y).IsNil()
	case *ast.ExprStmt, *ast.GoStmt, *ast.DeferStmt:
		// a call of which the result is dropped
	case *ast.CallExpr:
		w.argument(p, k, i)
	case *ast.AssignStmt:
		switch {
		case k == edge.AssignStmt_Lhs:
		case len(p.Lhs) == len(p.Rhs):
			w.store(p.Lhs[i], p.Tok == token.DEFINE)
		default:
			w.store(p.Lhs[result], p.Tok == token.DEFINE)
		}
	case *ast.ValueSpec:
		at := i
		if len(p.Names) != len(p.Values) {
			at = result
		}
		w.store(p.Names[at], p.Type == nil)
	case *ast.KeyValueExpr, *ast.CompositeLit:
		w.element(cur)
	case *ast.ReturnStmt:
		w.returned(cur, p, i)
	default:
		w.both = true
	}
}

// flow notes that the value goes to a place of type t, which is the variable if
// that is known.
func (w *directions) flow(t types.Type, to *types.Var) {
	if t == nil {
		w.both = true // it is ill-typed
		return
	}
	c, ok := t.Underlying().(*types.Chan)
	switch {
	case !ok:
		w.both = true // an interface: whoever looks sees the type
	case c.Dir() == types.SendOnly:
		w.need |= ast.SEND
	case c.Dir() == types.RecvOnly:
		w.need |= ast.RECV
	case to == nil || w.byVar[to] == nil || w.byVar[to].fn != nil && w.signature(w.byVar[to].fn) != "":
		w.both = true
	default:
		w.add(to)
	}
}

// store notes that the value is assigned. A variable whose type is inferred
// from it is narrowed with it.
func (w *directions) store(lhs ast.Expr, infers bool) {
	id, ok := ast.Unparen(lhs).(*ast.Ident)
	if ok && id.Name == "_" {
		return
	}
	if ok && infers {
		if v, ok := w.Pkg.Info.Defs.Of(id).(*types.Var); ok {
			if v.Parent() == w.Pkg.Types.Scope() {
				w.both = true
			}
			w.add(v)
			return
		}
	}
	to, _ := w.ref(lhs).Obj.(*types.Var)
	if r := w.ref(lhs); r.Elem {
		to = nil
	}
	w.flow(w.Pkg.Info.TypeOf(lhs), to)
}

func (w *directions) argument(call *ast.CallExpr, k edge.Kind, i int) {
	info := w.Pkg.Info
	if k != edge.CallExpr_Args {
		w.both = true
		return
	}
	if info.Types.Of(call.Fun).IsType() {
		w.flow(info.TypeOf(call), nil)
		return
	}
	if id, ok := ast.Unparen(call.Fun).(*ast.Ident); ok {
		if b, ok := info.Uses.Of(id).(*types.Builtin); ok {
			switch b.Name() {
			case "close":
				w.need |= ast.SEND
			case "len", "cap":
			default:
				w.both = true
			}
			return
		}
	}
	t := info.TypeOf(call.Fun)
	if t == nil {
		w.both = true // a type error
		return
	}
	sig, ok := t.Underlying().(*types.Signature)
	if !ok || sig.Params().Len() != len(call.Args) && !sig.Variadic() {
		w.both = true
		return
	}
	if sig.Variadic() && i >= sig.Params().Len()-1 {
		if s, ok := sig.Params().At(sig.Params().Len() - 1).Type().(*types.Slice); ok {
			w.flow(s.Elem(), nil)
		} else {
			w.both = true
		}
		return
	}
	var to *types.Var
	if lit, ok := ast.Unparen(call.Fun).(*ast.FuncLit); ok {
		to = w.param(lit.Type, i)
	} else if callee := w.Callee(call); callee != nil && (callee.Obj == nil || w.Static(call) != nil && callee.Obj.Signature().Params().Len() == len(call.Args)) {
		to = w.param(callee.Type, i)
	}
	w.flow(sig.Params().At(i).Type(), to)
}

// param returns the parameter with an index, or nil.
func (w *directions) param(typ *ast.FuncType, i int) *types.Var {
	for _, field := range typ.Params.List {
		if i < len(field.Names) {
			v, _ := w.Pkg.Info.Defs.Of(field.Names[i]).(*types.Var)
			return v
		}
		i -= max(1, len(field.Names))
		if i < 0 {
			return nil
		}
	}
	return nil
}

// element notes that the value goes into a composite literal.
func (w *directions) element(cur inspector.Cursor) {
	k, i := cur.ParentEdge()
	if k == edge.KeyValueExpr_Key {
		w.both = true
		return
	}
	lit := cur.Parent()
	kv, keyed := lit.Node().(*ast.KeyValueExpr)
	if keyed {
		lit = lit.Parent()
	}
	t := w.Pkg.Info.TypeOf(lit.Node().(ast.Expr))
	if st := structOfType(t); st != nil {
		var field *types.Var
		if keyed {
			field, _ = w.Pkg.Info.Uses.Of(kv.Key.(*ast.Ident)).(*types.Var)
		} else if i < st.NumFields() {
			field = st.Field(i)
		}
		if w.both = w.both || field == nil; field != nil {
			w.flow(field.Type(), field.Origin())
		}
		return
	}
	switch u := t.Underlying().(type) {
	case *types.Slice:
		w.flow(u.Elem(), nil)
	case *types.Array:
		w.flow(u.Elem(), nil)
	case *types.Map:
		w.flow(u.Elem(), nil)
	default:
		w.both = true
	}
}

// returned notes that the value is the result of the function around it.
func (w *directions) returned(cur inspector.Cursor, ret *ast.ReturnStmt, i int) {
	for c := range cur.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		var sig *types.Signature
		decl, declared := c.Node().(*ast.FuncDecl)
		if declared {
			if f, ok := w.Pkg.Info.Defs.Of(decl.Name).(*types.Func); ok {
				sig = f.Signature()
			}
		} else {
			sig, _ = w.Pkg.Info.TypeOf(c.Node().(*ast.FuncLit)).(*types.Signature)
		}
		if sig == nil || sig.Results().Len() != len(ret.Results) {
			break // the results of a call
		}
		var to *types.Var
		if declared {
			to = sig.Results().At(i)
		}
		w.flow(sig.Results().At(i).Type(), to)
		return
	}
	w.both = true
}
