package prove

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"handshake/refactor/chanflow"
	"handshake/refactor/prove/machine"
)

// methods are the operations that the machine knows, by the method that does
// them. Done is an Add of -1.
var methods = map[string]machine.OpKind{
	"(*sync.Mutex).Lock": machine.Lock, "(*sync.Mutex).Unlock": machine.Unlock,
	"(*sync.RWMutex).Lock": machine.Lock, "(*sync.RWMutex).Unlock": machine.Unlock,
	"(*sync.RWMutex).RLock": machine.RLock, "(*sync.RWMutex).RUnlock": machine.RUnlock,
	"(*sync.WaitGroup).Add": machine.Add, "(*sync.WaitGroup).Done": machine.Add, "(*sync.WaitGroup).Wait": machine.Wait,
	"(*golang.org/x/sync/errgroup.Group).Wait": machine.Wait,
	"(*sync.Once).Do":                          machine.Do,
	"(*sync/atomic.Bool).Store":                machine.Set,
	"(sync.Locker).Lock":                       machine.Lock, "(sync.Locker).Unlock": machine.Unlock,
	"(*sync.Cond).Signal": machine.Wake, "(*sync.Cond).Broadcast": machine.Wake,
}

// foreign writes a call of another package's function.
func (b *code) foreign(e *ast.CallExpr, f *types.Func) []value {
	name := f.FullName()
	if list, ok := b.atEnd(e, f); ok {
		return list
	}
	if op := b.t.ops[e]; op != nil && op.Kind == chanflow.Exit {
		b.args(e)
		switch op.Exit {
		case chanflow.Goexit:
			b.emit(machine.Op{Kind: machine.Goexit}, e)
		case chanflow.MayGoexit:
			b.choose(func() { b.emit(machine.Op{Kind: machine.Goexit}, e) }, func() {})
		case chanflow.Halt:
			b.emit(machine.Op{Kind: machine.Halt}, e)
		case chanflow.Panic:
			b.emit(machine.Op{Kind: machine.Panic}, e)
		}
		return nil
	}
	if kind, ok := methods[name]; ok {
		b.method(e, f, kind)
		return nil
	}
	switch name {
	case "(*sync.WaitGroup).Go", "(*golang.org/x/sync/errgroup.Group).Go":
		group := b.receiver(e)
		if group.ref != 0 {
			b.emit(machine.Op{Kind: machine.Add, Var: group.ref - 1, N: 1}, e)
		}
		b.spawn(e, e, group)
		return nil
	case "sync.OnceFunc", "sync.OnceValue", "sync.OnceValues":
		if fn := b.expr(e.Args[0]).fn; fn != nil {
			once := b.t.variable("once", false, machine.Once)
			b.emit(machine.Op{Kind: machine.Make, Var: once.ref - 1, Obj: machine.Once}, nil)
			c := *fn
			c.once = once.ref
			return []value{{fn: &c}}
		}
	case "context.WithCancel", "context.WithTimeout", "context.WithDeadline", "context.WithCancelCause", "os/signal.NotifyContext":
		return b.context(e, f)
	case "context.Background", "context.TODO":
		return []value{b.t.variable("background", true, machine.None)}
	case "context.WithValue":
		return b.args(e)[:1]
	case "context.WithoutCancel":
		b.args(e)
		return []value{b.t.variable("background", true, machine.None)}
	case "context.AfterFunc":
		b.afterFunc(e)
		return nil
	case "sync.NewCond":
		return []value{b.cond1(e.Args)}
	case "(context.Context).Done":
		return []value{b.receiver(e)}
	case "time.After", "time.Tick":
		b.args(e)
		return []value{b.t.variable("time", true, machine.Ready)}
	case "(*testing.T).Run", "(*testing.B).Run", "testing/synctest.Test", "testing/synctest.Run":
		if fn := b.args(e)[1].fn; fn != nil {
			b.invoke(machine.Call, fn, nil, nil, e)
		}
		return nil
	case "(*sync.Cond).Wait":
		b.condWait(e)
		return nil
	case "(*sync.Mutex).TryLock", "(*sync.RWMutex).TryLock", "(*sync.RWMutex).TryRLock":
		return []value{b.tried(e, tries(f))}
	}
	if sig := f.Signature().Recv(); sig != nil {
		if sel, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr); ok {
			b.expr(sel.X)
		}
		if pkg := f.Pkg(); pkg != nil && pkg.Path() == "testing" && f.Name() == "Cleanup" {
			if fn := b.args(e)[0].fn; fn != nil {
				b.invoke(machine.Defer, fn, nil, nil, e)
			}
			return nil
		}
		if strings.HasPrefix(name, "(*sync/atomic.Bool).Load") {
			return []value{b.receiver(e)}
		}
	}
	b.hands(b.args(e))
	for _, a := range e.Args { // handed on, to be called there
		t := b.t.pkg.Info.TypeOf(a)
		if n, ok := types.Unalias(t).(*types.Named); ok && types.IsInterface(n) && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "io" && b.supplied(ast.Unparen(a)) {
			b.back()
			break
		}
	}
	return nil
}

func (b *code) method(e *ast.CallExpr, f *types.Func, kind machine.OpKind) {
	v := b.receiver(e)
	args := b.args(e)
	if v.ref == 0 {
		v = b.unknownObject(f)
	}
	op := machine.Op{Kind: kind, Var: v.ref - 1}
	switch f.Name() {
	case "Add":
		op.N = 2 // some
		if count := b.counter(e.Args[0]); count.ref != 0 {
			b.add(op, count, e)
			return
		}
		if c := b.t.pkg.Info.Types.Of(e.Args[0]).Value; c != nil {
			fmt.Sscan(c.String(), &op.N)
		} else {
			b.t.vague[op.Var] = true
			b.t.doubt("it is not known how much " + b.t.text(e) + " adds")
		}
	case "Done":
		op.N = -1
	case "Broadcast":
		op.N = 1
	case "Store":
		if c := b.t.pkg.Info.Types.Of(e.Args[0]).Value; c != nil {
			op.N = truth(c.String())
		}
	case "Do":
		if args[0].fn == nil {
			return
		}
		op.N, _ = b.compile(args[0].fn, nil, b.env.spawned)
	}
	b.emit(op, e)
}

// unknownObject is a lock or group of which it is not known which one it is.
func (b *code) unknownObject(f *types.Func) value {
	k := kindOf(f.Signature().Recv().Type())
	if k == machine.None { // a sync.Locker
		k = machine.Mutex
	}
	return b.t.variable("unknown", true, k)
}
