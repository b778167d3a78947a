package rules_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A subject is a file of the Go distribution with the others of its package.
type subject struct {
	name  string
	files map[string][]byte
}

// subjects are small packages of the Go distribution that are full of goroutines.
var subjects = sync.OnceValue(func() (out []subject) {
	src := func(pattern string) []string {
		names, _ := filepath.Glob(filepath.Join(runtime.GOROOT(), filepath.FromSlash(pattern)))
		return names
	}
	read := func(names ...string) map[string][]byte {
		files := make(map[string][]byte)
		for _, name := range names {
			if text, err := os.ReadFile(name); err == nil {
				files["/p/"+filepath.Base(name)] = text
			}
		}
		return files
	}
	leak := "src/runtime/testdata/testgoroutineleakprofile/"
	kernels := append(src(leak+"goker/*.go"), src(leak+"*.go")...)
	for _, name := range kernels {
		if !strings.HasSuffix(name, "main.go") {
			out = append(out, subject{"/p/" + filepath.Base(name), read(append(src(leak+"main.go"), name)...)})
		}
	}
	for _, pattern := range []string{"test/chan/*.go", "test/fixedbugs/issue1*.go"} {
		for _, name := range src(pattern) {
			out = append(out, subject{"/p/" + filepath.Base(name), read(name)})
		}
	}
	for _, dir := range []string{"src/context", "src/io", "src/net/http/httptest", "src/os/signal", "src/sync/errgroup", "src/net/rpc", "src/expvar", "src/testing/synctest"} {
		all := src(dir + "/*.go")
		all = slices.DeleteFunc(all, func(name string) bool {
			base := filepath.Base(name)
			return strings.HasPrefix(base, "example") || strings.HasPrefix(base, "x_") || strings.Contains(base, "plan9") || strings.Contains(base, "windows")
		})
		files := read(all...)
		for name, text := range files { // the package that has most
			if f, err := parser.ParseFile(token.NewFileSet(), "", text, parser.PackageClauseOnly); err != nil || strings.HasSuffix(f.Name.Name, "_test") {
				delete(files, name)
			}
		}
		for name := range files {
			out = append(out, subject{name, files})
		}
	}
	out = slices.DeleteFunc(out, func(s subject) bool { return len(s.files[s.name]) == 0 || len(s.files[s.name]) > 60_000 })
	slices.SortFunc(out, func(a, b subject) int { return strings.Compare(a.name, b.name) })
	return out
})

// FuzzDamaged edits a file of the Go distribution, statement by statement and
// token by token, and looks at what the rules make of it: see invariants. Where
// it does not compile, nothing may panic, and what is offered must be as good.
func FuzzDamaged(f *testing.F) {
	for i := range uint64(40) {
		f.Add(uint16(i*97), seed(i)[:3+3*int(i%8)])
	}
	f.Fuzz(func(t *testing.T, which uint16, ops []byte) {
		all := subjects()
		if len(all) == 0 || len(ops) > 60 {
			t.Skip()
		}
		s := all[int(which)%len(all)]
		src := s.files[s.name]
		for ; len(ops) >= 3; ops = ops[3:] {
			src = damage(src, ops[0], int(ops[1])<<8|int(ops[2]))
		}
		files := make(map[string][]byte)
		for name, text := range s.files {
			files[name] = text
		}
		files[s.name] = src
		pkg := checked(t, files)
		if pkg == nil {
			t.Skip()
		}
		_, fixes := invariants(t, pkg)
		// The fuzzer gives an input ten seconds, and a proof may need half of one.
		if len(pkg.Errors) == 0 && len(fixes) <= 4 {
			fixpoint(t, pkg, true)
		}
	})
}

