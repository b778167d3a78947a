package load

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"sync"
	"unicode/utf8"

	"handshake/refactor"
)

// A decl is a dependency, checked once without function bodies.
type decl struct {
	once sync.Once
	pkg  *types.Package
	err  error
}

// declarations returns the types that m declares. Its dependencies are checked
// first, in parallel. The error is not nil only if there is nothing to import.
func (g *Graph) declarations(m *Meta) (*types.Package, error) {
	if m.Path == "unsafe" {
		return types.Unsafe, nil
	}
	g.mu.Lock()
	d := g.decls[m.ID]
	if d == nil {
		d = new(decl)
		g.decls[m.ID] = d
	}
	g.mu.Unlock()
	d.once.Do(func() { d.pkg, d.err = g.checkDeclarations(m) })
	return d.pkg, d.err
}

func (g *Graph) checkDeclarations(m *Meta) (*types.Package, error) {
	g.prefetch(m)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range m.Files {
		src, err := g.Source(name)
		if err != nil {
			continue // the rest may do; what is missing shows as a type error
		}
		f, _ := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
		if f == nil {
			continue
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				fn.Body = nil // free it before the next file is read
			}
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, errNoGo
	}
	config := g.config(m)
	config.IgnoreFuncBodies = true
	pkg, _ := config.Check(m.Path, fset, files, nil) // a broken dependency is still worth importing
	return pkg, nil
}

// prefetch checks the dependencies of m in parallel. The goroutines are bounded
// by the depth-first order of the graph, not by a count: sync.Once in
// declarations makes each package the work of one of them.
func (g *Graph) prefetch(m *Meta) {
	var wg sync.WaitGroup
	for _, dep := range m.imports {
		wg.Go(func() { g.declarations(dep) }) // the importer asks again and gets the error
	}
	wg.Wait()
}

// config returns what m is checked with.
func (g *Graph) config(m *Meta) types.Config {
	return types.Config{
		GoVersion:   m.goVersion,
		Sizes:       g.sizes,
		FakeImportC: true,
		Error:       func(error) {},
		Importer: importer(func(path string) (*types.Package, error) {
			if path == "unsafe" {
				return types.Unsafe, nil
			}
			if dep := m.imports[path]; dep != nil {
				return g.declarations(dep)
			}
			// An import that the metadata does not know: the file changed since,
			// or a fix adds it. Any variant in the graph will do but a test's.
			if dep := g.metas[path]; dep != nil {
				return g.declarations(dep)
			}
			return g.importMissing(path)
		}),
	}
}

type importer func(string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }

// MayMatter reports whether any file of the package passes the syntactic gate;
// if not, no rule has anything to say and it need not be type-checked.
func (g *Graph) MayMatter(m *Meta) bool {
	for _, name := range m.Files {
		if src, err := g.Source(name); err == nil && refactor.MayMatter(src) {
			return true
		}
	}
	return false
}

// Package parses and type-checks one package in full. Errors in its sources do
// not fail it: they are in Package.Errors, and files that do not parse are
// read-only. The error is not nil only if no file could be read.
func (g *Graph) Package(ctx context.Context, m *Meta) (*refactor.Package, error) {
	g.prefetch(m)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var files []*refactor.File
	var problem error
	for _, name := range m.Files {
		src, err := g.Source(name)
		if err != nil {
			problem = err
			continue
		}
		syntax, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if syntax == nil {
			problem = err
			continue
		}
		f := &refactor.File{Name: name, Src: src, Syntax: syntax, Tok: fset.File(syntax.FileStart)}
		f.ReadOnly = readOnly(m, f, err)
		files = append(files, f)
	}
	if len(files) == 0 {
		if problem == nil {
			problem = errNoGo
		}
		return nil, fmt.Errorf("%s: %w", m.Path, problem)
	}
	return refactor.Check(m.ID, m.Path, fset, files, g.config(m)), nil
}

// readOnly returns the reason why a file must not be edited, or "".
func readOnly(m *Meta, f *refactor.File, parseError error) string {
	switch {
	case parseError != nil:
		return "it does not parse: " + parseError.Error()
	case !m.main:
		return "it belongs to a dependency"
	case ast.IsGenerated(f.Syntax):
		return "it is generated"
	case strings.Contains(filepath.ToSlash(f.Name), "/vendor/"):
		return "it is vendored"
	case !utf8.Valid(f.Src):
		return "it is not UTF-8"
	case bytes.Contains(f.Src, []byte("\n//line ")) || bytes.Contains(f.Src, []byte("\n/*line ")):
		return "it has line directives"
	case importsC(f.Syntax):
		return "it uses cgo"
	}
	return ""
}

// importsC reports whether the file imports "C": without running cgo the types
// of what it calls there are unknown.
func importsC(f *ast.File) bool {
	for _, spec := range f.Imports {
		if spec.Path.Value == `"C"` {
			return true
		}
	}
	return false
}
