package edit

import (
	"errors"
	"fmt"
	"go/ast"
	"slices"
)

// A list is what code can be put into on lines of its own: the statements of a
// block or clause, the fields of a struct, the specs of a parenthesised
// declaration, the declarations of a file.
type list struct {
	open, close int // offsets behind the opening and before the closing token
	elems       []ast.Node
	apart       bool // blank lines go between the elements, as between declarations
}

// listOf returns the list that n is made of, if it is one.
func (f *file) listOf(n ast.Node, stack []ast.Node) (l list, ok bool) {
	switch n := n.(type) {
	case *ast.File:
		return list{f.off(n.Name.End()), len(f.Src), nodes(n.Decls), true}, true
	case *ast.BlockStmt:
		if n.Rbrace.IsValid() {
			return list{f.off(n.Lbrace) + 1, f.off(n.Rbrace), nodes(n.List), false}, true
		}
	case *ast.CaseClause:
		return list{f.off(n.Colon) + 1, f.clauseEnd(n, stack), nodes(n.Body), false}, true
	case *ast.CommClause:
		return list{f.off(n.Colon) + 1, f.clauseEnd(n, stack), nodes(n.Body), false}, true
	case *ast.StructType:
		if n.Fields.Closing.IsValid() {
			return list{f.off(n.Fields.Opening) + 1, f.off(n.Fields.Closing), nodes(n.Fields.List), false}, true
		}
	case *ast.InterfaceType:
		if n.Methods.Closing.IsValid() {
			return list{f.off(n.Methods.Opening) + 1, f.off(n.Methods.Closing), nodes(n.Methods.List), false}, true
		}
	case *ast.GenDecl:
		if n.Rparen.IsValid() {
			return list{f.off(n.Lparen) + 1, f.off(n.Rparen), nodes(n.Specs), false}, true
		}
	}
	return list{}, false
}

func nodes[N ast.Node](elems []N) []ast.Node {
	out := make([]ast.Node, len(elems))
	for i, e := range elems {
		out[i] = e
	}
	return out
}

// clauseEnd returns the offset of what follows a clause: the next, or the
// brace that closes the statement.
func (f *file) clauseEnd(clause ast.Stmt, stack []ast.Node) int {
	block := stack[len(stack)-1].(*ast.BlockStmt)
	for _, s := range block.List {
		if s.Pos() > clause.Pos() {
			return f.off(s.Pos())
		}
	}
	return f.off(block.Rbrace)
}

// A place is an element of a list.
type place struct {
	list
	i int
}

func (p place) elem() ast.Node { return p.elems[p.i] }

// placeOf returns the innermost list element that contains n.
func (f *file) placeOf(n ast.Node) (p place, found bool) {
	stack := f.path(n)
	for i := len(stack) - 1; i > 0; i-- {
		l, ok := f.listOf(stack[i-1], stack[:i-1])
		if !ok {
			continue
		}
		if j := slices.Index(l.elems, stack[i]); j >= 0 {
			return place{l, j}, true
		}
	}
	return place{}, false
}

// path returns the nodes from the file down to n, n included; nil if n is not
// in the file.
func (f *file) path(n ast.Node) (path []ast.Node) {
	ast.PreorderStack(f.Syntax, nil, func(m ast.Node, stack []ast.Node) bool {
		if m == n {
			path = append(slices.Clone(stack), m)
		}
		return path == nil && m.Pos() <= n.Pos() && n.End() <= m.End()
	})
	return path
}

// element returns the place of n, which must be an element of a list or the
// statement that an element wraps, such as the one behind a label.
func (b *Builder) element(n ast.Node) (*file, place, bool) {
	f := b.file(n.Pos())
	if f == nil {
		return nil, place{}, false
	}
	p, ok := f.placeOf(n)
	if !ok {
		b.fail(errors.New("a node to edit is not in a list of statements, fields or declarations"))
		return nil, place{}, false
	}
	for e := p.elem(); e != n; {
		switch w := e.(type) {
		case *ast.LabeledStmt:
			e = w.Stmt
		case *ast.ExprStmt:
			e = w.X
		case *ast.DeclStmt:
			e = w.Decl
		case *ast.GenDecl:
			if w.Lparen.IsValid() {
				e = nil
			} else {
				e = w.Specs[0]
			}
		default:
			e = nil
		}
		if e == nil {
			b.fail(fmt.Errorf("%T is not in a list of statements, fields or declarations", n))
			return nil, place{}, false
		}
	}
	return f, p, true
}

// InsertBefore inserts the code on lines of its own above a statement, field,
// spec or declaration: above the comment that belongs to it as well.
func (b *Builder) InsertBefore(stmt ast.Node, code string) {
	if f, p, ok := b.element(stmt); ok {
		f.insertBefore(p, code)
	}
}

