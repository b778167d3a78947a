package chanflow

import (
	"cmp"
	"go/ast"
	"go/token"
	"iter"
	"slices"
	"sync"

	"golang.org/x/tools/go/ast/inspector"
)

// A tree is the syntax of a package. There are cursors only for declarations in
// which somebody has looked for a node: making them costs more than to walk over
// the syntax once, and most declarations are of no interest.
type tree struct {
	decls []declaration  // in the order of the files
	byPos []*declaration // by position: files may be in another order
}

// A declaration is a top-level one.
type declaration struct {
	ast.Decl
	pos    token.Pos
	end    token.Pos
	index  int          // in tree.decls
	walked [2]mark      // what the walk over it has added to the model's lists
	same   *declaration // in the model of the package's base, or nil

	once sync.Once
	root inspector.Cursor
}

func newTree(files []*ast.File) *tree {
	n := 0
	for _, f := range files {
		n += len(f.Decls)
	}
	t := &tree{decls: make([]declaration, n), byPos: make([]*declaration, n)}
	i := 0
	for _, f := range files {
		for _, d := range f.Decls {
			t.decls[i].Decl, t.decls[i].pos, t.decls[i].end, t.decls[i].index = d, d.Pos(), d.End(), i
			t.byPos[i] = &t.decls[i]
			i++
		}
	}
	slices.SortStableFunc(t.byPos, func(a, b *declaration) int { return cmp.Compare(a.pos, b.pos) })
	return t
}

// cursor returns the cursor of the declaration. Above it is a file that holds
// nothing else.
func (d *declaration) cursor() inspector.Cursor {
	if d.same != nil {
		return d.same.cursor()
	}
	d.once.Do(func() {
		file := &ast.File{Package: d.Pos(), Name: ast.NewIdent("_"), Decls: []ast.Decl{d.Decl}, FileStart: d.Pos(), FileEnd: d.End()}
		d.root, _ = inspector.New([]*ast.File{file}).Root().FindNode(d.Decl)
	})
	return d.root
}

// decl returns the last declaration that begins at or before pos, or nil.
func (t *tree) decl(pos token.Pos) *declaration {
	i, found := slices.BinarySearchFunc(t.byPos, pos, func(d *declaration, pos token.Pos) int { return cmp.Compare(d.pos, pos) })
	if !found {
		i--
	}
	if i < 0 {
		return nil
	}
	return t.byPos[i]
}

// Preorder yields the nodes of the given types in the order of the files. It
// makes the cursors of all declarations.
func (t *tree) Preorder(types ...ast.Node) iter.Seq[inspector.Cursor] {
	return func(yield func(inspector.Cursor) bool) {
		for i := range t.decls {
			for cur := range t.decls[i].cursor().Preorder(types...) {
				if !yield(cur) {
					return
				}
			}
		}
	}
}

// FindNode returns the cursor of a node.
func (t *tree) FindNode(n ast.Node) (inspector.Cursor, bool) {
	if d := t.decl(n.Pos()); d != nil {
		if cur, ok := d.cursor().FindNode(n); ok {
			return cur, true
		}
	}
	return inspector.Cursor{}, false
}

// FindByPos returns the cursor of the innermost node that contains the range.
func (t *tree) FindByPos(pos, end token.Pos) (inspector.Cursor, bool) {
	if d := t.decl(pos); d != nil && end <= d.End() {
		return d.cursor().FindByPos(pos, end)
	}
	return inspector.Cursor{}, false
}
