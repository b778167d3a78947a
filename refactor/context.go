package refactor

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"path"
	"strconv"
	"strings"
)

// Context is what may stand at a place in a source file.
type Context int

const (
	NoCode    Context = iota // a comment, a literal, or the middle of something
	TopLevel                 // a declaration
	Statement                // a statement
)

// SyntaxError returns the first syntax error of a source file, or nil.
func SyntaxError(src []byte) error {
	_, err := parser.ParseFile(token.NewFileSet(), "", src, parser.SkipObjectResolution)
	return err
}

// ContextAt returns what may stand at a byte offset of a source file, which is
// being typed and need not parse: the tokens before the offset decide. Offset
// is where the word begins that is being typed.
func ContextAt(src []byte, offset int) Context {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, src, func(token.Position, string) {}, scanner.ScanComments)
	levels := []level{{kind: declarations}}
	begins := false // a declaration or statement may begin here
	last := token.ILLEGAL
	for {
		pos, tok, lit := s.Scan()
		at := file.Offset(pos)
		if tok == token.EOF || at >= offset {
			break
		}
		if tok == token.COMMENT || tok == token.STRING || tok == token.CHAR {
			end := at + len(lit)
			if offset < end || offset == end && strings.HasPrefix(lit, "//") {
				return NoCode
			}
		}
		if tok == token.COMMENT {
			continue
		}
		levels, begins = next(levels, last, tok)
		last = tok
	}
	if !begins {
		return NoCode
	}
	switch levels[len(levels)-1].kind {
	case declarations:
		return TopLevel
	case block:
		return Statement
	}
	return NoCode
}

// A level is what a bracket has opened.
type level struct {
	kind     kind
	function bool // "func" was read and its body not yet
	header   bool // "if", "for", "switch" or "select" was read and its block not yet
	label    bool // "case" or "default" was read and its colon not yet
}

type kind int

const (
	declarations kind = iota
	block
	other // a list, a type, a composite literal
)

// next returns the levels after a token, and whether something may begin there.
func next(levels []level, last, tok token.Token) ([]level, bool) {
	top := &levels[len(levels)-1]
	switch tok {
	case token.FUNC:
		top.function = true
	case token.IF, token.FOR, token.SWITCH, token.SELECT:
		top.header = true
	case token.CASE, token.DEFAULT:
		top.label = true
	case token.SEMICOLON:
		if !top.header {
			top.function = false
		}
		return levels, top.kind != other && !top.header
	case token.COLON:
		label := top.kind == block && (top.label || last == token.IDENT)
		top.label = false
		return levels, label
	case token.LPAREN, token.LBRACK:
		return append(levels, level{kind: other}), false
	case token.LBRACE:
		l := level{kind: other}
		switch {
		case last == token.STRUCT || last == token.INTERFACE:
		case top.function:
			l.kind, top.function = block, false
		case top.kind == block && (top.header || last == token.ELSE || last == token.SEMICOLON || last == token.LBRACE || last == token.COLON):
			l.kind, top.header = block, false
		}
		return append(levels, l), l.kind == block
	case token.RPAREN, token.RBRACK, token.RBRACE:
		if len(levels) > 1 {
			levels = levels[:len(levels)-1]
		}
	}
	return levels, false
}

// NamesAt returns the names that something declared at a byte offset of a source
// file could clash with: those that the file declares outside of functions, and
// all that occur in the declaration around the offset. The file need not parse.
func NamesAt(src []byte, offset int) map[string]bool {
	names := make(map[string]bool)
	fset := token.NewFileSet()
	f, _ := parser.ParseFile(fset, "", src, parser.SkipObjectResolution)
	if f == nil {
		return names
	}
	for _, spec := range f.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			names[path.Base(p)] = true
		}
	}
	for _, d := range f.Decls {
		around := fset.Position(d.Pos()).Offset <= offset && offset <= fset.Position(d.End()).Offset
		fields := make(map[*ast.Ident]bool)
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				fields[n.Sel] = true
			case *ast.Ident:
				if !fields[n] {
					names[n.Name] = true
				}
			case *ast.BlockStmt, *ast.FieldList, ast.Expr:
				return around // else only what the declaration declares
			}
			return true
		})
	}
	return names
}

// AddImports returns the edits that import those of the paths that the file
// does not import yet. The file need not parse after its imports; if they do
// not parse either, there are no edits.
func AddImports(name string, src []byte, paths []string) []Edit {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, src, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return nil
	}
	have := make(map[string]bool)
	for _, spec := range f.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil && (spec.Name == nil || spec.Name.Name == path.Base(p)) {
			have[p] = true
		}
	}
	eol := "\n"
	if strings.Contains(string(src), "\r\n") {
		eol = "\r\n"
	}
	offset := func(p token.Pos) int { return fset.Position(p).Offset }
	line := func(at int) int { return fset.File(f.FileStart).Line(f.FileStart + token.Pos(at)) }
	list := importList(f)
	var edits []Edit
	var single strings.Builder // declarations of their own, where there is no list
	for _, p := range paths {
		quoted := strconv.Quote(p)
		switch {
		case have[p]:
		case list == nil:
			single.WriteString(eol + "import " + quoted)
		default:
			at, text := offset(list.Lparen)+1, eol+"\t"+quoted
			for _, spec := range list.Specs {
				if spec.(*ast.ImportSpec).Path.Value > quoted || at > offset(list.Lparen)+1 && fset.Position(spec.Pos()).Line > line(at)+1 {
					break // sorted into the first group
				}
				at = offset(spec.End())
			}
			edits = append(edits, Edit{Span{name, at, at}, text})
		}
	}
	if single.Len() > 0 {
		at, text := offset(f.Name.End()), eol+single.String()
		if n := len(f.Imports); n > 0 {
			at, text = offset(f.Imports[n-1].End()), single.String()
		}
		edits = append(edits, Edit{Span{name, at, at}, text})
	}
	return edits
}

// importList returns the first import declaration with parentheses, or nil.
func importList(f *ast.File) *ast.GenDecl {
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT && g.Lparen.IsValid() {
			return g
		}
	}
	return nil
}
