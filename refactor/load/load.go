// Package load finds packages with the go command and type-checks them from
// source. It is the one part of the engine that does I/O.
//
// The go command is asked for metadata only (no compilation, no export data):
// that is fast on a cold build cache and works when a dependency is broken.
// Dependencies are then needed once per [Graph], but for those that only function
// bodies use: those that an editor changes, and what depends on these, are checked
// without function bodies; all others are read from a [Cache], and checked only if
// it does not have them. Only the packages that are looked at are checked in full.
package load

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/types"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/tools/go/packages"
)

// Config says where and how packages are looked for.
type Config struct {
	Dir        string            // directory in which the go command runs
	Env        []string          // its environment, before Environ; nil means this process's
	BuildFlags []string          // such as -tags=integration
	Tests      bool              // include test files and test packages
	Overlay    map[string][]byte // contents of unsaved files by absolute path
	Cache      *Cache            // of what dependencies declare; may be nil
	Background bool              // dependencies are checked one after the other: nobody waits for them

	// Exclude, if not nil, returns why a file is read-only although it could be
	// edited, or "". It is asked at any time, and always answers the same.
	Exclude func(file string) string
}

const mode = packages.NeedName | packages.NeedFiles |
	packages.NeedImports | packages.NeedDeps | packages.NeedModule | packages.NeedForTest

// A Graph is the metadata of some packages and their dependencies, together
// with the types of the dependencies checked so far. It is safe for concurrent
// use; its metadata never changes.
type Graph struct {
	cfg   Config
	roots []*Meta
	metas map[string]*Meta // by ID
	sizes types.Sizes

	env       goEnv
	origin    Key // what all keys begin with
	cacheable bool
	changed   atomic.Bool // files were not as they were when their package got its key

	helpers chan struct{} // has what a goroutine takes that gets dependencies beside another

	mu     sync.Mutex
	decls  map[string]*decl  // dependencies checked without bodies, by ID
	prints map[*Meta]*print  // fingerprints of packages
	added  map[*Meta][]*Meta // imports that the metadata does not know
	extra  map[string]*Meta  // packages outside the graph and what they import, by ID; nil if not available
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

	excluded  []string         // Go files beside Files that the build leaves out
	imports   map[string]*Meta // by path as written in the source; nil closes a cycle
	complete  bool             // all of imports are there
	goVersion string           // of the module, "go1.22"
	foreign   string           // why it is not ours to change, or ""

	naming   sync.Once
	onlyName *types.Package // see named
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
	cfg.Env = Environ(cfg.Env)
	var env goEnv
	var envErr error
	var asked sync.WaitGroup
	asked.Go(func() { env, envErr = askEnv(ctx, cfg) })
	if cfg.Cache != nil {
		asked.Go(func() { tool() }) // it takes a while
	}
	found, err := goList(ctx, cfg, patterns)
	asked.Wait()
	if err := cmp.Or(err, envErr); err != nil {
		return nil, err
	}
	g := &Graph{
		cfg: cfg, sizes: types.SizesFor("gc", env.GOARCH), env: env,
		metas: make(map[string]*Meta), decls: make(map[string]*decl), prints: make(map[*Meta]*print), extra: make(map[string]*Meta),
		helpers: make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
	if cfg.Cache != nil {
		g.origin, g.cacheable = env.origin()
	}
	for _, p := range found {
		m := add(p, g.metas)
		m.foreign = env.foreign(p, cfg.Dir)
		if strings.HasSuffix(p.PkgPath, ".test") && p.Name == "main" && len(m.Files) == 0 {
			continue // a generated test main, which is nobody's source
		}
		g.roots = append(g.roots, m)
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
		before, said, ok := strings.Cut(err.Error(), "stderr: ")
		if said = strings.TrimSpace(said); said != "" {
			err = errors.New(said) // what the go command said is enough
		} else if ok {
			err = errors.New(strings.TrimRight(before, ": \n"))
		}
		return nil, err
	}
	slices.SortFunc(found, func(a, b *packages.Package) int { return strings.Compare(a.ID, b.ID) })
	return found, nil
}

// goEnv is what the go command says of itself: the directories whose contents
// belong to nobody's project, what it is and what it compiles for.
type goEnv struct {
	GOROOT, GOMODCACHE, GOVERSION, GOOS, GOARCH string

	released bool // the Go distribution is one that nobody works on
}

func askEnv(ctx context.Context, cfg Config) (goEnv, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "-json", "GOROOT", "GOMODCACHE", "GOVERSION", "GOOS", "GOARCH")
	cmd.Dir, cmd.Env = cfg.Dir, cfg.Env
	out, err := cmd.Output()
	if err != nil {
		return goEnv{}, fmt.Errorf("go env: %w", err)
	}
	var e goEnv
	err = json.Unmarshal(out, &e)
	e.released = strings.HasPrefix(e.GOVERSION, "go") && !within(e.GOROOT, cfg.Dir)
	return e, err
}

// foreign returns why a package that was asked for must not be edited, or "".
// Whoever works inside of GOROOT works on Go itself.
func (e goEnv) foreign(p *packages.Package, dir string) string {
	switch {
	case p.Module != nil && !p.Module.Main:
		return "it belongs to a dependency"
	case within(e.GOMODCACHE, p.Dir):
		return "it lies in the module cache"
	case within(e.GOROOT, p.Dir) && !within(e.GOROOT, dir):
		return "it belongs to the Go distribution"
	}
	return ""
}

