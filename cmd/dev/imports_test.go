package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// layers are the parts of the module from the bottom up, by path prefix; the
// longest prefix counts. A package imports only its own layer's parts as listed.
var layers = map[string][]string{
	"refactor":                {},
	"refactor/chanflow":       {"refactor"},
	"refactor/card":           {"refactor", "refactor/chanflow"},
	"refactor/card/draw":      {"refactor/card"},
	"refactor/edit":           {"refactor"},
	"refactor/idiom":          {"refactor", "refactor/chanflow", "refactor/edit"},
	"refactor/prove":          {"refactor", "refactor/chanflow", "refactor/prove/machine"},
	"refactor/prove/machine":  {},
	"refactor/bubble":         {"refactor", "refactor/chanflow", "refactor/edit", "refactor/prove"},
	"refactor/load":           {"refactor"},
	"refactor/apply":          {"refactor", "refactor/load"},
	"refactor/verify":         {"refactor", "refactor/load", "refactor/apply"},
	"refactor/rules":          {"refactor", "refactor/bubble", "refactor/chanflow", "refactor/edit", "refactor/idiom", "refactor/prove", "refactor/rules"},
	"refactor/rules/ruletest": {"refactor", "refactor/load"},
	"refactor/analyzers":      {"refactor", "refactor/rules", "refactor/analyzers"},
	"snippets":                {},
	"lsp":                     {"refactor", "refactor/card", "refactor/card/draw", "refactor/load", "refactor/apply", "refactor/rules", "snippets"},
	"cmd":                     {"cmd", "refactor", "refactor/card", "refactor/card/draw", "refactor/load", "refactor/apply", "refactor/verify", "refactor/rules", "refactor/analyzers", "snippets", "lsp"},
	"editors":                 {"editors"},
}

// layer returns the layer of a package by its path in the module.
func layer(pkg string) string {
	for p := pkg; p != "."; p = path.Dir(p) {
		if _, ok := layers[p]; ok {
			return p
		}
	}
	return ""
}

// Tests may import more; what is shipped may not.
func TestImportsRunOneWay(t *testing.T) {
	eachFile(t, func(name, pkg string, f *ast.File) {
		from := layer(pkg)
		if from == "" {
			t.Errorf("%s lies in no layer", name)
			return
		}
		for _, spec := range f.Imports {
			p, _ := strconv.Unquote(spec.Path.Value)
			if to, ours := strings.CutPrefix(p, "handshake/"); ours {
				if to != pkg && !allowed(from, layer(to)) {
					t.Errorf("%s imports %s: %s must not", name, p, from)
				}
				continue
			}
			for prefix, banned := range map[string][]string{
				"refactor": {"go.lsp.dev/", "log"},
				"lsp":      {"go/ast", "go/parser"},
			} {
				for _, b := range banned {
					if within(prefix, pkg) && (p == b || strings.HasPrefix(p, strings.TrimSuffix(b, "/")+"/")) {
						t.Errorf("%s imports %s: nothing in %s may", name, p, prefix)
					}
				}
			}
		}
	})
}

func allowed(from, to string) bool {
	for _, l := range layers[from] {
		if l == to {
			return true
		}
	}
	return false
}

func within(dir, pkg string) bool { return pkg == dir || strings.HasPrefix(pkg, dir+"/") }

// The engine is silent: it returns what it has to say.
func TestRefactorPrintsNothing(t *testing.T) {
	eachFile(t, func(name, pkg string, f *ast.File) {
		if !within("refactor", pkg) {
			return
		}
		for n := range ast.Preorder(f) {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				continue
			}
			x, _ := sel.X.(*ast.Ident)
			if x == nil {
				continue
			}
			switch q := x.Name + "." + sel.Sel.Name; q {
			case "fmt.Print", "fmt.Printf", "fmt.Println", "os.Stdout", "os.Stderr":
				t.Errorf("%s uses %s", name, q)
			}
		}
	})
}

// eachFile calls do for the files of the module that are shipped.
func eachFile(t *testing.T, do func(name, pkg string, f *ast.File)) {
	t.Helper()
	dir := root(t)
	seen := 0
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		seen++
		do(rel, path.Dir(rel), f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Fatalf("only %d files seen", seen)
	}
}
