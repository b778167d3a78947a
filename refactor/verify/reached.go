package verify

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"

	"handshake/refactor/apply"
)

// unreached returns those of the fixes to whose place no test comes: a test that
// returns early, because a server is not there, proves nothing about what follows.
// The go command measures no coverage of test files, so the statement at the place
// of a fix, or the last one of a test that is meant as a whole, is made to say
// that it is reached.
func (v *verifier) unreached(ctx context.Context, fixes []apply.Made) (map[key]bool, error) {
	sources := make(map[string][]byte)
	tests := make(map[*target][]string)
	out := make(map[key]bool)
	marks := make(map[string]key)
	// From the end of each file, so that offsets stay.
	fixes = slices.Clone(fixes)
	slices.Reverse(fixes) // unique orders them
	for i, m := range fixes {
		if m.Test == "" {
			continue
		}
		src := sources[m.File]
		if src == nil {
			var err error
			if src, err = v.Graph.Source(m.File); err != nil {
				return nil, err
			}
		}
		mark := fmt.Sprintf("handshake:reached:%d;", i)
		marked := insertMark(src, m.Offset, mark)
		if marked == nil {
			continue // no statement: that the test has run must do
		}
		sources[m.File], marks[mark], out[keyOf(m)] = marked, keyOf(m), true
		t := v.targetOf(m.File)
		tests[t] = append(tests[t], m.Test)
	}
	if len(tests) == 0 {
		return nil, nil
	}
	var files []apply.File
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		files = append(files, apply.File{Name: name, After: sources[name]})
	}
	marked, err := v.go_.overlay(files)
	if err != nil {
		return nil, err
	}
	v.say("running the tests of fixes once more, to see whether they come to the place")
	for t, names := range tests {
		r := newRun()
		r.heard = func(line string) {
			for mark, k := range marks {
				if strings.Contains(line, mark) {
					delete(out, k)
				}
			}
		}
		if err := v.goTest(ctx, r, t.module, method{marked, v.Timeout, 1, []string{"-run=" + exactly(names)}}, t); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// insertMark returns the source with a statement that prints the mark, on the same
// line before the innermost statement that holds the offset, or before the last
// one of the function whose head holds it. It is nil if there is none.
func insertMark(src []byte, offset int, mark string) []byte {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", src, parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	pos := fset.File(f.FileStart).Pos(offset)
	var at token.Pos
	try := func(list []ast.Stmt) {
		for _, s := range list {
			if s.Pos() <= pos && pos < s.End() {
				at = s.Pos() // the innermost comes last
			}
		}
	}
	for n := range ast.Preorder(f) {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Body != nil && n.Pos() <= pos && pos <= n.Body.Lbrace && len(n.Body.List) > 0 {
				at = n.Body.List[len(n.Body.List)-1].Pos()
			}
		case *ast.BlockStmt:
			try(n.List)
		case *ast.CaseClause:
			try(n.Body)
		case *ast.CommClause:
			try(n.Body)
		}
	}
	if !at.IsValid() {
		return nil
	}
	i := fset.Position(at).Offset
	return slices.Concat(src[:i], fmt.Appendf(nil, "println(%q); ", mark), src[i:])
}
