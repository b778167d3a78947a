package chanflow

import (
	"cmp"
	"go/ast"
	"go/types"
	"iter"
	"maps"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// mentions are the identifiers that refer to channels and to functions.
type mentions struct {
	chans map[types.Object][]*ast.Ident // variables and fields, in the order of the files
	funcs map[types.Object]int          // how many there are
}

type mentionsKey struct{}

func (m *Model) mentions() *mentions {
	return m.Pkg.Memo(mentionsKey{}, func() any {
		if m.base != nil {
			return m.renewMentions()
		}
		x := &mentions{chans: make(map[types.Object][]*ast.Ident), funcs: make(map[types.Object]int, len(m.Funcs))}
		for id, obj := range m.Pkg.Info.Uses.All() { // which is less than the syntax
			if v, f := m.mention(obj); v != nil {
				x.chans[v] = append(x.chans[v], id)
			} else if f != nil {
				x.funcs[f]++
			}
		}
		for _, ids := range x.chans {
			slices.SortFunc(ids, m.root.compare)
		}
		return x
	}).(*mentions)
}

// mention returns the channel variable, or the function of the package, that an
// identifier refers to; nil if it is neither.
func (m *Model) mention(obj types.Object) (v, f types.Object) {
	switch obj := obj.(type) {
	case *types.Var:
		if IsChan(obj.Type()) != nil {
			return obj.Origin(), nil
		}
	case *types.Func:
		if m.Pkg.Declares(obj) {
			return nil, obj.Origin()
		}
	}
	return nil, nil
}

func (m *Model) renewMentions() *mentions {
	count := maps.Clone(m.base.mentions().funcs)
	for _, d := range m.gone {
		ast.Inspect(d.Decl, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if _, f := m.base.mention(m.base.Pkg.Info.Uses.Of(id)); f != nil {
					count[f]--
				}
			}
			return true
		})
	}
	chans := renewed(m, func(m *Model) map[types.Object][]*ast.Ident { return m.mentions().chans }, func(d *declaration, add func(types.Object, *ast.Ident)) {
		ast.Inspect(d.Decl, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if v, f := m.mention(m.Pkg.Info.Uses.Of(id)); v != nil {
					add(v, id)
				} else if f != nil {
					count[f]++
				}
			}
			return true
		})
	})
	return &mentions{chans, count}
}

// usesOf returns where a channel variable or field is used, in the order of the
// files: the identifier or selector. A field in a composite literal is none.
func (m *Model) usesOf(obj types.Object) []inspector.Cursor {
	type key struct{ obj types.Object }
	return m.Pkg.Memo(key{obj}, func() any {
		var out []inspector.Cursor
		for _, id := range m.mentions().chans[obj] {
			cur, ok := m.root.FindNode(id)
			if !ok {
				continue
			}
			switch k, _ := cur.ParentEdge(); {
			case k == edge.SelectorExpr_Sel:
				cur = cur.Parent()
			case k == edge.KeyValueExpr_Key && isField(obj):
				continue
			}
			out = append(out, cur)
		}
		return out
	}).([]inspector.Cursor)
}

// compare compares two nodes by their place in the files.
func (t *tree) compare(a, b *ast.Ident) int {
	if x, y := t.decl(a.Pos()), t.decl(b.Pos()); x != nil && y != nil && x.index != y.index {
		return cmp.Compare(x.index, y.index)
	}
	return cmp.Compare(a.Pos(), b.Pos())
}

// local reports whether the object is declared inside a declaration of the
// package, and can be referred to only there.
func local(obj types.Object, pkg *types.Package) bool {
	return obj.Pkg() == pkg && obj.Parent() != nil && obj.Parent() != pkg.Scope()
}

// within yields the nodes of the given types where the object can be referred
// to.
func (m *Model) within(obj types.Object, types ...ast.Node) iter.Seq[inspector.Cursor] {
	if d := m.root.decl(obj.Pos()); d != nil && local(obj, m.Pkg.Types) {
		return d.cursor().Preorder(types...)
	}
	return m.root.Preorder(types...)
}
