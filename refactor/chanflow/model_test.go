package chanflow_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"handshake/refactor"
	"handshake/refactor/chanflow"
)

// The archives of testdata/model hold Go files whose comments state what the
// model says of the line that they end:
//
//	ch <- v      //@ send ch bare; …     facts: all there are of the listed kinds
//	pause()      //? before = a b        the answer to a query about the statement
//
// The first line of an archive lists the kinds of facts that its files state
// in full: one that is stated but missing is an error, and so is one that
// there is but is not stated. Facts are written in facts_test.go, queries in
// queries_test.go. Package m is what is looked at; other folders are packages
// by their import path.
func TestModel(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("testdata", "model", "*.txtar"))
	if err != nil || len(names) == 0 {
		t.Fatal("no archives", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			checkArchive(t, ar)
		})
	}
}

func checkArchive(t *testing.T, ar *txtar.Archive) {
	head, rest, _ := strings.Cut(string(ar.Comment), "\n")
	list, ok := strings.CutPrefix(head, "facts:")
	if !ok {
		t.Fatal("an archive begins with facts: kind…")
	}
	kinds := strings.Fields(list)
	illTyped := strings.Contains(rest, "type errors")

	sources := make(map[string][]source)
	raw := make(map[string][]byte)
	for _, f := range ar.Files {
		dir := path.Dir(f.Name)
		raw[f.Name] = f.Data
		sources[dir] = append(sources[dir], source{f.Name, comment.ReplaceAll(f.Data, nil)}) // comments count
	}
	m := &local{std: standard(t), sources: sources, done: make(map[string]*refactor.Package)}
	pkg := m.check("m")
	if illTyped != (len(pkg.Errors) > 0) {
		t.Errorf("type errors: %v", pkg.Errors)
	}
	s := &session{Package: pkg, m: chanflow.Of(pkg)}
	for _, f := range pkg.Files {
		stated, queries := statements(raw[f.Name])
		found := s.facts(f)
		for _, line := range slices.Sorted(maps.Keys(stated)) {
			for _, fact := range stated[line] {
				if i := slices.Index(found[line], fact); i >= 0 {
					found[line] = slices.Delete(found[line], i, i+1)
				} else {
					t.Errorf("%s:%d: the model does not say %q, but %q", f.Name, line, fact, found[line])
				}
			}
		}
		for _, line := range slices.Sorted(maps.Keys(found)) {
			for _, fact := range found[line] {
				if kind, _, _ := strings.Cut(fact, " "); slices.Contains(kinds, kind) {
					t.Errorf("%s:%d: the model says %q", f.Name, line, fact)
				}
			}
		}
		for _, q := range queries {
			if got := s.answer(f, q); got != q.want {
				t.Errorf("%s:%d: %s = %s, want %s", f.Name, q.line, q.text, got, q.want)
			}
		}
	}
}

// local imports the packages of an archive, and the standard library.
type local struct {
	std     *std
	sources map[string][]source
	done    map[string]*refactor.Package
}

func (l *local) check(path string) *refactor.Package {
	if l.done[path] == nil {
		l.done[path] = check(path, l, l.sources[path]...)
	}
	return l.done[path]
}

func (l *local) Import(path string) (*types.Package, error) {
	if l.sources[path] == nil {
		return l.std.Import(path)
	}
	return l.check(path).Types, nil
}

// A query is a question about the statement or declaration that begins on a
// line, and the answer it should get.
type query struct {
	line int
	text string
	want string
}

var comment = regexp.MustCompile(`(?m)//([@?]) ?(.*)$`)

// statements reads what the comments of a file state.
func statements(src []byte) (facts map[int][]string, queries []query) {
	facts = make(map[int][]string)
	for i, line := range strings.Split(string(src), "\n") {
		m := comment.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		body, more, both := strings.Cut(m[2], "//? ")
		if m[1] == "?" {
			body, more, both = "", m[2], true
		}
		for fact := range strings.SplitSeq(body, ";") {
			if fact = strings.TrimSpace(fact); fact != "" {
				facts[i+1] = append(facts[i+1], fact)
			}
		}
		if !both {
			continue
		}
		for q := range strings.SplitSeq(more, ";") {
			text, want, _ := strings.Cut(q, "=")
			queries = append(queries, query{i + 1, strings.TrimSpace(text), strings.TrimSpace(want)})
		}
	}
	return facts, queries
}

// A session is a package whose model is questioned.
type session struct {
	*refactor.Package
	m *chanflow.Model
}

func (s *session) line(pos token.Pos) int { return s.Fset.Position(pos).Line }

// at returns the outermost statement that begins on a line, or nil, and the
// function declaration or literal that begins there.
func (s *session) at(f *refactor.File, line int) (stmt ast.Stmt, fn *chanflow.Func) {
	eachStmt(f.Syntax, func(st ast.Stmt) {
		if _, block := st.(*ast.BlockStmt); stmt == nil && !block && s.line(st.Pos()) == line {
			stmt = st
		}
	})
	for _, f := range s.m.Funcs {
		if s.line(f.Node().Pos()) == line {
			return stmt, f
		}
	}
	if stmt != nil {
		fn = s.m.FuncOf(stmt.Pos())
	}
	return stmt, fn
}

// lookup returns the variable that a name or x.f means at a place.
func (s *session) lookup(pos token.Pos, name string) types.Object {
	name, field, selected := strings.Cut(name, ".")
	scope := s.Types.Scope().Innermost(pos)
	if scope == nil {
		return nil
	}
	_, obj := scope.LookupParent(name, token.NoPos)
	if obj != nil && selected {
		obj, _, _ = types.LookupFieldOrMethod(obj.Type(), true, s.Types, field)
	}
	return obj
}

func name(obj types.Object) string {
	if obj == nil || obj.Name() == "" {
		return "-"
	}
	return obj.Name()
}

func yes(b bool) string { return fmt.Sprint(b) }

// TestManyAsk lets several goroutines put the same questions to one model: the
// race detector looks at what is found on demand.
func TestManyAsk(t *testing.T) {
	ar, err := txtar.ParseFile(filepath.Join("testdata", "model", "effects.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	pkg := check("m", standard(t), source{"a.go", ar.Files[0].Data})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { askAll(pkg) })
	}
	wg.Wait()
}
