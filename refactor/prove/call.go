package prove

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"

	"handshake/refactor"
	"handshake/refactor/prove/machine"
)

// call writes what a call does, and returns its results.
func (b *code) call(e *ast.CallExpr) []value {
	info := b.t.pkg.Info
	fun := ast.Unparen(e.Fun)
	if info.Types.Of(fun).IsType() { // a conversion
		return []value{b.expr(e.Args[0])}
	}
	if id, ok := fun.(*ast.Ident); ok {
		if blt, ok := info.Uses.Of(id).(*types.Builtin); ok {
			return b.builtin(e, blt.Name())
		}
	}
	f := b.t.m.Static(e)
	if f != nil && !b.t.pkg.Declares(f) {
		return b.foreign(e, f)
	}
	fn := b.expr(fun).fn
	if fn == nil && f != nil { // a method of an interface
		recv := value{}
		if sel, ok := fun.(*ast.SelectorExpr); ok {
			recv = b.expr(sel.X)
		}
		targets := b.t.m.Targets(e)
		if len(targets) == 1 {
			fn = &function{decl: targets[0], recv: recv, env: b.t.globals}
		} else if len(targets) > 1 {
			args := b.args(e)
			var alternatives []func()
			for _, target := range targets {
				alternatives = append(alternatives, func() {
					b.invoke(machine.Call, &function{decl: target, recv: recv, env: b.t.globals}, args, e, e)
				})
			}
			if ast.IsExported(f.Name()) {
				alternatives = append(alternatives, b.back)
			}
			b.choose(alternatives...)
			return nil
		}
	}
	args := b.args(e)
	if fn == nil {
		b.hands(args)
		if f != nil && f.Signature().Recv() != nil && b.t.m.ImplementedByOthers(f) || f == nil && b.supplied(fun) {
			b.back()
		}
		return nil
	}
	return b.invoke(machine.Call, fn, args, e, e)
}

// supplied reports whether a function value comes from elsewhere: it is handed
// in, stored, or one of several; not the result of a call.
func (b *code) supplied(fun ast.Expr) bool {
	switch x := fun.(type) {
	case *ast.Ident:
		obj := b.t.pkg.Info.Uses.Of(x)
		if obj == nil || obj.Parent() == b.t.pkg.Types.Scope() || b.t.m.IsLoopVar(obj) {
			return true
		}
		e := b.env.owner(obj)
		return e.typ != nil && e.typ.Pos() <= obj.Pos() && obj.Pos() < e.typ.End()
	case *ast.SelectorExpr: // not what another package made, such as resp.Body
		obj := b.t.pkg.Info.Uses.Of(x.Sel)
		return obj != nil && b.t.pkg.Declares(obj)
	case *ast.IndexExpr:
		return true
	}
	return false
}

func (b *code) args(e *ast.CallExpr) []value {
	out := make([]value, len(e.Args))
	for i, a := range e.Args {
		if call, ok := ast.Unparen(a).(*ast.CallExpr); ok && b.t.isBuiltin(call, "make") && kindOf(b.t.pkg.Info.TypeOf(a)) == machine.Chan {
			out[i] = b.t.variable("argument", false, machine.None)
			b.put(out[i], a)
			continue
		}
		out[i] = b.expr(a)
	}
	return out
}

// back lets code that is supplied from elsewhere call back into the package.
func (b *code) back() {
	if !b.env.spawned || len(b.t.callbacks) == 0 {
		return
	}
	alternatives := []func(){func() {}}
	for _, f := range b.t.callbacks {
		alternatives = append(alternatives, func() { b.invoke(machine.Call, &f, nil, nil, nil) })
	}
	b.choose(alternatives...)
}

// hands lets code out of sight run the functions that it is handed, or not.
func (b *code) hands(args []value) {
	for _, a := range args {
		if a.fn != nil {
			b.choose(func() { b.invoke(machine.Call, a.fn, nil, nil, nil) }, func() {})
		}
	}
}

func (b *code) builtin(e *ast.CallExpr, name string) []value {
	switch name {
	case "close":
		b.channel(machine.Close, e.Args[0], e)
	case "panic":
		b.expr(e.Args[0])
		b.emit(machine.Op{Kind: machine.Panic}, e)
	case "recover":
		b.emit(machine.Op{Kind: machine.Recover}, nil)
	case "new":
		t := b.t.pkg.Info.TypeOf(e.Args[0])
		if k := kindOf(t); k != machine.None && k != machine.Chan && k != machine.Flag {
			v := b.t.variable("new", false, k)
			b.emit(machine.Op{Kind: machine.Make, Var: v.ref - 1, Obj: k}, nil)
			return []value{v}
		}
		if structOf(t) != nil {
			return []value{b.t.make(t)}
		}
	case "make":
		if kindOf(b.t.pkg.Info.TypeOf(e)) == machine.Chan {
			v := b.t.variable("made", false, machine.None)
			b.put(v, e)
			return []value{v}
		}
	default:
		for _, a := range e.Args {
			b.expr(a)
		}
	}
	return nil
}

