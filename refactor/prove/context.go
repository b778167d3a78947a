package prove

import (
	"fmt"
	"go/ast"
	"go/types"

	"handshake/refactor/prove/machine"
)

// context returns a new context, which ends with its parent, and the function
// that cancels it. The clock ends one with a deadline at any time.
func (b *code) context(e *ast.CallExpr, f *types.Func) []value {
	parent := b.args(e)[0]
	if parent.ref == 0 || !b.t.dynamic(parent) {
		parent = b.t.variable("parent", true, machine.Signal)
	}
	v := b.t.variable("ctx", false, machine.None)
	op := machine.Op{Kind: machine.Derive, Var: v.ref - 1, From: parent.ref - 1}
	switch f.Name() {
	case "WithTimeout", "WithDeadline", "WithTimeoutCause", "WithDeadlineCause":
		op = machine.Op{Kind: machine.Make, Var: v.ref - 1, Obj: machine.Ready}
		if b.t.over != nil { // no time passes any more when the test is over
			op.Obj = machine.Signal
		}
	case "NotifyContext":
		op = machine.Op{Kind: machine.Make, Var: v.ref - 1, Obj: machine.Signal}
	}
	b.emit(op, nil)
	return []value{v, {fn: &function{cancel: v.ref}}}
}

// afterFunc starts a goroutine that waits for the end of a context and then
// runs a function.
func (b *code) afterFunc(call *ast.CallExpr) {
	args := b.args(call)
	ctx, fn := args[0], args[1].fn
	if ctx.ref == 0 || !b.t.dynamic(ctx) || fn == nil {
		b.hands(args)
		return
	}
	e := b.t.newEnv(b.env, call, nil)
	e.spawned = true
	n := b.t.build(fmt.Sprintf("after%d.%d.%s", call.Pos(), ctx.ref, fn.key()), "the goroutine", e, func(c *code) {
		c.emit(machine.Op{Kind: machine.Recv, Var: ctx.ref - 1}, nil)
		c.invoke(machine.Call, fn, nil, nil, nil)
	})
	b.t.roots[n] = true
	b.emit(machine.Op{Kind: machine.Spawn, N: n}, call)
}
