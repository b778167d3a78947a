package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"
	"sync"

	"handshake/refactor"
)

// A decl is a dependency, read from the cache or checked without function
// bodies, once.
type decl struct {
	once   sync.Once
	pkg    *types.Package
	err    error
	cached bool

	mentioning sync.Once
	closure    []*types.Package // see Graph.closure
}

// declarations returns the types that m declares. What these mention comes first,
// in parallel. The error is not nil only if there is nothing to import.
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
	d.once.Do(func() {
		p := g.print(m)
		if p.ok {
			d.pkg, d.closure = g.readExport(m, p.key)
			d.cached = d.pkg != nil
		}
		if !d.cached {
			d.pkg, d.err = g.checkDeclarations(m, p)
		}
	})
	return d.pkg, d.err
}

// checkDeclarations checks m from source. What has nothing to complain of goes
// into the cache.
func (g *Graph) checkDeclarations(m *Meta, p *print) (*types.Package, error) {
	fset := token.NewFileSet()
	var files []*ast.File
	sound := true
	read := make(map[string][]byte) // the files, if they must be compared with p
	used := make(map[string]bool)   // the imports that declarations use
	for _, name := range m.Files {
		src, err := g.Source(name)
		if err != nil {
			continue // the rest may do; what is missing shows as a type error
		}
		if p.ok {
			read[name] = src
		}
		f, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
		sound = sound && err == nil
		if f == nil {
			continue
		}
		sound = sound && m.knows(f.Imports)
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				// Free it before the next file is read. Without any body, init and
				// generic functions would be wrong.
				fn.Body = &ast.BlockStmt{Lbrace: fn.Body.Lbrace, Rbrace: fn.Body.Lbrace}
			}
		}
		m.using(f, used)
		files = append(files, f)
	}
	if p.ok && !g.asKeyed(m, p, func(name string) ([]byte, bool) { src, ok := read[name]; return src, ok }) {
		g.changed.Store(true) // this package's key is wrong, and that of all that import it
	}
	if len(files) == 0 {
		return nil, errNoGo
	}
	var needed []*Meta
	for path, is := range used {
		if dep := m.imports[path]; is && dep != nil {
			needed = append(needed, dep)
		}
	}
	g.prefetch(needed)
	config := g.config(m)
	all := config.Importer
	config.Importer = importer(func(path string) (*types.Package, error) {
		if dep := m.imports[path]; dep != nil && dep.Name != "" && !used[path] {
			return dep.named(), nil // nobody will miss the rest
		}
		return all.Import(path)
	})
	config.IgnoreFuncBodies = true
	config.Error = func(error) { sound = false }
	pkg, _ := config.Check(m.Path, fset, files, nil) // a broken dependency is still worth importing
	if sound && p.ok && !g.changed.Load() {
		g.writeExport(p.key, pkg)
	}
	return pkg, nil
}

// knows reports whether the metadata, and with it the fingerprint of m, tells of
// all the imports.
func (m *Meta) knows(imports []*ast.ImportSpec) bool {
	return !slices.ContainsFunc(imports, func(spec *ast.ImportSpec) bool {
		path, err := strconv.Unquote(spec.Path.Value)
		return err != nil || path != "C" && path != "unsafe" && m.imports[path] == nil
	})
}

// using notes the paths of the imports that a file uses outside of function
// bodies, perhaps: a name may stand for something else.
func (m *Meta) using(f *ast.File, used map[string]bool) {
	names := make(map[string]bool)
	ast.Inspect(f, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok {
				names[id.Name] = true
			}
		}
		return true
	})
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		switch dep := m.imports[path]; {
		case spec.Name == nil && dep != nil:
			used[path] = used[path] || names[dep.Name]
		case spec.Name == nil:
			used[path] = true
		default:
			used[path] = used[path] || spec.Name.Name == "." || names[spec.Name.Name]
		}
	}
}

// prefetch gets dependencies in parallel, unless it is to leave the other
// processors alone. A dependency that needs others waits for them with its files
// in memory, so that there are no more goroutines than can be of use; none waits
// for another that waits for it, since imports have no cycles.
func (g *Graph) prefetch(deps []*Meta) {
	if g.cfg.Background {
		return // whoever needs them gets them one by one
	}
	var wg sync.WaitGroup
	for _, dep := range deps {
		select {
		case g.helpers <- struct{}{}:
			wg.Go(func() {
				defer func() { <-g.helpers }()
				g.declarations(dep) // the importer asks again and gets the error
			})
		default:
			g.declarations(dep)
		}
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
			dep, known := m.imports[path]
			if !known {
				// The file changed since the metadata was made, or a fix adds the
				// import.
				if dep = g.metas[path]; dep == nil || g.connect(m, dep) {
					return g.Import(path)
				}
			}
			if dep == nil || !known {
				return nil, fmt.Errorf("import cycle through %s", path)
			}
			return g.declarations(dep)
		}),
	}
}

