package chanflow

import (
	"cmp"
	"go/ast"
	"slices"

	"handshake/refactor"
)

// reuse finds the declarations that are those of the package's base, and copies
// the frames and operations that its model has of them. What one declaration
// learns of another (whom it calls by a variable, what that does) is found anew.
func (b *builder) reuse() {
	base := b.base
	if base == nil {
		return
	}
	b.twins, b.copies = make([]*Func, len(base.Funcs)), make([]*Op, len(base.walked.ops))
	stays := make([]bool, len(base.root.decls))
	files := make(map[*refactor.File]*refactor.File) // the rest of an edited file is another
	i := 0
	for _, f := range b.Pkg.Files {
		for j := range f.Syntax.Decls {
			d := &b.root.decls[i]
			i++
			if old := base.root.decl(d.pos); old != nil && old.Decl == d.Decl {
				d.same, stays[old.index] = old, true
				if j == 0 {
					files[base.Pkg.FileOf(d.pos)] = f
				}
			}
			if fn := b.frames[d.Decl]; fn != nil {
				old := base.frames[d.Decl]
				if old == nil && fn.Obj != nil {
					old = base.byObj[fn.Obj] // with another body
				}
				if old != nil {
					b.twins[old.index] = fn
				}
			}
		}
	}
	for i := range base.root.decls {
		if !stays[i] {
			b.gone = append(b.gone, &base.root.decls[i])
		}
	}
	b.copyFrames(stays, files)
	b.copyOps(stays)
}

// copyFrames makes the frames of the literals that stay, and gives all that stay
// room for their operations, and their calls.
func (b *builder) copyFrames(stays []bool, files map[*refactor.File]*refactor.File) {
	room := make([]*Op, len(b.base.walked.ops))
	literals := make([]Func, len(b.base.Funcs)-len(b.frames))
	for i := range b.base.root.decls {
		d := &b.base.root.decls[i]
		if !stays[i] {
			continue
		}
		for _, n := range b.base.nodes[d.walked[0].nodes:d.walked[1].nodes] {
			old := n.fn
			if old == nil || old.Node() != n.node {
				continue
			}
			if old.Lit != nil {
				fn := &literals[0]
				literals = literals[1:]
				*fn = Func{Lit: old.Lit, Type: old.Type, Body: old.Body, File: files[old.File], Use: old.written, written: old.written, model: b.Model}
				if old.Outer != nil {
					fn.Outer = b.twins[old.Outer.index] // which comes first
				}
				b.twins[old.index] = fn
			}
			b.twins[old.index].Ops, room = room[:0:len(old.Ops)], room[len(old.Ops):]
		}
	}
	for i, old := range b.base.Funcs {
		if fn := b.twins[i]; fn != nil {
			fn.calls, fn.recv = staying(b.Model, old.calls), old.recv
		}
	}
}

// copyOps copies the operations that stay.
func (b *builder) copyOps(stays []bool) {
	copies := make([]Op, len(b.base.walked.ops))
	for i := range b.base.root.decls {
		if !stays[i] {
			continue
		}
		d := &b.base.root.decls[i]
		for _, old := range b.base.walked.ops[d.walked[0].ops:d.walked[1].ops] {
			op := &copies[old.index]
			*op = *old
			op.Fn = b.twins[old.Fn.index]
			op.Callee = nil
			if old.Callee != nil && !old.dynamic {
				op.Callee = b.twins[old.Callee.index]
			}
			if !op.apart {
				op.Fn.Ops = append(op.Fn.Ops, op)
			}
			b.copies[old.index] = op
		}
	}
	room := make([]*Op, len(copies))
	for obj, list := range b.base.ops {
		n := 0
		for _, old := range list {
			if op := b.copies[old.index]; op != nil {
				room[n] = op
				n++
			}
		}
		if n > 0 {
			b.ops[obj], room = room[:n:n], room[n:]
		}
	}
}

// copy takes over what the walk over a declaration has come by.
func (b *builder) copy(d *declaration) {
	d.walked[0] = b.mark()
	w := b.base.between(d.same.walked[0], d.same.walked[1])
	for _, n := range w.nodes {
		var fn *Func
		if n.fn != nil {
			fn = b.twins[n.fn.index]
		}
		b.frame(n.node, fn)
	}
	for _, old := range w.ops {
		op := b.copies[old.index]
		op.index = len(b.walked.ops)
		b.walked.ops = append(b.walked.ops, op)
	}
	for _, old := range w.spawns {
		s := &Spawn{Kind: old.Kind, Stmt: old.Stmt, Call: old.Call, Fn: b.twins[old.Fn.index], Group: old.Group}
		b.spawns = append(b.spawns, s)
		s.Fn.Spawns = append(s.Fn.Spawns, s)
	}
	for _, old := range w.sleeps {
		s := *old
		s.Fn = b.twins[old.Fn.index]
		b.sleeps = append(b.sleeps, &s)
		s.Fn.Sleeps = append(s.Fn.Sleeps, &s)
	}
	b.bindings = append(b.bindings, w.bindings...)
	b.links = append(b.links, w.links...)
	b.assigned = append(b.assigned, w.assigned...)
	b.stores = append(b.stores, w.stores...)
	b.interfaces = append(b.interfaces, w.interfaces...)
	b.finalizers = append(b.finalizers, w.finalizers...)
	b.recovers = append(b.recovers, w.recovers...)
	b.bubbled = append(b.bubbled, w.bubbled...)
	d.walked[1] = b.mark()
}

// reorder puts in source order what the walk over the declarations that differ
// has added to the operations and calls that stay.
func (b *builder) reorder() {
	if b.base == nil {
		return
	}
	index := func(n ast.Node) int { return b.root.decl(n.Pos()).index }
	for d := range b.differing() {
		for _, op := range b.walked.ops[d.walked[0].ops:d.walked[1].ops] {
			slices.SortStableFunc(b.ops[op.Ref.Obj], func(x, y *Op) int { return cmp.Compare(x.index, y.index) })
		}
	}
	for _, f := range b.touched {
		slices.SortStableFunc(f.calls, func(x, y *ast.CallExpr) int { return cmp.Compare(index(x), index(y)) })
	}
}