// within reports whether name is root or lies below it.
func within(root, name string) bool {
	if root == "" || name == "" {
		return false
	}
	rel, err := filepath.Rel(resolved(root), resolved(name))
	return err == nil && filepath.IsLocal(rel)
}

// resolved follows symbolic links where the file exists.
func resolved(name string) string {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		return real
	}
	return name
}

// add records the metadata of p and of all that it imports in metas.
func add(p *packages.Package, metas map[string]*Meta) *Meta {
	if m := metas[p.ID]; m != nil {
		return m
	}
	m := &Meta{
		ID: p.ID, Path: p.PkgPath, Name: p.Name, Dir: p.Dir, ForTest: p.ForTest,
		Files:    sources(p.GoFiles),
		excluded: sources(p.IgnoredFiles),
		imports:  make(map[string]*Meta, len(p.Imports)),
	}
	metas[p.ID] = m
	if p.Module != nil && p.Module.GoVersion != "" {
		m.goVersion = "go" + p.Module.GoVersion
	}
	for _, e := range p.Errors {
		if e.Kind != packages.TypeError {
			m.Errors = append(m.Errors, Error{e.Pos, e.Msg})
		}
	}
	for path, dep := range p.Imports {
		// An import cycle is an error that the go command reports. The import
		// that closes it is nil: to check it would wait for itself.
		d := add(dep, metas)
		if !d.complete {
			d = nil
		}
		m.imports[path] = d
	}
	m.complete = true
	return m
}

// direct returns what m imports, in order.
func (m *Meta) direct() []*Meta {
	var out []*Meta
	for _, path := range slices.Sorted(maps.Keys(m.imports)) {
		if dep := m.imports[path]; dep != nil {
			out = append(out, dep)
		}
	}
	return out
}

// sources lists the Go files as a person wrote them, before cgo. What the go
// command compiles is not asked for: it would have to run cgo for that.
func sources(files []string) []string {
	var out []string
	for _, f := range files {
		if strings.HasSuffix(f, ".go") { // else it is a test main
			out = append(out, f)
		}
	}
	return out
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

// Dependents returns the root packages that import the package with the given
// path, directly or not, in the order of Roots.
func (g *Graph) Dependents(path string) []*Meta {
	known := make(map[*Meta]bool)
	var depends func(m *Meta) bool
	depends = func(m *Meta) bool {
		d, ok := known[m]
		if ok {
			return d
		}
		for _, dep := range m.imports {
			d = d || dep != nil && (dep.Path == path || depends(dep))
		}
		known[m] = d
		return d
	}
	var out []*Meta
	for _, m := range g.roots {
		if depends(m) {
			out = append(out, m)
		}
	}
	return out
}

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
	n := &Graph{
		cfg: g.cfg, roots: g.roots, metas: g.metas, sizes: g.sizes, env: g.env, origin: g.origin, cacheable: g.cacheable, helpers: g.helpers,
		decls: make(map[string]*decl), prints: make(map[*Meta]*print),
	}
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
		s := slices.ContainsFunc(m.Files, func(f string) bool { return changed[f] })
		for _, dep := range m.imports {
			s = s || dep != nil && isStale(dep)
		}
		s = s || slices.ContainsFunc(g.added[m], isStale)
		stale[m] = s
		return s
	}
	n.changed.Store(g.changed.Load())
	g.mu.Lock()
	defer g.mu.Unlock()
	n.extra, n.added = maps.Clone(g.extra), maps.Clone(g.added)
	for id, d := range g.decls {
		if m := g.metas[id]; m != nil && !isStale(m) {
			n.decls[id] = d
		}
	}
	for m, p := range g.prints {
		if !isStale(m) {
			n.prints[m] = p
		}
	}
	return n
}

// Anew returns a graph with the same metadata that has read nothing yet: it holds
// no types, and notices what has changed in the files.
func (g *Graph) Anew() *Graph {
	return &Graph{
		cfg: g.cfg, roots: g.roots, metas: g.metas, sizes: g.sizes, env: g.env, origin: g.origin, cacheable: g.cacheable, helpers: g.helpers,
		decls: make(map[string]*decl), prints: make(map[*Meta]*print), extra: make(map[string]*Meta),
	}
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
// for a fix that adds its import. What it shares with the graph is shared, so
// that its types are the ones that the package at hand knows.
func (g *Graph) importMissing(path string) (*types.Package, error) {
	g.mu.Lock()
	m, asked := g.extra[path]
	g.mu.Unlock()
	if !asked {
		cfg := g.cfg
		cfg.Tests, cfg.Overlay = false, nil
		found, err := goList(context.Background(), cfg, []string{path})
		g.mu.Lock()
		if err == nil && len(found) == 1 && found[0].Name != "" {
			metas := maps.Clone(g.metas)
			maps.Copy(metas, g.extra)
			delete(metas, path) // another goroutine may have found it missing
			m = add(found[0], metas)
			g.extra[m.ID] = m
		}
		g.extra[path] = m
		g.mu.Unlock()
	}
	if m == nil {
		return nil, fmt.Errorf("package %s is not available", path)
	}
	return g.declarations(m)
}
