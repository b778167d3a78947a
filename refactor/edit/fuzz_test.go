package edit

import (
	"bytes"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"handshake/refactor"
)

// corpus returns files of the Go distribution, those with the strangest
// comments first.
var corpus = sync.OnceValue(func() (sources [][]byte) {
	src := filepath.Join(build.Default.GOROOT, "src")
	for _, pattern := range []string{"go/printer/testdata/*.golden", "go/printer/testdata/*.input", "sync/*.go", "net/http/*.go", "go/parser/*.go", "time/*.go", "os/exec/*.go"} {
		names, _ := filepath.Glob(filepath.Join(src, pattern))
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err == nil && len(text) < 20_000 && !bytes.ContainsRune(text, '\r') {
				sources = append(sources, text)
			}
		}
	}
	return sources
})

// FuzzEdits does edits to real files: the result parses, has every comment, is
// formatted if the source was, and nothing else has changed.
func FuzzEdits(f *testing.F) {
	for i := 0; i < len(corpus()); i += 3 {
		f.Add(uint(i), uint(i), []byte{byte(i), byte(7 * i), byte(31 * i), 1, byte(3 * i), 2})
	}
	f.Fuzz(func(t *testing.T, which, how uint, ops []byte) {
		sources := corpus()
		src := sources[which%uint(len(sources))]
		switch how % 4 {
		case 1:
			src = bytes.ReplaceAll(src, []byte("\n"), []byte("\r\n"))
		case 2:
			src = bytes.Replace(src, []byte("package "), []byte("package  "), 1) // not formatted
		case 3:
			src = append([]byte("\uFEFF"), src...)
		}
		pkg := loose(src)
		if pkg == nil {
			return
		}
		b := New(pkg)
		inserts, only := random(b, pkg.Files[0].Syntax, ops)
		edits, err := b.Edits()
		if err != nil {
			if msg := err.Error(); strings.Contains(msg, "overlap") || strings.Contains(msg, "not in a list") {
				return
			}
			t.Fatal(err)
		}
		checkEdits(t, src, edits, inserts, only)
	})
}

// loose type-checks a file as far as that goes without its imports, and drops
// the errors; nil if it does not parse.
func loose(src []byte) *refactor.Package {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, "/p.go", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	f := &refactor.File{Name: "/p.go", Src: src, Syntax: syntax, Tok: fset.File(syntax.FileStart)}
	pkg := refactor.Check("p", "p", fset, []*refactor.File{f}, types.Config{Importer: imp{}})
	pkg.Errors = nil
	return pkg
}

const marker = "marker(1)"

// random does what the bytes say: each pair is a method and a place. It returns
// how many markers were inserted and whether nothing else was done.
func random(b *Builder, file *ast.File, ops []byte) (inserts int, only bool) {
	var elems []ast.Node // of lists
	var blocks []*ast.BlockStmt
	var exprs []ast.Expr
	clauses := make(map[*ast.BlockStmt]bool) // bodies that hold no statements
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SwitchStmt:
			clauses[n.Body] = true
		case *ast.TypeSwitchStmt:
			clauses[n.Body] = true
		case *ast.SelectStmt:
			clauses[n.Body] = true
		case *ast.BlockStmt:
			if !clauses[n] && n.Rbrace.IsValid() {
				blocks = append(blocks, n)
				elems = append(elems, nodes(n.List)...)
			}
		case *ast.CaseClause:
			elems = append(elems, nodes(n.Body)...)
		case *ast.CommClause:
			elems = append(elems, nodes(n.Body)...)
		case *ast.CallExpr:
			exprs = append(exprs, n)
		}
		return true
	})
	only = true
	if len(elems) == 0 || len(exprs) == 0 {
		return 0, true
	}
	for pair := range slices.Chunk(ops[:min(len(ops), 12)], 2) {
		at := int(pair[len(pair)-1]) * 7919
		elem := elems[at%len(elems)]
		switch pair[0] % 7 {
		case 0:
			b.InsertBefore(elem, marker)
		case 1:
			b.InsertAfter(elem, marker)
		case 2:
			b.InsertFirst(blocks[at%len(blocks)], marker)
		case 3:
			b.InsertLast(blocks[at%len(blocks)], marker)
		case 4:
			b.DeleteStmt(elem.(ast.Stmt))
			only = false
			continue
		case 5:
			b.ReplaceNode(elem, "if "+marker+" {\n\t"+strings.ReplaceAll(b.Text(elem), "\n", "\n\t")+"\n}")
			only = false
		case 6:
			b.ReplaceNode(exprs[at%len(exprs)], marker)
			only = false
		}
		inserts++
	}
	return inserts, only
}

func checkEdits(t *testing.T, src []byte, edits []refactor.Edit, inserts int, only bool) {
	t.Helper()
	at := 0
	for _, e := range edits {
		if e.Start < at || e.End < e.Start || e.End > len(src) {
			t.Fatalf("the edit %v is out of place", e)
		}
		at = e.End
	}
	out, err := refactor.Apply(src, edits)
	if err != nil {
		t.Fatal(err)
	}
	after, err := parser.ParseFile(token.NewFileSet(), "", out, parser.ParseComments)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	before, _ := parser.ParseFile(token.NewFileSet(), "", src, parser.ParseComments)
	have := make(map[string]int)
	for _, g := range after.Comments {
		for _, c := range g.List {
			have[refactor.CommentKey(c.Text)]++
		}
	}
	for _, g := range before.Comments {
		for _, c := range g.List {
			key := refactor.CommentKey(c.Text)
			if have[key]--; have[key] < 0 {
				t.Fatalf("the comment %q is lost in\n%s", c.Text, out)
			}
		}
	}
	if n := bytes.Count(out, []byte(marker)); n != inserts {
		t.Errorf("%d of %d insertions in\n%s", n, inserts, out)
	}
	crlf := bytes.Contains(src, []byte("\r"))
	if crlf && bytes.Count(out, []byte("\r\n")) != bytes.Count(out, []byte("\n")) {
		t.Errorf("mixed line endings: %q", out)
	}
	if formatted([]byte(unix(string(src)))) && !formatted([]byte(unix(string(out)))) {
		t.Errorf("not formatted:\n%s", out)
	}
	for line := range strings.Lines(string(out)) {
		if only && strings.Contains(line, marker) && strings.TrimSpace(line) != marker {
			t.Errorf("an insertion is not on a line of its own: %q", line)
		}
	}
	if only && bare(src) != bare(bytes.ReplaceAll(out, []byte(marker), nil)) {
		t.Errorf("more than insertions in\n%s", out)
	}
}

// bare returns the source without white space and semicolons.
func bare(src []byte) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n;", r) {
			return -1
		}
		return r
	}, string(src))
}