// Import returns what a package declares: one of the graph, in the variant
// without tests, or another that the go command finds. It makes a Graph a
// [types.Importer] for code that is in no package of it.
func (g *Graph) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if m := g.metas[path]; m != nil {
		return g.declarations(m)
	}
	return g.importMissing(path)
}

// connect records that m imports dep, which the metadata does not tell, and
// reports whether that closes no cycle.
func (g *Graph) connect(m, dep *Meta) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	seen := make(map[*Meta]bool)
	var reaches func(*Meta) bool
	reaches = func(from *Meta) bool {
		if from == nil || seen[from] {
			return false
		}
		seen[from] = true
		if from == m {
			return true
		}
		for _, d := range from.imports {
			if reaches(d) {
				return true
			}
		}
		return slices.ContainsFunc(g.added[from], reaches)
	}
	if reaches(dep) {
		return false
	}
	if g.added == nil {
		g.added = make(map[*Meta][]*Meta)
	}
	g.added[m] = append(g.added[m], dep)
	return true
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
// not fail it: they are in Package.Errors (those of the parser first), and files
// that do not parse are read-only. The error is not nil only if no file could be read.
func (g *Graph) Package(ctx context.Context, m *Meta) (*refactor.Package, error) {
	g.prefetch(m.direct())
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var files []*refactor.File
	var broken []types.Error
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
		switch {
		case m.foreign != "":
			f.ReadOnly = m.foreign
		case err != nil:
			f.ReadOnly = doesNotParse + err.Error()
			broken = append(broken, parseErrors(fset, f, err)...)
		default:
			f.ReadOnly = cmp.Or(g.excluded(name), refactor.ReadOnly(f))
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		if problem == nil {
			problem = errNoGo
		}
		return nil, fmt.Errorf("%s: %w", m.Path, problem)
	}
	pkg := refactor.Check(m.ID, m.Path, fset, files, g.config(m))
	pkg.Errors = append(broken, pkg.Errors...)
	if len(m.excluded) > 0 {
		pkg.Excluded = func() map[string][]byte { return g.sourcesOf(m.excluded) }
	}
	return pkg, nil
}

// excluded returns why the configuration makes a file read-only, or "".
func (g *Graph) excluded(name string) string {
	if g.cfg.Exclude == nil {
		return ""
	}
	return g.cfg.Exclude(name)
}

// sourcesOf returns the contents of those of the files that can be read.
func (g *Graph) sourcesOf(files []string) map[string][]byte {
	out := make(map[string][]byte)
	for _, name := range files {
		if src, err := g.Source(name); err == nil {
			out[name] = src
		}
	}
	return out
}

const doesNotParse = "it does not parse: "

// Parses reports whether any file of the package parses.
func Parses(pkg *refactor.Package) bool {
	return slices.ContainsFunc(pkg.Files, func(f *refactor.File) bool { return !strings.HasPrefix(f.ReadOnly, doesNotParse) })
}

// Complaints returns the errors of a package that its author should see. Without
// running cgo some expressions that use C cannot be typed, so that of a package
// with cgo only syntax errors are sure.
func Complaints(pkg *refactor.Package) []types.Error {
	if !slices.ContainsFunc(pkg.Files, func(f *refactor.File) bool { return importsC(f.Syntax) }) {
		return pkg.Errors
	}
	return slices.DeleteFunc(slices.Clone(pkg.Errors), func(e types.Error) bool { return !strings.HasPrefix(e.Msg, syntaxError) })
}

func importsC(f *ast.File) bool {
	return slices.ContainsFunc(f.Imports, func(spec *ast.ImportSpec) bool { return spec.Path.Value == `"C"` })
}

const syntaxError = "syntax error: "

// parseErrors gives the errors of the parser the form of type errors.
func parseErrors(fset *token.FileSet, f *refactor.File, err error) []types.Error {
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		return []types.Error{{Fset: fset, Pos: f.Syntax.FileStart, Msg: syntaxError + err.Error()}}
	}
	var out []types.Error
	for _, e := range list {
		at := min(e.Pos.Offset, f.Tok.Size())
		out = append(out, types.Error{Fset: fset, Pos: f.Tok.Pos(at), Msg: syntaxError + e.Msg})
	}
	return out
}
