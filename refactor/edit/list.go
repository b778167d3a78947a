package edit

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// AddParam adds a parameter, such as "started chan<- struct{}", at the end of a
// parameter list, but before a variadic one.
func (b *Builder) AddParam(fn *ast.FuncType, decl string) {
	f := b.file(fn.Params.Pos())
	if f == nil {
		return
	}
	fields := fn.Params.List
	for _, field := range fields {
		if len(field.Names) == 0 {
			b.fail(errors.New("the parameters have no names"))
			return
		}
	}
	at := len(fields)
	if at > 0 {
		if _, variadic := fields[at-1].Type.(*ast.Ellipsis); variadic {
			at--
		}
	}
	b.addItem(f, fn.Params, nodes(fields), at, fn.Params.Opening, fn.Params.Closing, decl)
}

// AddArg adds an argument to a call, where AddParam has put the parameter: at
// the end, but before those for a variadic parameter.
func (b *Builder) AddArg(call *ast.CallExpr, expr string) {
	f := b.file(call.Pos())
	if f == nil {
		return
	}
	at := len(call.Args)
	var sig *types.Signature
	if t := b.pkg.Info.TypeOf(call.Fun); t != nil {
		sig, _ = t.Underlying().(*types.Signature)
	}
	if sig == nil {
		b.fail(fmt.Errorf("%s is not a call of a function", b.Text(call)))
		return
	}
	if sig.Variadic() {
		at = min(at, sig.Params().Len()-1)
	}
	if len(call.Args) == 1 {
		if t, ok := b.pkg.Info.TypeOf(call.Args[0]).(*types.Tuple); ok && t.Len() > 1 {
			b.fail(fmt.Errorf("the arguments of %s are the results of one call", b.Text(call.Fun)))
			return
		}
	}
	b.addItem(f, call, nodes(call.Args), at, call.Lparen, call.Rparen, expr)
}

// addItem adds to a comma-separated list, which belongs to the node of, before
// its item with index at.
func (b *Builder) addItem(f *file, of ast.Node, items []ast.Node, at int, opening, closing token.Pos, text string) {
	n := b.added[of]
	b.added[of]++
	if at < len(items) {
		pos := f.off(items[at].Pos())
		if start, ok := f.startsLine(pos); ok {
			by := indentation(f.Src, pos)
			f.do(op{start: start, end: start, text: indent(text, by) + ",\n", rank: before})
			return
		}
		text = hang(text, indentation(f.Src, pos)) + ", "
		f.do(op{start: pos, end: pos, text: text, rank: before})
		return
	}
	end := f.off(closing)
	if len(items) == 0 {
		text = hang(text, indentation(f.Src, end))
		if n > 0 {
			text = ", " + text
		}
		pos := f.off(opening) + 1
		f.do(op{start: pos, end: pos, text: text, rank: after})
		return
	}
	last := f.off(items[len(items)-1].End())
	comma := f.commaAfter(last)
	if start, ok := f.startsLine(end); ok && comma >= 0 {
		by := indentation(f.Src, f.off(items[len(items)-1].Pos()))
		f.do(op{start: start, end: start, text: indent(text, by) + ",\n", rank: after})
		return
	}
	text = hang(text, indentation(f.Src, last))
	pos := skipBack(f.Src, end)
	if comma >= 0 && n == 0 {
		text = " " + text
	} else {
		text = ", " + text
	}
	f.do(op{start: pos, end: pos, text: text, rank: after})
}

// commaAfter returns the offset of the comma that follows off with nothing but
// white space and comments between; -1 if there is none.
func (f *file) commaAfter(off int) int {
	for {
		for off < len(f.Src) && (isSpace(f.Src[off]) || f.Src[off] == '\n') {
			off++
		}
		end, ok := f.commentAt(off)
		if !ok {
			break
		}
		off = end
	}
	if off < len(f.Src) && f.Src[off] == ',' {
		return off
	}
	return -1
}

// AddField adds a field to a struct, on a line of its own: below the field with
// the name after, or as the last one if that is empty.
func (b *Builder) AddField(st *ast.StructType, after string, decl string) {
	f := b.file(st.Pos())
	if f == nil {
		return
	}
	l, ok := f.listOf(st, nil)
	if !ok {
		b.fail(errors.New("a struct to add a field to has no braces"))
		return
	}
	if after == "" {
		f.insertLast(l, decl)
		return
	}
	for i, field := range st.Fields.List {
		for _, name := range fieldNames(field) {
			if name == after {
				f.insertAfter(place{l, i}, decl)
				return
			}
		}
	}
	b.fail(fmt.Errorf("the struct has no field %s", after))
}

// fieldNames returns the names that a struct field declares; that of its type
// if it is embedded.
func fieldNames(field *ast.Field) (names []string) {
	for _, id := range field.Names {
		names = append(names, id.Name)
	}
	if len(names) > 0 {
		return names
	}
	t := ast.Unparen(field.Type)
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.SelectorExpr:
			t = x.Sel
		case *ast.Ident:
			return []string{x.Name}
		default:
			return nil
		}
	}
}

// AddKey adds an element with a key, such as "done: make(chan struct{})", to a
// struct literal that has keys or is empty: behind the others, or before them if
// a comment follows the last.
func (b *Builder) AddKey(lit *ast.CompositeLit, text string) {
	f := b.file(lit.Pos())
	if f == nil {
		return
	}
	if len(lit.Elts) == 0 {
		b.Insert(lit.Lbrace+1, text)
		return
	}
	first, last := lit.Elts[0], lit.Elts[len(lit.Elts)-1]
	if _, ok := first.(*ast.KeyValueExpr); !ok {
		b.fail(errors.New("the literal has no keys"))
		return
	}
	sep := ", "
	if line := f.Tok.Line; line(last.Pos()) != line(lit.Pos()) {
		start := f.Tok.Offset(last.Pos())
		from := strings.LastIndexByte(string(f.Src[:start]), '\n') + 1
		sep = ",\n" + string(f.Src[from:start])
	}
	if b.HasComment(last.End(), lit.Rbrace) {
		b.Insert(first.Pos(), text+sep)
	} else {
		b.Insert(last.End(), sep+text)
	}
}
