package edit

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
)

// Fresh returns the first of the names that is unused around the position, or
// else the first with the least number from 2 on that makes it so. Unused means
// that no identifier of the enclosing top-level declaration is spelled like it,
// that neither the package, nor the file (its imports), nor the universe
// declares it, and that this builder has not handed it out there before.
func (b *Builder) Fresh(at token.Pos, names ...string) string {
	f := b.file(at)
	if f == nil {
		return names[0]
	}
	var scope ast.Node = f.Syntax
	if d := declAt(f.File, at); d != nil {
		scope = d
	}
	given := b.names[scope]
	if given == nil {
		given = make(map[string]bool)
		b.names[scope] = given
	}
	used := make(map[string]bool)
	ast.Inspect(scope, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			used[id.Name] = true
		}
		return true
	})
	for _, name := range f.imports {
		used[name] = true
	}
	file := b.pkg.Info.Scopes.Of(f.Syntax)
	name := fresh(names, func(name string) bool {
		return used[name] || given[name] || b.pkg.Types.Scope().Lookup(name) != nil ||
			file != nil && file.Lookup(name) != nil || types.Universe.Lookup(name) != nil
	})
	given[name] = true
	return name
}

// FreshField returns the first of the names that is neither a field nor a
// method of the struct type, promoted ones included, or else the first with the
// least number from 2 on. It never returns a name for a type twice.
func (b *Builder) FreshField(st types.Type, names ...string) string {
	if p, ok := types.Unalias(st).(*types.Pointer); ok {
		st = p.Elem()
	}
	var key *types.TypeName
	if n, ok := types.Unalias(st).(*types.Named); ok {
		key = n.Origin().Obj()
	}
	given := b.fields[key]
	if given == nil {
		given = make(map[string]bool)
		b.fields[key] = given
	}
	name := fresh(names, func(name string) bool {
		obj, index, _ := types.LookupFieldOrMethod(st, true, b.pkg.Types, name)
		return obj != nil || index != nil || given[name]
	})
	given[name] = true
	return name
}

func fresh(names []string, used func(string) bool) string {
	for _, name := range names {
		if !used(name) {
			return name
		}
	}
	for i := 2; ; i++ {
		if name := names[0] + strconv.Itoa(i); !used(name) {
			return name
		}
	}
}
