package chanflow

import (
	"cmp"
	"go/ast"
	"go/token"
	"slices"

	"golang.org/x/tools/go/ast/inspector"
)

// A tree is the syntax of a package, in which nodes are looked up by way of the
// declaration that they are in: an inspector alone would walk over all files.
type tree struct {
	inspector.Cursor
	decls []inspector.Cursor // by position
}

func newTree(files []*ast.File) tree {
	t := tree{Cursor: inspector.New(files).Root()}
	for file := range t.Children() {
		for c := range file.Children() {
			if _, ok := c.Node().(ast.Decl); ok {
				t.decls = append(t.decls, c)
			}
		}
	}
	slices.SortFunc(t.decls, func(a, b inspector.Cursor) int { return cmp.Compare(a.Node().Pos(), b.Node().Pos()) })
	return t
}

// decl returns the top-level declaration that contains the range, or the root.
func (t tree) decl(pos, end token.Pos) inspector.Cursor {
	i, found := slices.BinarySearchFunc(t.decls, pos, func(c inspector.Cursor, pos token.Pos) int { return cmp.Compare(c.Node().Pos(), pos) })
	if !found {
		i--
	}
	if i >= 0 && end <= t.decls[i].Node().End() {
		return t.decls[i]
	}
	return t.Cursor
}

// FindNode returns the cursor of a node.
func (t tree) FindNode(n ast.Node) (inspector.Cursor, bool) {
	return t.decl(n.Pos(), n.End()).FindNode(n)
}

// FindByPos returns the cursor of the innermost node that contains the range.
func (t tree) FindByPos(pos, end token.Pos) (inspector.Cursor, bool) {
	return t.decl(pos, end).FindByPos(pos, end)
}
