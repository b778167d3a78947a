package prove

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"

	"handshake/refactor/prove/machine"
)

// expr writes what the evaluation of an expression does, in its order, and
// returns what it is.
func (b *code) expr(e ast.Expr) value {
	info := b.t.pkg.Info
	switch e := e.(type) {
	case *ast.ParenExpr:
		return b.expr(e.X)
	case *ast.Ident:
		if v, ok := info.ObjectOf(e).(*types.Var); ok {
			return b.lookup(v)
		}
		return b.function(e)
	case *ast.SelectorExpr:
		if f, ok := info.ObjectOf(e.Sel).(*types.Var); ok {
			if !f.IsField() {
				return b.lookup(f)
			}
			return b.t.field(b.expr(e.X), f)
		}
		return b.function(e)
	case *ast.StarExpr:
		return b.expr(e.X)
	case *ast.FuncLit:
		return value{fn: &function{lit: e, env: b.env}}
	case *ast.CompositeLit:
		return b.literal(e)
	case *ast.CallExpr:
		list := b.call(e)
		if len(list) > 0 {
			return list[0]
		}
		return value{}
	case *ast.UnaryExpr:
		if e.Op == token.ARROW {
			b.channel(machine.Recv, e.X, e)
			return value{}
		}
		v := b.expr(e.X)
		if e.Op == token.AND {
			return v
		}
		return value{}
	case *ast.BinaryExpr:
		b.expr(e.X)
		if e.Op == token.LAND || e.Op == token.LOR {
			b.choose(func() { b.expr(e.Y) }, func() {})
		} else {
			b.expr(e.Y)
		}
	case *ast.IndexExpr:
		if _, ok := info.TypeOf(e.X).(*types.Signature); ok {
			return b.expr(e.X)
		}
		b.expr(e.X)
		if !info.Types.Of(e.Index).IsType() {
			b.expr(e.Index)
		}
	case *ast.SliceExpr:
		b.expr(e.X)
	case *ast.TypeAssertExpr:
		b.expr(e.X)
	case *ast.KeyValueExpr:
		b.expr(e.Value)
	}
	return value{}
}

// function returns the declared function or method that an expression names.
func (b *code) function(e ast.Expr) value {
	info := b.t.pkg.Info
	var recv value
	var obj types.Object
	switch e := e.(type) {
	case *ast.Ident:
		obj = info.Uses.Of(e)
	case *ast.SelectorExpr:
		obj = info.Uses.Of(e.Sel)
		if sel := info.Selections.Of(e); sel != nil && sel.Kind() == types.MethodVal {
			recv = b.expr(e.X)
		}
	}
	f, ok := obj.(*types.Func)
	if !ok || !b.t.pkg.Declares(f) {
		return value{}
	}
	for _, decl := range b.t.m.Funcs {
		if decl.Obj != nil && decl.Obj == f.Origin() {
			return value{fn: &function{decl: decl, recv: recv, env: b.t.globals}}
		}
	}
	return value{}
}

// literal makes a struct, or evaluates the elements of anything else.
func (b *code) literal(e *ast.CompositeLit) value {
	t := b.t.pkg.Info.TypeOf(e)
	st := structOf(t)
	if kindOf(t) == machine.Cond {
		return b.cond1(e.Elts)
	}
	if st == nil || kindOf(t) != machine.None {
		for _, x := range e.Elts {
			b.expr(x)
		}
		return value{}
	}
	v := b.t.make(t)
	b.fill(v, st, e)
	return v
}

func (b *code) fill(v value, st *types.Struct, e *ast.CompositeLit) {
	for i, x := range e.Elts {
		var f *types.Var
		if kv, ok := x.(*ast.KeyValueExpr); ok {
			if id, ok := kv.Key.(*ast.Ident); ok {
				f, _ = b.t.pkg.Info.Uses.Of(id).(*types.Var)
			}
			x = kv.Value
		} else if i < st.NumFields() {
			f = st.Field(i)
		}
		if f == nil {
			b.expr(x)
			continue
		}
		f = f.Origin()
		if lit, ok := ast.Unparen(x).(*ast.CompositeLit); ok && f.Embedded() && structOf(f.Type()) != nil {
			b.fill(v, structOf(f.Type()), lit)
			continue
		}
		if kindOf(f.Type()) == machine.Chan {
			b.put(b.t.field(v, f), x)
			continue
		}
		if got := b.expr(x); got.inst != nil && !isPointer(f.Type()) && !fresh(x) {
			b.duplicate(b.t.field(v, f), got, structOf(f.Type()))
		} else if got != (value{}) {
			if got.ref != 0 && b.t.prog.Vars[got.ref-1].Name == "new" {
				b.t.prog.Vars[got.ref-1].Name = f.Name()
			}
			v.inst.fields[f] = got
		} else if kindOf(f.Type()) == machine.Flag {
			b.flag(b.t.field(v, f), x)
		}
	}
}

