package refactor

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

const printed = `package p

type T[K comparable] struct{}

func (t *T[K]) M() {
	bad(1)
}

func M() {
	bad(1)
	bad(1)
}
`

func TestFingerprints(t *testing.T) {
	base := fingerprints(t, "/a/p.go", "m/p", printed)
	seen := make(map[string]bool)
	for _, f := range base {
		if len(f) != 32 || seen[f] {
			t.Errorf("%q are no different names", base)
		}
		seen[f] = true
	}
	for what, src := range map[string]string{
		"a shift":     strings.Replace(printed, "func M", "// M is.\nvar x int\n\nfunc M", 1),
		"indentation": strings.ReplaceAll(printed, "\tbad", "\t\t  bad"),
		"line ends":   strings.ReplaceAll(printed, "\n", "\r\n"),
	} {
		for i, f := range fingerprints(t, "/b/c/p.go", "m/p", src) {
			if f != base[i] {
				t.Errorf("%s changes fingerprint %d", what, i)
			}
		}
	}
	for _, test := range []struct{ what, name, path, src string }{
		{"another file", "/a/q.go", "m/p", printed},
		{"another package", "/a/p.go", "m/q", printed},
		{"another function", "/a/p.go", "m/p", strings.ReplaceAll(printed, " M()", " N()")},
		{"another text", "/a/p.go", "m/p", strings.ReplaceAll(printed, "bad(1)", "bad(2)")},
	} {
		for i, f := range fingerprints(t, test.name, test.path, test.src) {
			if f == base[i] {
				t.Errorf("%s keeps fingerprint %d", test.what, i)
			}
		}
	}
}

// fingerprints returns those of the calls of bad in a source.
func fingerprints(t *testing.T, name, path, src string) []string {
	t.Helper()
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	f := &File{Name: name, Src: []byte(src), Syntax: syntax, Tok: fset.File(syntax.FileStart)}
	pkg := &Package{Path: path, Fset: fset, Files: []*File{f}}
	var findings []Finding
	for n := range ast.Preorder(syntax) {
		if c, ok := n.(*ast.CallExpr); ok {
			findings = append(findings, Finding{Rule: badCalls, Span: f.Span(c.Pos(), c.End())})
		}
	}
	return Fingerprints(pkg, findings)
}
