package chanflow_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"sync"
	"testing"

	"handshake/refactor"
	"handshake/refactor/load"
)

// std is the standard library: imports by path, and no other package.
type std struct {
	graph *load.Graph
	known map[string]bool
}

var loadStd = sync.OnceValues(func() (*std, error) {
	g, err := load.Load(context.Background(), load.Config{Dir: "."}, "std")
	if err != nil {
		return nil, err
	}
	s := &std{graph: g, known: make(map[string]bool)}
	for _, m := range g.Roots() {
		s.known[m.Path] = true
	}
	return s, nil
})

func (s *std) Import(path string) (*types.Package, error) {
	if path != "unsafe" && !s.known[path] {
		return nil, fmt.Errorf("no package %s", path)
	}
	return s.graph.Import(path)
}

func standard(t testing.TB) *std {
	t.Helper()
	s, err := loadStd()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A source is a Go file that need not exist.
type source struct {
	name string
	text []byte
}

// check parses and type-checks files as one package, as far as that goes.
func check(path string, imports types.Importer, files ...source) *refactor.Package {
	fset := token.NewFileSet()
	var list []*refactor.File
	for _, f := range files {
		syntax, _ := parser.ParseFile(fset, f.name, f.text, parser.ParseComments|parser.SkipObjectResolution)
		list = append(list, &refactor.File{Name: f.name, Src: f.text, Syntax: syntax, Tok: fset.File(syntax.FileStart)})
	}
	return refactor.Check(path, path, fset, list, types.Config{
		GoVersion: "go1.26",
		Importer:  imports,
		Error:     func(error) {},
	})
}

// eachStmt calls visit for every statement under n.
func eachStmt(n ast.Node, visit func(ast.Stmt)) {
	ast.Inspect(n, func(n ast.Node) bool {
		if s, ok := n.(ast.Stmt); ok {
			visit(s)
		}
		return true
	})
}
