package chanflow

import (
	"go/ast"
	"go/types"
	"iter"
	"math/bits"
	"slices"
)

// An Effect is something that a call of a function may do: an operation on a
// channel, lock, WaitGroup or context, named by its variable or field.
type Effect struct {
	Kind OpKind
	Obj  types.Object
}

// Effects are numbered, and a function's are a set of bits: in a large package
// thousands of functions share thousands of effects.
type effects struct {
	list []Effect
	ids  map[Effect]int
}

func (e *effects) id(x Effect) int {
	id, ok := e.ids[x]
	if !ok {
		id = len(e.list)
		e.list = append(e.list, x)
		e.ids[x] = id
	}
	return id
}

// A bitset is a set of small numbers.
type bitset []uint64

func (s *bitset) add(i int) bool {
	for len(*s) <= i/64 {
		*s = append(*s, 0)
	}
	w := &(*s)[i/64]
	old := *w
	*w |= 1 << (i % 64)
	return *w != old
}

func (s bitset) has(i int) bool { return i/64 < len(s) && s[i/64]&(1<<(i%64)) != 0 }

func (s bitset) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for w, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(w*64 + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}

// union adds the members of t that are in mask, and reports whether any is new.
func (s *bitset) union(t, mask bitset) bool {
	changed := false
	for i, w := range t {
		if i >= len(mask) {
			break
		}
		if w &= mask[i]; w == 0 {
			continue
		}
		for len(*s) <= i {
			*s = append(*s, 0)
		}
		if old := (*s)[i]; old|w != old {
			(*s)[i] |= w
			changed = true
		}
	}
	return changed
}

// Does reports whether calling f may perform the operation on the variable or
// field, itself or through functions of the package that it calls. What the
// goroutines do that it starts does not count.
func (f *Func) Does(kind OpKind, obj types.Object) bool {
	if obj == nil {
		return false
	}
	id, ok := f.model.effects.ids[Effect{kind, obj}]
	return ok && f.does.has(id)
}

// Effects yields all that calling f may do.
func (f *Func) Effects() iter.Seq[Effect] {
	return func(yield func(Effect) bool) {
		for id := range f.does.all() {
			if !yield(f.model.effects.list[id]) {
				return
			}
		}
	}
}

// MayDo reports whether calling f may perform one of the operations on
// anything.
func (f *Func) MayDo(kinds ...OpKind) bool {
	for _, k := range kinds {
		if f.kinds&(1<<k) != 0 {
			return true
		}
	}
	return false
}

// Starts returns the spawns that calling f may perform, in source order per
// function. That in a starter is the one that its call is.
func (f *Func) Starts() []*Spawn {
	var out []*Spawn
	seen := make(map[*Func]bool)
	var visit func(*Func)
	visit = func(f *Func) {
		if f == nil || seen[f] {
			return
		}
		seen[f] = true
		out = append(out, f.Spawns...)
		for _, op := range f.Ops {
			if op.Kind == Call {
				visit(op.Callee)
			}
		}
	}
	visit(f)
	inside := make(map[*Spawn]bool)
	for _, sp := range out {
		for ; sp.inner != nil; sp = sp.inner {
			inside[sp.inner] = true
		}
	}
	return slices.DeleteFunc(out, func(sp *Spawn) bool { return inside[sp] })
}

// propagate computes the effects of every function to a fixpoint over the
// calls within the package. Effects are finite in number, so it ends.
//
// Effects on fields and package variables mean the same to callers; those on
// parameters and captured variables are translated call by call.
func (m *Model) propagate() {
	m.effects.ids = make(map[Effect]int)
	callers := make(map[*Func][]*Op)
	var shared bitset // effects on fields and package variables
	number := func(e Effect) int {
		id := m.effects.id(e)
		if v, ok := e.Obj.(*types.Var); ok && (v.IsField() || v.Parent() == m.Pkg.Types.Scope()) {
			shared.add(id)
		}
		return id
	}
	var work []*Func
	for _, f := range m.Funcs {
		for _, op := range f.Ops {
			switch op.Kind {
			case Call:
				if op.Callee != nil {
					callers[op.Callee] = append(callers[op.Callee], op)
				}
			case Exit, Select:
			default:
				if op.Ref.Obj != nil {
					f.does.add(number(Effect{op.Kind, op.Ref.Obj}))
				}
			}
		}
		if len(f.does) > 0 {
			work = append(work, f)
		}
	}
	for len(work) > 0 {
		f := work[len(work)-1]
		work = work[:len(work)-1]
		var own []Effect
		for id := range f.does.all() {
			if !shared.has(id) {
				own = append(own, m.effects.list[id])
			}
		}
		for _, op := range callers[f] {
			into := op.Fn
			changed := into.does.union(f.does, shared)
			for _, e := range own {
				if obj := f.translate(e.Obj, op); obj != nil {
					changed = into.does.add(number(Effect{e.Kind, obj})) || changed
				}
			}
			if changed {
				work = append(work, into)
			}
		}
	}
	for _, f := range m.Funcs {
		for id := range f.does.all() {
			f.kinds |= 1 << m.effects.list[id].Kind
		}
	}
}

// translate returns what an object that f operates on is called by the caller:
// the argument for a parameter; fields, globals and captured variables keep
// their identity; locals of f mean nothing to the caller.
func (f *Func) translate(obj types.Object, call *Op) types.Object {
	if v, ok := obj.(*types.Var); ok && v.IsField() || !f.Owns(obj) {
		return obj
	}
	return f.outside(Ref{Obj: obj, Base: obj}, call.Node.(*ast.CallExpr)).Obj
}
