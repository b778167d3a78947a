package prove

import (
	"context"
	"fmt"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"handshake/refactor"
	"handshake/refactor/load"
)

// standard imports the standard library, as far as the cases need it.
var standard = sync.OnceValues(func() (types.Importer, error) {
	return load.Load(context.Background(), load.Config{
		Dir: ".", Env: append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off"),
	}, "context", "errors", "fmt", "io", "log", "math/rand", "net", "net/http", "os", "os/signal", "runtime", "strconv", "strings", "sync", "sync/atomic", "testing", "time")
})

// check type-checks the files of one folder of an archive.
func check(t *testing.T, files []txtar.File, dir string) *refactor.Package {
	t.Helper()
	std, err := standard()
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var list []*refactor.File
	for _, f := range files {
		if path.Dir(f.Name) != dir || path.Ext(f.Name) != ".go" {
			continue
		}
		name := filepath.Join(string(filepath.Separator), "archive", filepath.FromSlash(f.Name))
		syntax, err := parser.ParseFile(fset, name, f.Data, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, &refactor.File{Name: name, Src: f.Data, Syntax: syntax, Tok: fset.File(syntax.FileStart)})
	}
	if len(list) == 0 {
		return nil
	}
	imports := func(p string) (*types.Package, error) {
		if first, _, _ := strings.Cut(p, "/"); !strings.Contains(first, ".") {
			return std.Import(p)
		}
		for _, f := range files {
			if d := path.Dir(f.Name); d == p || strings.HasSuffix(p, "/"+d) {
				return check(t, files, d).Types, nil
			}
		}
		return nil, fmt.Errorf("no package %s", p)
	}
	return refactor.Check(dir, dir, fset, list, types.Config{GoVersion: "go1.26", Importer: importer(imports)})
}

type importer func(string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }

func dirs(files []txtar.File) []string {
	var out []string
	for _, f := range files {
		if path.Ext(f.Name) == ".go" {
			out = append(out, path.Dir(f.Name))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
