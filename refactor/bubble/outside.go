package bubble

import (
	"go/ast"
	"go/types"
)

// shared reports whether a value of the type may hold what goroutines inside
// and outside of a bubble would meet at, or what the code behind is not known:
// channels, groups, conditions, timers, pools, functions, interfaces, times.
// Locks are not among it: who holds one goes on whatever the bubble does.
func shared(t types.Type) bool { return holds(t, make(map[types.Type]bool)) }

func holds(t types.Type, seen map[types.Type]bool) bool {
	t = types.Unalias(t)
	if seen[t] || isError(t) {
		return false
	}
	seen[t] = true
	if n, ok := t.(*types.Named); ok && n.Obj().Pkg() != nil {
		switch n.Obj().Pkg().Path() + "." + n.Obj().Name() {
		case "sync.WaitGroup", "sync.Cond", "sync.Pool", "sync.Map", "time.Time", "sync/atomic.Value", "sync/atomic.Pointer":
			return true
		case "sync.Mutex", "sync.RWMutex", "sync.Once", "time.Location", "regexp.Regexp", "strings.Replacer", "math/big.Int":
			return false
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Kind() == types.UnsafePointer
	case *types.Pointer:
		return holds(u.Elem(), seen)
	case *types.Slice:
		return holds(u.Elem(), seen)
	case *types.Array:
		return holds(u.Elem(), seen)
	case *types.Map:
		return holds(u.Key(), seen) || holds(u.Elem(), seen)
	case *types.Struct:
		for f := range u.Fields() {
			if holds(f.Type(), seen) {
				return true
			}
		}
		return false
	}
	return true // channels, functions, interfaces, type parameters
}

// outside looks at a variable that is older than the bubble. One that is never
// assigned again holds what its declaration says, which is looked at like code
// that the test runs.
func (r *reach) outside(v *types.Var) {
	if r.vars[v] {
		return
	}
	r.vars[v] = true
	if !shared(v.Type()) {
		return
	}
	if v.Parent() == r.pkg.Types.Scope() && !r.m.Assigned(v) {
		for _, init := range r.pkg.Info.InitOrder {
			if len(init.Lhs) == 1 && init.Lhs[0] == v && r.constant(init.Rhs) {
				r.walk(init.Rhs)
				return
			}
		}
	}
	r.silent("%s is shared with the outside", v.Name())
}

// constant reports whether a declared value is a function, or a value that
// holds nothing that goroutines meet at.
func (r *reach) constant(e ast.Expr) bool {
	e = ast.Unparen(e)
	t := r.pkg.Info.TypeOf(e)
	if t == nil {
		return false
	}
	switch x := e.(type) {
	case *ast.FuncLit:
		return true
	case *ast.Ident, *ast.SelectorExpr:
		obj := r.pkg.Info.Uses.Of(nameOf(x))
		_, isFunc := obj.(*types.Func)
		return isFunc || obj != nil && obj.Pkg() != nil && !r.pkg.Declares(obj) && usable(obj)
	case *ast.CallExpr:
		if r.pkg.Info.Types.Of(x.Fun).IsType() && len(x.Args) == 1 { // a conversion
			return r.constant(x.Args[0])
		}
	case *ast.UnaryExpr:
		return r.constant(x.X)
	case *ast.CompositeLit:
		for _, elt := range x.Elts {
			if kv, ok := elt.(*ast.KeyValueExpr); ok {
				elt = kv.Value
			}
			if !r.constant(elt) {
				return false
			}
		}
		st, ok := t.Underlying().(*types.Struct)
		return !ok || len(x.Elts) == st.NumFields() || !shared(t) // what is left out is zero
	}
	return !shared(t)
}

func nameOf(e ast.Expr) *ast.Ident {
	switch x := e.(type) {
	case *ast.Ident:
		return x
	case *ast.SelectorExpr:
		return x.Sel
	}
	return nil
}
