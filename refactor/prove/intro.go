package prove

import (
	"cmp"
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"handshake/refactor"
)

// ranges are what edits have inserted, by the name of the file, in order.
type ranges map[string][]insertion

// An insertion is a range of bytes of the file after the edits, and the text
// that was there before. Where a diff keeps a brace between what it deletes and
// what it inserts, both count as one.
type insertion struct {
	start, end int
	old        string
}

func inserted(before *refactor.Package, edits []refactor.Edit) ranges {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b refactor.Edit) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	out := make(ranges)
	file, shift, last := "", 0, 0
	for _, e := range sorted {
		if e.File != file {
			file, shift, last = e.File, 0, 0
		}
		start := e.Start + shift
		old, list := "", out[file]
		if f := before.FileNamed(e.File); f != nil {
			old = string(f.Src[e.Start:e.End])
			if n := len(list); n > 0 && strings.Trim(string(f.Src[last:e.Start]), "} \t\r\n") == "" {
				list[n-1].old += old
				old = list[n-1].old
			}
		}
		out[file] = append(list, insertion{start, start + len(e.New), old})
		last = e.End
		shift += len(e.New) - (e.End - e.Start)
	}
	return out
}

// has reports whether text between the positions was inserted, and is not only
// laid out anew.
func (r ranges) has(pkg *refactor.Package, pos, end token.Pos) bool {
	f := pkg.FileOf(pos)
	if f == nil {
		return false
	}
	s := f.Span(pos, end)
	for _, x := range r[s.File] {
		if x.start < s.End && s.Start < x.end && !strings.Contains(x.old, string(f.Src[s.Start:s.End])) {
			return true
		}
	}
	return false
}

// head returns the part of an operation's syntax that says what it does, and
// not the code inside of it.
func head(n ast.Node) (pos, end token.Pos) {
	switch n := n.(type) {
	case *ast.CallExpr:
		end := n.End()
		for _, arg := range n.Args {
			if _, ok := ast.Unparen(arg).(*ast.FuncLit); ok {
				end = n.Lparen + 1
				break
			}
		}
		if lit, ok := ast.Unparen(n.Fun).(*ast.FuncLit); ok {
			return n.Pos(), lit.Type.End()
		}
		return n.Pos(), end
	case *ast.SelectStmt:
		return n.Select, n.Select + token.Pos(len("select"))
	case *ast.RangeStmt:
		return n.X.Pos(), n.X.End()
	}
	return n.Pos(), n.End()
}
