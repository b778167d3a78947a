// Package load finds packages with the go command and type-checks them from
// source. It is the one part of the engine that does I/O.
//
// The go command is asked for metadata only (no compilation, no export data):
// that is fast on a cold build cache and works when a dependency is broken.
// Dependencies are then checked without function bodies, each once per
// [Graph]; only the packages that are looked at are checked in full.
package load

import (
	"context"
	"errors"
	"fmt"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/packages"
)

// Config says where and how packages are looked for.
type Config struct {
	Dir        string            // directory in which the go command runs
	Env        []string          // its environment; nil means this process's
	BuildFlags []string          // such as -tags=integration
	Tests      bool              // include test files and test packages
	Overlay    map[string][]byte // contents of unsaved files by absolute path
}

const mode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles |
	packages.NeedImports | packages.NeedDeps | packages.NeedModule | packages.NeedForTest |
	packages.NeedTypesSizes

// A Graph is the metadata of some packages and their dependencies, together
// with the types of the dependencies checked so far. It is safe for concurrent
// use; its metadata never changes.
type Graph struct {
	cfg   Config
	roots []*Meta
	metas map[string]*Meta // by ID
	sizes types.Sizes

	mu    sync.Mutex
	decls map[string]*decl          // dependencies checked without bodies, by ID
	extra map[string]*types.Package // packages outside the graph, by path
}

// Meta is what the go command says of one package.
type Meta struct {
	ID      string // "p", or "p [p.test]" for the variant with in-package tests
	Path    string // import path
	Name    string
	Dir     string
	Files   []string // absolute paths of the Go files to compile, before cgo
	ForTest string   // import path of the package under test, for test variants
	Errors  []Error  // what the go command complains of

	imports   map[string]*Meta // by path as written in the source
	goVersion string           // of the module, "go1.22"
	main      bool             // in a main module (or in none), not a dependency
	std       bool
}

// Error is a problem with a package, in the words of the go command or the
// parser.
type Error struct {
	Pos string // "file:line:column", or empty
	Msg string
}

func (e Error) Error() string {
	if e.Pos == "" || e.Pos == "-" {
		return e.Msg
	}
	return e.Pos + ": " + e.Msg
}

// Load asks the go command for the packages that match the patterns. The error
// is not nil only if the go command could not be run or answered nothing of
// use; problems of single packages are in their Meta.
func Load(ctx context.Context, cfg Config, patterns ...string) (*Graph, error) {
	abs, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	cfg.Dir = abs
	if cfg.Env == nil {
		cfg.Env = os.Environ()
	}
	found, err := goList(ctx, cfg, patterns)
	if err != nil {
		return nil, err
	}
	g := &Graph{cfg: cfg, metas: make(map[string]*Meta), decls: make(map[string]*decl), extra: make(map[string]*types.Package)}
	for _, p := range found {
		if g.sizes == nil {
			g.sizes = p.TypesSizes
		}
		m := g.add(p)
		if !strings.HasSuffix(p.PkgPath, ".test") || len(m.Files) == 0 || p.Name != "main" {
			g.roots = append(g.roots, m) // a generated test main is nobody's source
		}
	}
	if g.sizes == nil {
		g.sizes = types.SizesFor("gc", runtime.GOARCH)
	}
	g.roots = widest(g.roots)
	return g, nil
}

func goList(ctx context.Context, cfg Config, patterns []string) ([]*packages.Package, error) {
	found, err := packages.Load(&packages.Config{
		Context:    ctx,
		Mode:       mode,
		Dir:        cfg.Dir,
		Env:        cfg.Env,
		BuildFlags: cfg.BuildFlags,
		Tests:      cfg.Tests,
		Overlay:    cfg.Overlay, // free without NeedTypes
	}, patterns...)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b *packages.Package) int { return strings.Compare(a.ID, b.ID) })
	return found, nil
}

// add records the metadata of p and of all that it imports.
func (g *Graph) add(p *packages.Package) *Meta {
	if m := g.metas[p.ID]; m != nil {
		return m
	}
	m := &Meta{
		ID: p.ID, Path: p.PkgPath, Name: p.Name, Dir: p.Dir, ForTest: p.ForTest,
		Files:   sources(p),
		imports: make(map[string]*Meta, len(p.Imports)),
		main:    p.Module == nil || p.Module.Main,
		std:     p.Module == nil && !strings.Contains(firstElement(p.PkgPath), "."),
	}
	g.metas[p.ID] = m
	if p.Module != nil && p.Module.GoVersion != "" {
		m.goVersion = "go" + p.Module.GoVersion
	}
	for _, e := range p.Errors {
		if e.Kind != packages.TypeError {
			m.Errors = append(m.Errors, Error{e.Pos, e.Msg})
		}
	}
	for path, dep := range p.Imports {
		m.imports[path] = g.add(dep)
	}
	return m
}