// fresh reports whether the struct that an expression yields belongs to nobody
// else.
func fresh(e ast.Expr) bool {
	switch ast.Unparen(e).(type) {
	case *ast.CompositeLit, *ast.CallExpr:
		return true
	}
	return false
}

// duplicate copies the fields of a struct.
func (b *code) duplicate(to, from value, st *types.Struct) {
	if to.inst == nil || from.inst == nil || st == nil {
		return
	}
	for f := range st.Fields() {
		f = f.Origin()
		switch {
		case kindOf(f.Type()) == machine.Chan:
			b.copy(b.t.field(to, f), b.t.field(from, f))
		case f.Embedded() && kindOf(f.Type()) == machine.None && !isPointer(f.Type()):
			b.duplicate(to, from, structOf(f.Type()))
		case kindOf(f.Type()) == machine.Flag:
			if v, ok := from.inst.fields[f]; ok && v.ref != 0 {
				b.copyFlag(b.t.field(to, f), v)
			}
		case isStructValue(f.Type()):
			if v, ok := from.inst.fields[f]; ok && v.inst != nil {
				b.duplicate(b.t.field(to, f), v, structOf(f.Type()))
			}
		default:
			if v, ok := from.inst.fields[f]; ok && v.ref == 0 {
				to.inst.fields[f] = v
			}
		}
	}
}

// assign writes an assignment, or a declaration with values.
func (b *code) assign(lhs, rhs []ast.Expr) {
	if len(rhs) == len(lhs) {
		for i := range lhs {
			b.store(lhs[i], rhs[i])
		}
		return
	}
	var list []value
	if call, ok := ast.Unparen(rhs[0]).(*ast.CallExpr); ok {
		list = b.call(call)
	} else {
		list = []value{b.expr(rhs[0])}
	}
	for i, l := range lhs {
		var v value
		if i < len(list) {
			v = list[i]
		}
		b.set(l, v, b.t.pkg.Info.TypeOf(l))
	}
}

func (b *code) store(lhs, rhs ast.Expr) {
	t := b.t.pkg.Info.TypeOf(lhs)
	if id, ok := lhs.(*ast.Ident); ok && id.Name == "_" {
		b.expr(rhs)
		return
	}
	if kindOf(t) == machine.Chan {
		if v := b.target(lhs); v.ref != 0 {
			b.put(v, rhs)
			return
		}
	}
	if kindOf(t) == machine.Flag && !isAtomic(t) {
		if v := b.target(lhs); v.ref != 0 {
			b.flag(v, rhs)
			return
		}
	}
	v := b.expr(rhs)
	if v.inst != nil && !isPointer(t) && structOf(t) != nil && !fresh(rhs) {
		c := b.t.instance(true)
		b.duplicate(c, v, structOf(t))
		v = c
	}
	b.set(lhs, v, t)
}

// target returns the variable that is assigned to.
func (b *code) target(lhs ast.Expr) value {
	switch x := ast.Unparen(lhs).(type) {
	case *ast.Ident, *ast.SelectorExpr:
		return b.expr(x)
	}
	return value{}
}

// flag stores a condition in a flag.
func (b *code) flag(v value, rhs ast.Expr) {
	if v.ref == 0 {
		b.expr(rhs)
		return
	}
	set := func(n int) func() {
		return func() { b.emit(machine.Op{Kind: machine.Set, Var: v.ref - 1, N: n}, nil) }
	}
	if c := b.t.pkg.Info.Types.Of(rhs).Value; c != nil && c.Kind() == constant.Bool {
		set(truth(c.String()))()
		return
	}
	b.expr(rhs)
	b.choose(set(0), set(1))
}

// put stores a channel or context in a variable.
func (b *code) put(v value, rhs ast.Expr) {
	rhs = ast.Unparen(rhs)
	if b.t.pkg.Info.Types.Of(rhs).IsNil() {
		b.emit(machine.Op{Kind: machine.SetNil, Var: v.ref - 1}, nil)
		return
	}
	if call, ok := rhs.(*ast.CallExpr); ok && b.t.isBuiltin(call, "make") {
		b.emit(machine.Op{Kind: machine.Make, Var: v.ref - 1, Obj: machine.Chan, N: b.t.capacity(call)}, call)
		return
	}
	got := b.expr(rhs)
	b.take(v, got, b.t.pkg.Info.TypeOf(rhs))
}

