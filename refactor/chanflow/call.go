package chanflow

import (
	"go/ast"
	"go/types"
)

// call records what a call does: the operation, exit, spawn or sleep that it is.
func (b *builder) call(n *ast.CallExpr) {
	info := b.Pkg.Info
	fun := ast.Unparen(n.Fun)
	var static *types.Func
	switch obj := b.used(fun).(type) {
	case *types.Builtin:
		if _, ok := fun.(*ast.Ident); ok {
			b.builtin(n, obj.Name())
			return
		}
	case *types.Func:
		static = obj
	}
	if static == nil {
		if tv, ok := info.Types.Find(fun); ok && tv.IsType() {
			return // a conversion
		}
		if isNamed(info.TypeOf(fun), "context", "CancelFunc") {
			b.op(Cancel, n, b.Ref(fun))
			return
		}
		if _, ok := fun.(*ast.FuncLit); ok {
			return // called in place or deferred: what it does, this frame does
		}
	}
	if static == nil || b.Pkg.Declares(static) {
		b.own(n, fun, static)
		return
	}
	b.foreign(n, fun, static)
}

// own records a call of a function of this package, or of a variable that may be
// bound to a literal.
func (b *builder) own(n *ast.CallExpr, fun ast.Expr, static *types.Func) {
	var callee *Func
	if static != nil {
		if callee = b.byObj[static.Origin()]; callee != nil {
			callee.calls = append(callee.calls, n)
			b.touched = append(b.touched, callee)
		}
	}
	if _, ok := b.around(0).(*ast.GoStmt); ok {
		return
	}
	ref := Ref{Expr: fun} // a function is no variable
	if static == nil {
		ref = b.Ref(fun)
	}
	op := b.op(Call, n, ref)
	switch {
	case op == nil:
	case static == nil:
		op.dynamic = true
	default:
		op.Callee = callee
	}
}

// foreign records a call of a function of another package, of those that the
// model knows.
func (b *builder) foreign(n *ast.CallExpr, fun ast.Expr, f *types.Func) {
	stmt, _ := b.around(0).(*ast.ExprStmt)
	if k := groupGo(f); k != 0 && len(n.Args) == 1 && stmt != nil {
		b.spawn(stmt, n, k)
		return
	}
	if isBubble(f) && len(n.Args) > 0 {
		b.bubbled = append(b.bubbled, n)
		return
	}
	if exit := exitOf(f); exit != NoExit {
		if op := b.op(Exit, n, Ref{}); op != nil {
			op.Exit = exit
		}
		return
	}
	if isFunc(f, "time", "Sleep") && len(n.Args) == 1 {
		if stmt != nil {
			b.sleep(stmt, n, n.Args[0])
		}
		return
	}
	if kind, ok := syncKind(f); ok {
		if sel, ok := fun.(*ast.SelectorExpr); ok {
			b.op(kind, n, b.receiver(sel))
		}
		return
	}
	if serves(f) {
		if _, ok := b.around(0).(*ast.GoStmt); !ok {
			var ref Ref
			if sel, ok := fun.(*ast.SelectorExpr); ok {
				ref = b.Ref(sel.X)
			}
			b.op(Serve, n, ref)
		}
	}
	if isFunc(f, "runtime", "SetFinalizer") || isFunc(f, "runtime", "AddCleanup") {
		b.finalizers = append(b.finalizers, n)
	}
}

func (b *builder) builtin(n *ast.CallExpr, name string) {
	switch {
	case name == "close" && len(n.Args) == 1:
		b.op(Close, n, b.Ref(n.Args[0]))
	case name == "make" && IsChan(b.Pkg.Info.TypeOf(n)) != nil:
		if b.top() != nil {
			b.op(Make, n, b.target(b.cursor(n)))
		}
	case name == "recover":
		b.recovers = append(b.recovers, n)
	case name == "panic":
		if op := b.op(Exit, n, Ref{}); op != nil {
			op.Exit = Panic
		}
	}
}

// receiver returns what a method is called on: the embedded field for one that
// is promoted.
func (b *builder) receiver(sel *ast.SelectorExpr) Ref {
	ref := b.Ref(sel.X)
	s := b.Pkg.Info.Selections.Of(sel)
	if s == nil || len(s.Index()) < 2 {
		return ref
	}
	t := s.Recv()
	for _, i := range s.Index()[:len(s.Index())-1] {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		st, ok := t.Underlying().(*types.Struct)
		if !ok {
			return ref
		}
		field := st.Field(i)
		ref.Obj, t = field.Origin(), field.Type()
	}
	return ref
}

// syncKind returns the operation that a method of package sync or errgroup is.
func syncKind(f *types.Func) (OpKind, bool) {
	recv := f.Signature().Recv()
	if recv == nil {
		return 0, false
	}
	pkg, typ := named(recv.Type())
	switch {
	case pkg == "sync" && typ == "Locker" || pkg == "sync" && (typ == "Mutex" || typ == "RWMutex"):
		switch f.Name() {
		case "Lock":
			return Lock, true
		case "Unlock":
			return Unlock, true
		case "RLock":
			return RLock, true
		case "RUnlock":
			return RUnlock, true
		}
	case pkg == "sync" && typ == "WaitGroup":
		switch f.Name() {
		case "Add":
			return Add, true
		case "Done":
			return Done, true
		case "Wait":
			return Wait, true
		}
	case pkg == "sync" && typ == "Cond" && f.Name() == "Wait", pkg == "golang.org/x/sync/errgroup" && f.Name() == "Wait":
		return Wait, true
	}
	return 0, false
}
