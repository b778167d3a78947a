package edit

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strconv"

	"handshake/refactor"
)

// Import returns the name that qualifies what is used from the package with the
// given import path in the file that holds pos. The import is added if the file
// lacks it. The fix fails if the name means something else at pos.
func (b *Builder) Import(pos token.Pos, path string) string {
	f := b.file(pos)
	if f == nil {
		return ""
	}
	if name, ok := f.imports[path]; ok {
		return name
	}
	scope := b.pkg.Info.Scopes.Of(f.Syntax)
	if scope == nil {
		b.fail(fmt.Errorf("%s is not type-checked", f.Name))
		return ""
	}
	for _, spec := range f.Syntax.Imports {
		obj := b.importedBy(spec)
		if obj == nil || importPath(spec) != path {
			continue
		}
		if at := scope.Innermost(pos); at != nil {
			if _, other := at.LookupParent(obj.Name(), pos); other != nil && other != obj {
				b.fail(fmt.Errorf("%s does not mean package %s here: it is declared on line %d", obj.Name(), path, b.pkg.Fset.Position(other.Pos()).Line))
			}
		}
		return obj.Name()
	}
	pkg, err := b.pkg.Config.Importer.Import(path)
	if err != nil {
		b.fail(fmt.Errorf("package %s cannot be imported: %w", path, err))
		return ""
	}
	name := pkg.Name()
	f.imports[path] = name
	taken := func(what string) { b.fail(fmt.Errorf("package %s cannot be imported as %s: %s", path, name, what)) }
	if b.pkg.Types.Scope().Lookup(name) != nil {
		taken("the package declares that name")
	} else if scope.Lookup(name) != nil {
		taken("the file imports another package by that name")
	} else if at := scope.Innermost(pos); at != nil {
		if _, other := at.LookupParent(name, pos); other != nil && other.Parent() != types.Universe {
			taken(fmt.Sprintf("the name is declared on line %d", b.pkg.Fset.Position(other.Pos()).Line))
		}
	}
	for _, given := range b.names {
		if given[name] {
			taken("the fix uses that name for something else")
		}
	}
	return name
}

// importedBy returns the name that an import declares in its file; nil if it is
// blank or a dot, or the types are broken.
func (b *Builder) importedBy(spec *ast.ImportSpec) *types.PkgName {
	var obj types.Object
	if spec.Name != nil {
		if spec.Name.Name == "." || spec.Name.Name == "_" {
			return nil
		}
		obj = b.pkg.Info.Defs.Of(spec.Name)
	} else {
		obj = b.pkg.Info.Implicits.Of(spec)
	}
	name, _ := obj.(*types.PkgName)
	return name
}

func importPath(spec *ast.ImportSpec) string {
	path, _ := strconv.Unquote(spec.Path.Value)
	return path
}

// fixImports returns the source, which is f after the edits, without the
// imports that have lost their last use and with those that were asked for.
func (b *Builder) fixImports(f *file, src []byte) ([]byte, error) {
	n, err := reparse(f.Src) // with identifiers resolved, as they are below
	if err != nil {
		return nil, err
	}
	used := qualifiers(n.Syntax)
	type key struct{ name, path string } // name as written
	was := make(map[key]string)          // names of the imports that were used
	for _, spec := range f.Syntax.Imports {
		if obj := b.importedBy(spec); obj != nil && used[obj.Name()] {
			was[key{written(spec), spec.Path.Value}] = obj.Name()
		}
	}
	if n, err = reparse(src); err != nil {
		return nil, err
	}
	still := qualifiers(n.Syntax)
	for _, d := range n.Syntax.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.IMPORT {
			continue
		}
		var gone []ast.Node
		for _, s := range decl.Specs {
			spec := s.(*ast.ImportSpec)
			if name := was[key{written(spec), spec.Path.Value}]; name != "" && !still[name] {
				gone = append(gone, spec)
			}
		}
		if len(gone) == len(decl.Specs) && len(n.inside(n.off(decl.Pos()), n.off(decl.End()), "")) == 0 {
			gone = []ast.Node{decl}
		}
		for _, spec := range gone {
			n.delete(spec)
		}
	}
	if src, err = n.perform(); err != nil {
		return nil, err
	}
	for _, path := range slices.Sorted(maps.Keys(f.imports)) {
		if n, err = reparse(src); err != nil {
			return nil, err
		}
		if !still[f.imports[path]] {
			continue // the rule asked for it and then did without
		}
		n.addImport(path, f.imports[path])
		if src, err = n.perform(); err != nil {
			return nil, err
		}
	}
	return src, nil
}

func written(spec *ast.ImportSpec) string {
	if spec.Name == nil {
		return ""
	}
	return spec.Name.Name
}

// qualifiers returns the names that stand before the dot of a selector and that
// nothing in the file declares: those of imported packages.
func qualifiers(syntax *ast.File) map[string]bool {
	free := make(map[*ast.Ident]bool)
	for _, id := range syntax.Unresolved {
		free[id] = true
	}
	names := make(map[string]bool)
	ast.Inspect(syntax, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && free[id] {
				names[id.Name] = true
			}
		}
		return true
	})
	return names
}

// reparse returns the source as a file to edit again.
func reparse(src []byte) (*file, error) {
	tok, syntax, err := parse(src)
	if err != nil {
		return nil, err
	}
	f := &refactor.File{Src: src, Syntax: syntax, Tok: tok}
	return &file{File: f, comments: commentsOf(f)}, nil
}
