package chanflow

import (
	"cmp"
	"go/ast"
	"go/types"
	"iter"
	"slices"
)

// renewed returns what the declarations hold of each variable, in the order of
// the files. In adds what is in one declaration. Where the package has a base,
// what its model knows of the declarations that stay is taken over.
func renewed[N ast.Node](m *Model, of func(*Model) map[types.Object][]N, in func(d *declaration, add func(types.Object, N))) map[types.Object][]N {
	out := make(map[types.Object][]N)
	for obj, list := range inherited(m, of) {
		if list = staying(m, list); len(list) > 0 {
			out[obj] = list
		}
	}
	changed := make(map[types.Object]bool)
	for d := range m.differing() {
		in(d, func(obj types.Object, n N) {
			out[obj] = append(out[obj], n)
			changed[obj] = true
		})
	}
	if m.base != nil {
		for obj := range changed {
			slices.SortStableFunc(out[obj], func(a, b N) int {
				return cmp.Compare(m.root.decl(a.Pos()).index, m.root.decl(b.Pos()).index)
			})
		}
	}
	return out
}

func inherited[N ast.Node](m *Model, of func(*Model) map[types.Object][]N) map[types.Object][]N {
	if m.base == nil {
		return nil
	}
	return of(m.base)
}

// staying returns the nodes of the base that are still there. The list is not
// changed, nor by those who append to the result.
func staying[N ast.Node](m *Model, list []N) []N {
	gone := func(n N) bool {
		return slices.ContainsFunc(m.gone, func(d *declaration) bool { return d.pos <= n.Pos() && n.Pos() < d.end })
	}
	if slices.ContainsFunc(list, gone) {
		return slices.DeleteFunc(slices.Clone(list), gone)
	}
	return slices.Clip(list)
}

// differing yields the declarations that are not those of the base: all if there
// is none.
func (m *Model) differing() iter.Seq[*declaration] {
	return func(yield func(*declaration) bool) {
		for i := range m.root.decls {
			if d := &m.root.decls[i]; d.same == nil && !yield(d) {
				return
			}
		}
	}
}
