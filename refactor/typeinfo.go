package refactor

import (
	"go/ast"
	"go/types"
	"iter"
	"maps"
	"slices"
)

// A TypeInfo is what the type checker knows of the syntax of a package, as
// [types.Info] has it. Where a package takes most over from another it is in
// layers, so that nothing need be copied.
type TypeInfo struct {
	Types      Facts[ast.Expr, types.TypeAndValue]
	Defs, Uses Facts[*ast.Ident, types.Object]
	Implicits  Facts[ast.Node, types.Object]
	Selections Facts[*ast.SelectorExpr, *types.Selection]
	Scopes     Facts[ast.Node, *types.Scope]
	InitOrder  []*types.Initializer
}

// Facts are what is known of one kind of syntax.
type Facts[K interface {
	comparable
	ast.Node
}, V any] struct {
	base map[K]V
	over map[K]V    // of what was checked since
	gone []ast.Node // what base knows of, but is not there any more
}

// Of returns what is known of a node, the zero value if that is nothing.
func (f Facts[K, V]) Of(n K) V {
	if len(f.over) > 0 {
		if v, ok := f.over[n]; ok {
			return v
		}
	}
	return f.base[n]
}

// Find returns what is known of a node, if anything is.
func (f Facts[K, V]) Find(n K) (V, bool) {
	if v, ok := f.over[n]; ok {
		return v, true
	}
	v, ok := f.base[n]
	return v, ok
}

// All yields all nodes of which something is known, in no order.
func (f Facts[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for n, v := range f.over {
			if !yield(n, v) {
				return
			}
		}
		for n, v := range f.base {
			if !within(f.gone, n) && !yield(n, v) {
				return
			}
		}
	}
}

// whole returns what a check of all files has found.
func whole(info *types.Info) *TypeInfo {
	return &TypeInfo{
		Types:      Facts[ast.Expr, types.TypeAndValue]{base: info.Types},
		Defs:       Facts[*ast.Ident, types.Object]{base: info.Defs},
		Uses:       Facts[*ast.Ident, types.Object]{base: info.Uses},
		Implicits:  Facts[ast.Node, types.Object]{base: info.Implicits},
		Selections: Facts[*ast.SelectorExpr, *types.Selection]{base: info.Selections},
		Scopes:     Facts[ast.Node, *types.Scope]{base: info.Scopes},
		InitOrder:  info.InitOrder,
	}
}

// with returns what is known once more was checked, and some of the syntax is gone.
func (i *TypeInfo) with(more *types.Info, gone []ast.Node) *TypeInfo {
	return &TypeInfo{
		Types:      i.Types.with(more.Types, gone),
		Defs:       i.Defs.with(more.Defs, gone),
		Uses:       i.Uses.with(more.Uses, gone),
		Implicits:  i.Implicits.with(more.Implicits, gone),
		Selections: i.Selections.with(more.Selections, gone),
		Scopes:     i.Scopes.with(more.Scopes, gone),
		InitOrder:  i.InitOrder,
	}
}

func (f Facts[K, V]) with(more map[K]V, gone []ast.Node) Facts[K, V] {
	if len(f.over) > 0 {
		over := maps.Clone(f.over)
		maps.DeleteFunc(over, func(n K, _ V) bool { return within(gone, n) })
		maps.Copy(over, more)
		more = over
	}
	return Facts[K, V]{f.base, more, slices.Concat(f.gone, gone)}
}

func within(all []ast.Node, n ast.Node) bool {
	return slices.ContainsFunc(all, func(a ast.Node) bool { return a.Pos() <= n.Pos() && n.Pos() < a.End() })
}

// TypeOf returns the type of an expression, or nil, as [types.Info.TypeOf] does.
func (i *TypeInfo) TypeOf(e ast.Expr) types.Type {
	if t, ok := i.Types.Find(e); ok {
		return t.Type
	}
	if id, ok := e.(*ast.Ident); ok {
		if obj := i.ObjectOf(id); obj != nil {
			return obj.Type()
		}
	}
	return nil
}

// ObjectOf returns what an identifier defines or uses, or nil, as
// [types.Info.ObjectOf] does.
func (i *TypeInfo) ObjectOf(id *ast.Ident) types.Object {
	if obj := i.Defs.Of(id); obj != nil {
		return obj
	}
	return i.Uses.Of(id)
}

// PkgNameOf returns the name that an import declares, or nil, as
// [types.Info.PkgNameOf] does.
func (i *TypeInfo) PkgNameOf(spec *ast.ImportSpec) *types.PkgName {
	var obj types.Object
	if spec.Name != nil {
		obj = i.Defs.Of(spec.Name)
	} else {
		obj = i.Implicits.Of(spec)
	}
	name, _ := obj.(*types.PkgName)
	return name
}