// compile returns the code of a function, and its variables. Parameters that
// are channels are variables of the code, which the caller sets.
func (b *code) compile(fn *function, args []value, spawned bool) (int, *env) {
	t := b.t
	if fn.cancel != 0 {
		n := t.build(fn.key(), "cancel", b.env, func(c *code) {
			c.emit(machine.Op{Kind: machine.Cancel, Var: fn.cancel - 1}, nil)
		})
		return n, nil
	}
	if fn.once != 0 {
		inner := *fn
		inner.once = 0
		n := t.build(fn.key(), "once", b.env, func(c *code) {
			n, _ := c.compile(&inner, args, spawned)
			c.emit(machine.Op{Kind: machine.Do, Var: fn.once - 1, N: n}, nil)
		})
		return n, nil
	}
	if fn.decl != nil && fn.decl.Recv() != nil && changesCopy(fn.decl.Recv().Type()) {
		c := *fn
		c.recv = b.copied(fn.recv, fn.decl.Recv().Type(), fn.decl.Node())
		fn = &c
	}
	var node ast.Node = fn.lit
	var typ *ast.FuncType
	var body *ast.BlockStmt
	name := b.name
	if fn.lit != nil {
		typ, body = fn.lit.Type, fn.lit.Body
	} else {
		node, typ, body, name = fn.decl.Node(), fn.decl.Type, fn.decl.Body, fn.decl.Name()
	}
	if spawned && fn.lit != nil && !b.env.spawned {
		name = "the goroutine"
	}
	key := fmt.Sprint(fn.key(), spawned)
	params := paramsOf(t.pkg.Info, typ)
	args = slices.Clone(args)
	for i, p := range params {
		if p != nil && i < len(args) && changesCopy(p.Type()) {
			args[i] = b.copied(args[i], p.Type(), p)
		}
	}
	for i := range params {
		if i < len(args) && (args[i].ref == 0 || !t.dynamic(args[i])) {
			key += "," + args[i].key()
		} else {
			key += ",*"
		}
	}
	e := t.envs[key]
	if e == nil {
		e = t.newEnv(fn.env, node, typ)
		e.spawned = spawned
		t.envs[key] = e
		for i, p := range params {
			if p == nil || i >= len(args) {
				continue
			}
			a := args[i]
			if kindOf(p.Type()) == machine.Chan {
				e.vals[p] = t.variable(p.Name(), t.m.Assigned(p), machine.None)
			} else if a != (value{}) {
				e.vals[p] = a
			}
		}
		if fn.decl != nil {
			if r := fn.decl.Recv(); r != nil && fn.recv != (value{}) {
				e.vals[r] = fn.recv
			}
		}
	}
	n := t.build(key, name, e, func(c *code) {
		if fn.decl != nil {
			c.countLoops(body)
		}
		c.block(body.List)
	})
	if spawned && !b.env.spawned {
		t.roots[n] = true
	}
	if spawned && t.over != nil {
		t.over.bodies[n] = node
	}
	return n, e
}

func paramsOf(info *refactor.TypeInfo, typ *ast.FuncType) []types.Object {
	var out []types.Object
	for _, field := range typ.Params.List {
		if len(field.Names) == 0 {
			out = append(out, nil)
		}
		for _, name := range field.Names {
			out = append(out, info.Defs.Of(name))
		}
	}
	return out
}

// invoke calls, starts or defers a function with arguments.
func (b *code) invoke(kind machine.OpKind, fn *function, args []value, call *ast.CallExpr, n ast.Node) []value {
	// What a client starts is no goroutine of the package.
	spawned := b.env.spawned || kind == machine.Spawn && b.env.node != nil
	code, e := b.compile(fn, args, spawned)
	if e != nil && e.typ != nil {
		for i, p := range paramsOf(b.t.pkg.Info, e.typ) {
			if p == nil || i >= len(args) || kindOf(p.Type()) != machine.Chan {
				continue
			}
			var t types.Type
			if call != nil && i < len(call.Args) {
				t = b.t.pkg.Info.TypeOf(call.Args[i])
				if b.t.pkg.Info.Types.Of(call.Args[i]).IsNil() {
					b.emit(machine.Op{Kind: machine.SetNil, Var: e.vals[p].ref - 1}, nil)
					continue
				}
			}
			b.take(e.vals[p], args[i], t)
		}
	}
	b.emit(machine.Op{Kind: kind, N: code}, n)
	if e == nil {
		return nil
	}
	return e.results
}