// sources lists what a person wrote: the go command names generated files in
// the build cache in place of those that import "C", so GoFiles, which keeps
// them, is taken for a package with cgo.
func sources(p *packages.Package) []string {
	files := p.CompiledGoFiles
	if len(p.GoFiles) > 0 {
		files = p.GoFiles
	}
	var out []string
	for _, f := range files {
		if strings.HasSuffix(f, ".go") {
			out = append(out, f)
		}
	}
	return out
}

func firstElement(path string) string {
	first, _, _ := strings.Cut(path, "/")
	return first
}

// widest drops the roots whose files all belong to another variant of the same
// package: "p" where "p [p.test]" has its files and the in-package tests too.
func widest(roots []*Meta) []*Meta {
	byPath := make(map[string]*Meta)
	for _, m := range roots {
		if old := byPath[m.Path]; old == nil || len(m.Files) > len(old.Files) {
			byPath[m.Path] = m
		}
	}
	return slices.SortedFunc(maps.Values(byPath), func(a, b *Meta) int { return strings.Compare(a.ID, b.ID) })
}

// Roots returns the packages that the patterns matched, each in its widest
// variant, ordered by ID.
func (g *Graph) Roots() []*Meta { return g.roots }

// Containing returns the widest of the root packages that hold the file, or nil.
func (g *Graph) Containing(file string) *Meta {
	for _, m := range g.roots {
		if slices.Contains(m.Files, file) {
			return m
		}
	}
	return nil
}

// WithOverlay returns a graph with the same metadata, in which the files have
// the contents of the overlay, which replaces the former one. Types of packages
// that neither hold a file whose contents differ, nor depend on one that does,
// are shared with g.
func (g *Graph) WithOverlay(overlay map[string][]byte) *Graph {
	n := &Graph{cfg: g.cfg, roots: g.roots, metas: g.metas, sizes: g.sizes, decls: make(map[string]*decl)}
	n.cfg.Overlay = overlay
	changed := make(map[string]bool)
	for name, src := range overlay {
		if old, ok := g.cfg.Overlay[name]; !ok || string(old) != string(src) {
			changed[name] = true
		}
	}
	for name := range g.cfg.Overlay {
		if _, ok := overlay[name]; !ok {
			changed[name] = true
		}
	}
	stale := make(map[*Meta]bool)
	var isStale func(m *Meta) bool
	isStale = func(m *Meta) bool {
		if s, ok := stale[m]; ok {
			return s
		}
		stale[m] = false // import cycles are errors; do not loop on them
		s := slices.ContainsFunc(m.Files, func(f string) bool { return changed[f] })
		for _, dep := range m.imports {
			s = s || isStale(dep)
		}
		stale[m] = s
		return s
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	n.extra = maps.Clone(g.extra)
	for id, d := range g.decls {
		if m := g.metas[id]; m != nil && !isStale(m) {
			n.decls[id] = d
		}
	}
	return n
}

// Source returns the contents of a file: the overlay's, or the disk's.
func (g *Graph) Source(name string) ([]byte, error) {
	if src, ok := g.cfg.Overlay[name]; ok {
		return src, nil
	}
	return os.ReadFile(name)
}

var errNoGo = errors.New("no Go files")

// importMissing type-checks a package that is not in the graph, such as "sync"
// for a fix that adds its import.
func (g *Graph) importMissing(path string) (*types.Package, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if pkg, ok := g.extra[path]; ok {
		if pkg == nil {
			return nil, fmt.Errorf("package %s is not available", path)
		}
		return pkg, nil
	}
	g.extra[path] = nil
	cfg := g.cfg
	cfg.Tests, cfg.Overlay = false, nil
	other, err := Load(context.Background(), cfg, path)
	if err != nil {
		return nil, err
	}
	if len(other.roots) != 1 || other.roots[0].Name == "" {
		return nil, fmt.Errorf("package %s is not available", path)
	}
	pkg, err := other.declarations(other.roots[0])
	if err != nil {
		return nil, err
	}
	g.extra[path] = pkg
	return pkg, nil
}
