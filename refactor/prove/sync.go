package prove

import (
	"go/ast"
	"go/types"

	"handshake/refactor/prove/machine"
)

// tries returns what a method does that locks if it can, or 0.
func tries(f *types.Func) machine.OpKind {
	if f != nil {
		switch f.FullName() {
		case "(*sync.Mutex).TryLock", "(*sync.RWMutex).TryLock":
			return machine.TryLock
		case "(*sync.RWMutex).TryRLock":
			return machine.TryRLock
		}
	}
	return 0
}

// try goes on at yes with the lock, or at no without.
func (b *code) try(e *ast.CallExpr, kind machine.OpKind, yes, no *label) {
	v := b.receiver(e)
	if v.ref == 0 {
		v = b.unknownObject(b.t.m.Static(e))
	}
	b.next(b.emit(machine.Op{Kind: kind, Var: v.ref - 1}, e), no, yes)
}

// tried returns whether a lock could be taken.
func (b *code) tried(e *ast.CallExpr, kind machine.OpKind) value {
	v := b.t.variable("locked", false, machine.Flag)
	yes, no, end := new(label), new(label), new(label)
	b.emit(machine.Op{Kind: machine.Make, Var: v.ref - 1, Obj: machine.Flag}, nil)
	b.try(e, kind, yes, no)
	b.here(yes)
	b.emit(machine.Op{Kind: machine.Set, Var: v.ref - 1, N: 1}, nil)
	b.jump(end)
	b.here(no)
	b.here(end)
	return v
}

// cond1 makes a sync.Cond, of which the lock is the last of the arguments.
func (b *code) cond1(args []ast.Expr) value {
	v := b.t.variable("cond", true, machine.Cond)
	for _, a := range args {
		if kv, ok := a.(*ast.KeyValueExpr); ok {
			a = kv.Value
		}
		if l := b.expr(a); l.ref != 0 {
			b.t.lockers[v.ref] = l
		}
	}
	b.emit(machine.Op{Kind: machine.Make, Var: v.ref - 1, Obj: machine.Cond}, nil)
	return v
}

// locker returns the lock of a sync.Cond.
func (t *translator) locker(cond value) value {
	l, ok := t.lockers[cond.ref]
	if !ok {
		l = t.variable("L", true, machine.Mutex)
		t.lockers[cond.ref] = l
	}
	return l
}

// condWait writes the Wait of a sync.Cond as it is documented: it announces
// itself, unlocks, waits to be woken, and locks.
func (b *code) condWait(e *ast.CallExpr) {
	v := b.receiver(e)
	if v.ref == 0 {
		v = b.unknownObject(b.t.m.Static(e))
	}
	l := b.t.locker(v).ref - 1
	b.emit(machine.Op{Kind: machine.Enlist, Var: v.ref - 1}, nil)
	b.emit(machine.Op{Kind: machine.Unlock, Var: l}, e)
	b.emit(machine.Op{Kind: machine.Await, Var: v.ref - 1}, e)
	b.emit(machine.Op{Kind: machine.Lock, Var: l}, e)
}