// InsertAfter inserts the code on lines of its own below a statement, field,
// spec or declaration and the comment that trails it.
func (b *Builder) InsertAfter(stmt ast.Node, code string) {
	if f, p, ok := b.element(stmt); ok {
		f.insertAfter(p, code)
	}
}

// InsertFirst inserts the code as the first of a block, on lines of its own.
// Comments at the start of the block that belong to its first statement stay
// with that.
func (b *Builder) InsertFirst(block *ast.BlockStmt, code string) {
	if f := b.file(block.Pos()); f != nil {
		l, _ := f.listOf(block, nil)
		if len(l.elems) == 0 {
			f.insertLast(l, code)
		} else {
			f.insertBefore(place{l, 0}, code)
		}
	}
}

// InsertLast inserts the code as the last of a block, on lines of its own,
// below any comment at the end of the block.
func (b *Builder) InsertLast(block *ast.BlockStmt, code string) {
	if f := b.file(block.Pos()); f != nil {
		l, _ := f.listOf(block, nil)
		f.insertLast(l, code)
	}
}

func (f *file) insertBefore(p place, code string) {
	code = indent(code, f.indentOf(p.list))
	if at, ok := f.startsLine(f.off(p.elem().Pos())); ok {
		if p.apart {
			code += "\n"
		}
		at = f.leading(at)
		f.do(op{start: at, end: at, text: code + "\n", rank: before})
		return
	}
	f.insertInGap(p.list, p.i, code, before)
}

func (f *file) insertAfter(p place, code string) {
	code = indent(code, f.indentOf(p.list))
	end := f.off(p.elem().End())
	if last, ok := f.endsLine(end); ok {
		if p.apart {
			code = "\n" + code
		}
		f.insertLines(nextLine(f.Src, last), code, after)
		return
	}
	f.insertInGap(p.list, p.i+1, code, after)
}

func (f *file) insertLast(l list, code string) {
	code = indent(code, f.indentOf(l))
	if at, ok := f.startsLine(l.close); ok {
		f.do(op{start: at, end: at, text: code + "\n", rank: after})
		return
	}
	f.insertInGap(l, len(l.elems), code, after)
}

// insertLines inserts whole lines at the start of a line, which may be the one
// behind a last line that is not ended.
func (f *file) insertLines(at int, lines string, rank rank) {
	if at > 0 && f.Src[at-1] != '\n' {
		lines = "\n" + lines
	} else {
		lines += "\n"
	}
	f.do(op{start: at, end: at, text: lines, rank: rank})
}

// insertInGap inserts lines before the i-th element of a list that shares a
// line with what is before it, and opens the list.
func (f *file) insertInGap(l list, i int, lines string, rank rank) {
	f.openUp(l)
	start, _ := f.gap(l, i)
	f.do(op{start: start, end: start, text: "\n" + lines, rank: rank})
}

// openUp puts every element of the list and its closing token on a new line.
func (f *file) openUp(l list) {
	inner, outer := f.indentOf(l), indentation(f.Src, l.open)
	for i := range len(l.elems) + 1 {
		to, by := l.close, outer
		if i < len(l.elems) {
			to, by = f.off(l.elems[i].Pos()), inner
		}
		if _, ok := f.startsLine(to); ok || to == len(f.Src) {
			continue
		}
		start, end := f.gap(l, i)
		f.do(op{start: start, end: end, text: "\n" + by, rank: broken})
	}
}

// gap returns the range before the i-th element of a list (or its closing
// token) that a line break replaces: white space and the semicolon.
func (f *file) gap(l list, i int) (start, end int) {
	if i == len(l.elems) {
		return skipBack(f.Src, l.close), l.close
	}
	start = l.open
	if i > 0 {
		start = f.off(l.elems[i-1].End())
	}
	for off := start; ; {
		off = skipSpace(f.Src, off)
		if end, ok := f.commentAt(off); ok {
			off = end
			continue
		}
		if off < len(f.Src) && f.Src[off] == ';' {
			return off, skipSpace(f.Src, off+1)
		}
		return start, skipSpace(f.Src, start)
	}
}

// indentOf returns the indentation of the elements of a list.
func (f *file) indentOf(l list) string {
	for _, e := range l.elems {
		if s, ok := e.(*ast.LabeledStmt); ok {
			e = s.Stmt // gofmt moves labels to the left
		}
		at := f.off(e.Pos())
		if skipBack(f.Src, at) == lineStart(f.Src, at) {
			return indentation(f.Src, at)
		}
	}
	if l.close == len(f.Src) {
		return "" // declarations
	}
	return indentation(f.Src, l.open) + "\t"
}