// damage does one thing to a file: most of them keep it well-typed.
func damage(src []byte, how byte, where int) []byte {
	type span struct{ pos, end int }
	fset := token.NewFileSet()
	var spans []span
	if how%8 != 7 {
		f, _ := parser.ParseFile(fset, "", src, parser.SkipObjectResolution)
		if f == nil || !f.FileStart.IsValid() {
			return src
		}
		tok := fset.File(f.FileStart)
		add := func(list []ast.Stmt) {
			for _, s := range list {
				if end := tok.Offset(s.End()); end <= len(src) {
					spans = append(spans, span{tok.Offset(s.Pos()), end})
				}
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BlockStmt:
				if len(n.List) > 0 {
					if _, clause := n.List[0].(*ast.CaseClause); clause {
						return true
					}
					if _, clause := n.List[0].(*ast.CommClause); clause {
						return true
					}
				}
				add(n.List)
			case *ast.CaseClause:
				add(n.Body)
			case *ast.CommClause:
				add(n.Body)
			}
			return true
		})
	} else {
		var sc scanner.Scanner
		tok := fset.AddFile("", -1, len(src))
		sc.Init(tok, src, nil, 0)
		for {
			pos, kind, lit := sc.Scan()
			if kind == token.EOF {
				break
			}
			if lit == "" || kind == token.SEMICOLON && lit == "\n" {
				lit = kind.String()
			}
			if at := tok.Offset(pos); at+len(lit) <= len(src) {
				spans = append(spans, span{at, at + len(lit)})
			}
		}
	}
	if len(spans) == 0 {
		return src
	}
	at := spans[where%len(spans)]
	text := string(src[at.pos:at.end])
	other := spans[(where*31+7)%len(spans)]
	c := fmt.Sprintf("c%d", where)
	simple := strings.HasPrefix(text, "go ") || !strings.Contains(text, ":=") && !strings.HasPrefix(text, "var ")
	switch how {
	default:
		switch how % 8 {
		case 0:
			text = "time.Sleep(10 * time.Millisecond)\n" + text
		case 1:
			text += "\ntime.Sleep(time.Second)"
		case 2:
			text = ""
		case 3:
			text += "\n" + text
		case 4:
			text = string(src[other.pos:other.end])
		case 5:
			if simple {
				text = "go func() {\n" + text + "\n}()"
			}
		case 6:
			if simple {
				text = "if len(os.Args) > 1 {\n" + text + "\n}"
			}
		case 7:
			text = []string{"", text + " " + text, string(src[other.pos:other.end])}[how/8%3]
		}
	case 64, 72, 80, 88:
		text = "// " + c + "\n" + text
	case 65, 73, 81, 89:
		text += " // " + c
	case 66, 74, 82, 90:
		text = strings.Replace(text, "(", "( /* "+c+" */ ", 1)
	case 67, 75, 83, 91:
		text = strings.ReplaceAll(text, ") {\n", ") { // "+c+"\n")
	case 68, 76, 84, 92:
		text = strings.ReplaceAll(text, "\n", "\r\n")
	case 69, 77, 85, 93:
		text = "{ " + text + " }"
	case 70, 78, 86, 94:
		text = "L" + c + ":\nfor range 1 {\n" + text + "\ncontinue L" + c + "\n}"
	case 71, 79, 87, 95:
		text = strings.Replace(text, ", ", ", /* "+c+" */ ", 1)
	}
	return withImports([]byte(string(src[:at.pos]) + text + string(src[at.end:])))
}

// withImports adds the imports that damage needs.
func withImports(src []byte) []byte {
	f, _ := parser.ParseFile(token.NewFileSet(), "", src, parser.ImportsOnly)
	if f == nil || f.Name == nil || !f.Name.Pos().IsValid() {
		return src
	}
	has := make(map[string]bool)
	for _, spec := range f.Imports {
		has[spec.Path.Value] = true
	}
	text := string(src)
	for _, path := range []string{"os", "time"} {
		if strings.Contains(text, path+".") && !has[`"`+path+`"`] && int(f.Name.End()) <= len(text) {
			at := int(f.Name.End()) - 1
			text = text[:at] + "\n\nimport \"" + path + "\"\n" + text[at:]
		}
	}
	return []byte(text)
}