// spawn starts a goroutine: of a go statement, or of the Go method of a group.
func (b *code) spawn(call *ast.CallExpr, n ast.Node, group value) {
	var fn *function
	var args []value
	if _, ok := n.(*ast.GoStmt); ok {
		fn = b.callee(call)
		args = b.args(call)
	} else {
		fn = b.expr(call.Args[0]).fn
	}
	if fn == nil {
		if group.ref != 0 { // it returns
			b.emit(machine.Op{Kind: machine.Add, Var: group.ref - 1, N: -1}, nil)
		}
		if _, ok := n.(*ast.GoStmt); ok {
			b.alone(call, args)
		}
		return
	}
	if group.ref == 0 {
		b.invoke(machine.Spawn, fn, args, call, n)
		return
	}
	e := b.t.newEnv(b.env, call, nil)
	e.spawned = true
	done := b.t.build(fmt.Sprintf("done%d", group.ref), "the goroutine", e, func(c *code) {
		c.emit(machine.Op{Kind: machine.Add, Var: group.ref - 1, N: -1}, nil)
	})
	key := fmt.Sprintf("group%d.%d.%s", call.Pos(), group.ref, fn.key())
	start := b.t.build(key, "the goroutine", e, func(c *code) {
		c.emit(machine.Op{Kind: machine.Defer, N: done}, nil)
		c.invoke(machine.Call, fn, nil, nil, nil)
	})
	b.t.roots[start] = true
	b.emit(machine.Op{Kind: machine.Spawn, N: start}, n)
}

// alone starts a goroutine that runs a function out of sight, such as an
// operation of the sync package.
func (b *code) alone(call *ast.CallExpr, args []value) {
	f := b.t.m.Static(call)
	if f == nil || methods[f.FullName()] == 0 {
		return
	}
	e := b.t.newEnv(b.env, call, nil)
	e.spawned = true
	n := b.t.build(fmt.Sprintf("alone%d", call.Pos()), "the goroutine", e, func(c *code) { c.call(call) })
	b.emit(machine.Op{Kind: machine.Spawn, N: n}, call)
}

// callee returns the function of the package that a call runs, or nil.
func (b *code) callee(call *ast.CallExpr) *function {
	fun := ast.Unparen(call.Fun)
	if b.t.pkg.Info.Types.Of(fun).IsType() || b.t.pkg.Info.Types.Of(fun).IsBuiltin() {
		return nil
	}
	if f := b.t.m.Static(call); f != nil && !b.t.pkg.Declares(f) {
		return nil
	}
	if fn := b.expr(fun).fn; fn != nil {
		return fn
	}
	if targets := b.t.m.Targets(call); len(targets) == 1 {
		var recv value
		if sel, ok := fun.(*ast.SelectorExpr); ok {
			recv = b.expr(sel.X)
		}
		return &function{decl: targets[0], recv: recv, env: b.t.globals}
	}
	return nil
}

// deferred writes a defer statement.
func (b *code) deferred(call *ast.CallExpr) {
	if fn := b.callee(call); fn != nil {
		b.invoke(machine.Defer, fn, b.args(call), call, call)
		return
	}
	if b.t.isBuiltin(call, "close") {
		v := b.ref(call.Args[0])
		if b.t.prog.Vars[v.ref-1].Shared { // it is evaluated now
			r := b.t.variable(b.t.prog.Vars[v.ref-1].Name, false, machine.None)
			b.copy(r, v)
			v = r
		}
		n := b.t.build(fmt.Sprintf("close%d.%d", call.Pos(), v.ref), b.name, b.env, func(c *code) {
			c.emit(machine.Op{Kind: machine.Close, Var: v.ref - 1}, call)
		})
		b.emit(machine.Op{Kind: machine.Defer, N: n}, nil)
		return
	}
	// What else is operated on does not change, as a rule: it is evaluated late
	// here.
	key := fmt.Sprintf("defer%d.%d", call.Pos(), b.env.id)
	n := b.t.build(key, b.name, b.env, func(c *code) { c.call(call) })
	b.emit(machine.Op{Kind: machine.Defer, N: n}, nil)
}
