package ruletest

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/mod/modfile"

	"handshake/refactor"
	"handshake/refactor/load"
)

// A program is the packages of an archive, type-checked.
type program struct {
	sources  map[string][]byte // by name in the archive
	module   string
	version  string // of the language, "go1.26"
	packages []*refactor.Package
	problems []string // syntax and type errors

	std   types.Config
	byKey map[key]*refactor.Package // nil while it is being checked
}

// A key names a package: its folder, and whether it is an external test.
type key struct {
	dir   string
	xtest bool
}

// root is where the files of an archive seem to be.
var root = sync.OnceValue(func() string {
	dir, err := filepath.Abs("archive")
	if err != nil {
		panic(err)
	}
	return dir
})

// newProgram type-checks Go files, which may come with a go.mod.
func newProgram(sources map[string][]byte) *program {
	p := &program{sources: sources, module: "example.com/m", version: "go1.26", byKey: make(map[key]*refactor.Package)}
	var err error
	if p.std, err = standard(); err != nil {
		p.problems = append(p.problems, err.Error())
		return p
	}
	if mod, ok := sources["go.mod"]; ok {
		f, err := modfile.ParseLax("go.mod", mod, nil)
		if err != nil {
			p.problems = append(p.problems, err.Error())
			return p
		}
		if f.Module != nil {
			p.module = f.Module.Mod.Path
		}
		if f.Go != nil {
			p.version = "go" + f.Go.Version
		}
	}
	dirs := make(map[string]bool)
	for name := range sources {
		if strings.HasSuffix(name, ".go") {
			dirs[path.Dir(name)] = true
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		for _, xtest := range []bool{false, true} {
			if pkg, err := p.check(key{dir, xtest}); err != nil {
				p.problems = append(p.problems, err.Error())
			} else if pkg != nil && !foreign(dir) {
				p.packages = append(p.packages, pkg)
			}
		}
	}
	return p
}

// check type-checks a package, once; nil if it has no files.
func (p *program) check(k key) (*refactor.Package, error) {
	if pkg, ok := p.byKey[k]; ok {
		if pkg == nil {
			return nil, errors.New("import cycle through " + k.dir)
		}
		return pkg, nil
	}
	fset := token.NewFileSet()
	var files []*refactor.File
	for _, name := range slices.Sorted(maps.Keys(p.sources)) {
		if path.Dir(name) != k.dir || !strings.HasSuffix(name, ".go") {
			continue
		}
		abs := filepath.Join(root(), filepath.FromSlash(name))
		syntax, err := parser.ParseFile(fset, abs, p.sources[name], parser.ParseComments|parser.SkipObjectResolution)
		if strings.HasSuffix(syntax.Name.Name, "_test") != k.xtest {
			continue
		}
		f := &refactor.File{Name: abs, Src: p.sources[name], Syntax: syntax, Tok: fset.File(syntax.FileStart)}
		f.ReadOnly = refactor.ReadOnly(f)
		if foreign(k.dir) {
			f.ReadOnly = "it belongs to a dependency"
		}
		if err != nil {
			f.ReadOnly = "it does not parse: " + err.Error()
			p.problems = append(p.problems, short(err.Error()))
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, nil
	}
	p.byKey[k] = nil
	id := path.Join(p.module, k.dir)
	if foreign(k.dir) {
		id = k.dir
	}
	if k.xtest {
		id += "_test"
	}
	config := p.std
	config.GoVersion = p.version
	config.Importer = importer(p.load)
	pkg := refactor.Check(id, id, fset, files, config)
	p.byKey[k] = pkg
	for _, e := range pkg.Errors {
		p.problems = append(p.problems, short(e.Error()))
	}
	return pkg, nil
}

// foreign reports whether a folder stands for a package outside of the module:
// it is the import path, as in golang.org/x/sync/errgroup.
func foreign(dir string) bool {
	first, _, ok := strings.Cut(dir, "/")
	return ok && strings.Contains(first, ".")
}

// load resolves an import: a package of the archive or a standard one.
func (p *program) load(importPath string) (*types.Package, error) {
	dir := importPath
	if !foreign(importPath) || strings.HasPrefix(importPath+"/", p.module+"/") {
		rest, ok := strings.CutPrefix(importPath+"/", p.module+"/")
		if !ok {
			return p.std.Importer.Import(importPath)
		}
		dir = path.Clean("./" + rest)
	}
	pkg, err := p.check(key{dir: dir})
	if err != nil {
		return nil, err
	}
	if pkg == nil {
		return nil, fmt.Errorf("no package %s in the archive", importPath)
	}
	return pkg.Types, nil
}

type importer func(string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }

// short cuts where the archive seems to be from a message.
func short(msg string) string {
	return strings.ReplaceAll(msg, root()+string(filepath.Separator), "")
}

// shortName returns the name in the archive of a file.
func shortName(abs string) string {
	name, err := filepath.Rel(root(), abs)
	if err != nil {
		return abs
	}
	return filepath.ToSlash(name)
}

// with returns the program in which the edits are made.
func (p *program) with(edits []refactor.Edit) (*program, error) {
	byFile := make(map[string][]refactor.Edit)
	for _, e := range edits {
		name := shortName(e.Span.File)
		byFile[name] = append(byFile[name], e)
	}
	sources := maps.Clone(p.sources)
	for name, edits := range byFile {
		src, err := refactor.Apply(sources[name], edits)
		if err != nil {
			return nil, err
		}
		sources[name] = src
	}
	return newProgram(sources), nil
}

// usual are the packages that fixes add imports of. They are loaded together
// with what the files in the working directory import: asking the go command
// for one at a time is what takes long.
var usual = []string{"context", "errors", "fmt", "net", "sync", "sync/atomic", "testing", "testing/synctest", "time"}

// standard returns what to check a package with that imports the standard
// library, the same for all tests of a process.
var standard = sync.OnceValues(func() (types.Config, error) {
	paths := slices.Clone(usual)
	names, _ := filepath.Glob("testdata/*.txtar")
	run, _ := filepath.Glob("testdata/run/*.txtar")
	for _, name := range slices.Concat(names, run, []string{"README.md"}) {
		if data, err := os.ReadFile(name); err == nil {
			paths = append(paths, imported(data)...)
		}
	}
	slices.Sort(paths)
	g, err := load.Load(context.Background(), load.Config{
		Dir: ".",
		Env: append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off"),
	}, slices.Compact(paths)...)
	if err != nil {
		return types.Config{}, err
	}
	return types.Config{Importer: g}, nil
})

// imported returns the standard packages that the Go files or blocks in a text
// seem to import.
func imported(text []byte) (paths []string) {
	var block []byte
	flush := func() {
		f, _ := parser.ParseFile(token.NewFileSet(), "", block, parser.ImportsOnly)
		if f != nil {
			paths = append(paths, standardOf(f)...)
		}
		block = nil
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "package ") {
			flush()
		}
		if len(block) > 0 || strings.HasPrefix(line, "package ") {
			block = append(block, line...)
		}
	}
	flush()
	return paths
}

func standardOf(f *ast.File) (paths []string) {
	for _, spec := range f.Imports {
		p := strings.Trim(spec.Path.Value, "\"`")
		first, _, _ := strings.Cut(p, "/")
		if !strings.Contains(first, ".") && p != "C" && p != "unsafe" {
			paths = append(paths, p)
		}
	}
	return paths
}