// take makes v refer to what got does, or to something unknown.
func (b *code) take(v, got value, t types.Type) {
	if got.ref != 0 && b.t.dynamic(got) {
		b.copy(v, got)
		return
	}
	kind := outside(t)
	b.emit(machine.Op{Kind: machine.Make, Var: v.ref - 1, Obj: kind}, nil)
}

// set binds a variable to a value.
func (b *code) set(lhs ast.Expr, v value, t types.Type) {
	if kindOf(t) == machine.Chan {
		if to := b.target(lhs); to.ref != 0 {
			b.take(to, v, t)
		}
		return
	}
	if v == (value{}) {
		return
	}
	info := b.t.pkg.Info
	switch x := ast.Unparen(lhs).(type) {
	case *ast.Ident:
		obj := origin(info.ObjectOf(x))
		if obj == nil {
			return
		}
		if v.ref != 0 && b.t.prog.Vars[v.ref-1].Name == "new" {
			b.t.prog.Vars[v.ref-1].Name = obj.Name()
		}
		e := b.env.owner(obj)
		if _, ok := e.vals[obj]; !ok || !b.t.m.Assigned(obj) {
			e.vals[obj] = v
		}
	case *ast.SelectorExpr:
		if f, ok := info.ObjectOf(x.Sel).(*types.Var); ok && f.IsField() {
			if base := b.expr(x.X); base.inst != nil {
				if v.ref != 0 && b.t.prog.Vars[v.ref-1].Name == "new" {
					b.t.prog.Vars[v.ref-1].Name = f.Name()
				}
				base.inst.fields[f.Origin()] = v
			}
		}
	}
}

// capacity returns that of a channel; one that is not constant is taken to be
// enough.
func (t *translator) capacity(call *ast.CallExpr) int {
	const enough = 4
	if len(call.Args) < 2 {
		return 0
	}
	if n, ok := t.m.MakeCap(call); ok {
		return int(min(n, enough))
	}
	return enough
}

func (t *translator) isBuiltin(call *ast.CallExpr, name string) bool {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok || id.Name != name {
		return false
	}
	_, ok = t.pkg.Info.Uses.Of(id).(*types.Builtin)
	return ok
}

// ref returns the variable that holds the channel of an operation.
func (b *code) ref(e ast.Expr) value {
	v := b.expr(e)
	if b.t.over != nil && b.env.spawned && isTick(b.t.pkg.Info.TypeOf(e)) {
		return b.t.over.ticks
	}
	if v.ref != 0 && b.t.dynamic(v) {
		return v
	}
	t := b.t.pkg.Info.TypeOf(e)
	kind := machine.Open
	if isTick(t) {
		kind = machine.Ready
	}
	if call, ok := ast.Unparen(e).(*ast.CallExpr); ok && b.t.isBuiltin(call, "make") {
		kind = machine.None
	}
	return b.t.variable("channel", true, kind)
}

func (b *code) channel(kind machine.OpKind, ch ast.Expr, n ast.Node) {
	v := b.ref(ch)
	if kind != machine.Close {
		v = b.latch(v, 0)
	}
	b.emit(machine.Op{Kind: kind, Var: v.ref - 1}, n)
}

// latch returns a variable of the process alone with what v refers to now: what
// an operation waits for does not change when the variable is assigned. The
// operands of one operation have different numbers.
func (b *code) latch(v value, n int) value {
	if !b.t.prog.Vars[v.ref-1].Shared {
		return v
	}
	for len(b.t.latches) <= n {
		b.t.latches = append(b.t.latches, b.t.variable("operand", false, machine.None))
	}
	b.copy(b.t.latches[n], v)
	return b.t.latches[n]
}

// receiver returns what a method is called on.
func (b *code) receiver(call *ast.CallExpr) value {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return value{}
	}
	v := b.expr(sel.X)
	if s := b.t.pkg.Info.Selections.Of(sel); s != nil && len(s.Index()) > 1 { // promoted
		t := s.Recv()
		for _, i := range s.Index()[:len(s.Index())-1] {
			st := structOf(t)
			if st == nil {
				return value{}
			}
			v, t = b.t.field(v, st.Field(i)), st.Field(i).Type()
		}
	}
	return v
}
