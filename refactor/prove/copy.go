package prove

import (
	"fmt"
	"go/token"
	"go/types"

	"handshake/refactor/chanflow"
	"handshake/refactor/prove/machine"
)

// changesCopy reports whether it matters that a value of the type is a copy: it
// is a struct with a channel or lock of its own.
func changesCopy(t types.Type) bool {
	if !isStructValue(t) {
		return false
	}
	for f := range structOf(t).Fields() {
		switch kindOf(f.Type()) {
		case machine.None, machine.Flag:
			if isStructValue(f.Type()) && changesCopy(f.Type()) {
				return true
			}
		case machine.Chan:
			if chanflow.IsChan(f.Type()) != nil {
				return true
			}
		default:
			if !isPointer(f.Type()) {
				return true
			}
		}
	}
	return false
}

// isStructValue reports whether the type is a struct of which the machine does
// not know the whole.
func isStructValue(t types.Type) bool {
	return t != nil && !isPointer(t) && structOf(t) != nil && kindOf(t) == machine.None
}

// copied returns a copy of a struct: for one place, always the same.
func (b *code) copied(v value, t types.Type, place interface{ Pos() token.Pos }) value {
	if v.inst == nil {
		return v
	}
	key := fmt.Sprintf("%d.%s", place.Pos(), v.key())
	c, ok := b.t.copies[key]
	if !ok {
		c = b.t.instance(true)
		b.t.copies[key] = c
	}
	b.duplicate(c, v, structOf(t))
	return c
}

// copyFlag gives a flag the value of another.
func (b *code) copyFlag(to, from value) {
	if to.ref == 0 || to.ref == from.ref {
		return
	}
	no, yes, end := new(label), new(label), new(label)
	b.next(b.emit(machine.Op{Kind: machine.Test, Var: from.ref - 1}, nil), no, yes)
	for n, l := range []*label{no, yes} {
		b.here(l)
		b.emit(machine.Op{Kind: machine.Set, Var: to.ref - 1, N: n}, nil)
		b.jump(end)
	}
	b.here(end)
}
