package load

import (
	"go/types"
	"iter"
	"maps"
	"slices"
)

// Most of what a package imports is used in function bodies only. What its types
// mention is little, and what these mention in turn is all of a dependency that
// is ever read: of 475 dependencies of a server, some 80.

// mentionedBy returns the paths of the other packages that a package cannot be
// described without: those of the objects that its exported declarations lead to
// within the package.
func mentionedBy(pkg *types.Package) []string {
	w := &mentioning{pkg: pkg, paths: make(map[string]bool), seen: make(map[types.Type]bool)}
	for _, name := range pkg.Scope().Names() {
		if obj := pkg.Scope().Lookup(name); obj.Exported() {
			w.visit(obj.Type())
		}
	}
	return slices.Sorted(maps.Keys(w.paths))
}

// A mentioning is a walk through the types of a package. It enters no other one.
type mentioning struct {
	pkg   *types.Package
	paths map[string]bool
	seen  map[types.Type]bool
}

// of notes the package of an object and reports whether it is the one at hand.
func (w *mentioning) of(obj types.Object) bool {
	pkg := obj.Pkg()
	if pkg != nil && pkg != w.pkg && pkg != types.Unsafe {
		w.paths[pkg.Path()] = true
	}
	return pkg == w.pkg
}

func (w *mentioning) visit(t types.Type) {
	if t == nil || w.seen[t] {
		return
	}
	w.seen[t] = true
	switch t := t.(type) {
	case *types.Alias:
		visitAll(w, t.TypeArgs().Types())
		if w.of(t.Obj()) {
			visitAll(w, t.TypeParams().TypeParams())
			w.visit(t.Rhs())
		}
	case *types.Named:
		visitAll(w, t.TypeArgs().Types())
		if t != t.Origin() {
			w.visit(t.Origin())
		} else if w.of(t.Obj()) {
			visitAll(w, t.TypeParams().TypeParams())
			w.visit(t.Underlying())
			for m := range t.Methods() {
				w.visit(m.Type())
			}
		}
	case *types.TypeParam:
		if w.of(t.Obj()) {
			w.visit(t.Constraint())
		}
	case *types.Map:
		w.visit(t.Key())
		w.visit(t.Elem())
	case interface{ Elem() types.Type }: // a pointer, slice, array or channel
		w.visit(t.Elem())
	case *types.Tuple:
		for v := range t.Variables() {
			w.visit(v.Type())
		}
	case *types.Signature:
		visitAll(w, t.TypeParams().TypeParams())
		visitAll(w, t.RecvTypeParams().TypeParams())
		w.visit(t.Params())
		w.visit(t.Results())
	case *types.Struct:
		for f := range t.Fields() {
			w.of(f)
			w.visit(f.Type())
		}
	case *types.Interface:
		for m := range t.ExplicitMethods() {
			w.of(m)
			w.visit(m.Type())
		}
		visitAll(w, t.EmbeddedTypes())
	case *types.Union:
		for term := range t.Terms() {
			w.visit(term.Type())
		}
	}
}

func visitAll[T types.Type](w *mentioning, list iter.Seq[T]) {
	for t := range list {
		w.visit(t)
	}
}
