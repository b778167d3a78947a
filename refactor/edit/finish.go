package edit

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/scanner"
	"go/token"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"

	"handshake/refactor"
)

// finish returns the contents of f with everything done to it.
func (b *Builder) finish(f *file) ([]byte, error) {
	src, err := f.perform()
	if err != nil {
		return nil, err
	}
	crlf := bytes.Count(f.Src, []byte("\n")) == bytes.Count(f.Src, []byte("\r\n")) && bytes.Contains(f.Src, []byte("\n"))
	mixed := !crlf && bytes.Contains(f.Src, []byte("\r\n"))
	before := f.Src
	if crlf {
		src, before = []byte(unix(string(src))), []byte(unix(string(before)))
	}
	if src, err = b.fixImports(f, src); err != nil {
		return nil, err
	}
	if !mixed && formatted(before) {
		if src, err = gofmt(src); err != nil {
			return nil, fmt.Errorf("the result does not parse: %w", err)
		}
	}
	if crlf {
		src = bytes.ReplaceAll(src, []byte("\n"), []byte("\r\n"))
	}
	return src, nil
}

// perform returns the contents of f with its ops done.
func (f *file) perform() ([]byte, error) {
	ops := slices.Clone(f.ops)
	sortOps(ops)
	var out bytes.Buffer
	var tidy []int // offsets in out
	at := 0
	for _, o := range ops {
		if o.start < at || o.end < o.start || o.end > len(f.Src) {
			return nil, fmt.Errorf("%s: two edits overlap", f.Tok.Position(f.Tok.Pos(min(o.start, len(f.Src)))))
		}
		out.Write(f.Src[at:o.start])
		at = o.end
		text := unix(o.text)
		if nl := eol(f.Src, o.start); nl != "\n" {
			text = strings.ReplaceAll(text, "\n", nl)
		}
		out.WriteString(text)
		if o.tidy {
			tidy = append(tidy, out.Len())
		}
	}
	out.Write(f.Src[at:])
	return tidyBlank(out.Bytes(), tidy), nil
}

// tidyBlank removes blank lines next to the given line starts, at which lines
// were deleted: of those above and below only the ones above stay, and none at
// the start or end of a block.
func tidyBlank(src []byte, at []int) []byte {
	for _, off := range slices.Backward(at) {
		if off > 0 && src[off-1] != '\n' {
			continue // the last line, not ended
		}
		above, below := off, off
		for above > 0 {
			start := lineStart(src, above-1)
			if len(bytes.TrimSpace(src[start:above])) > 0 {
				break
			}
			above = start
		}
		for below < len(src) && len(bytes.TrimSpace(src[below:nextLine(src, below)])) == 0 {
			below = nextLine(src, below)
		}
		switch {
		case above < off:
			if below > off || closes(src[below:]) {
				if below == off {
					off = above // the block ended without a blank line
				}
				src = slices.Delete(src, off, below)
			}
		case below > off && opens(src[:above]):
			src = slices.Delete(src, off, below)
		}
	}
	return src
}

// opens reports whether the last line of src opens a block or a clause.
func opens(src []byte) bool {
	start := lineStart(src, max(len(src)-1, 0))
	last := token.ILLEGAL
	scan(src[start:], func(_ int, tok token.Token, _ string) {
		if tok != token.COMMENT {
			last = tok
		}
	})
	return last == token.LBRACE || last == token.LPAREN || last == token.COLON
}

// closes reports whether src starts with what ends a block or a clause.
func closes(src []byte) bool {
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(src)), src, func(token.Position, string) {}, scanner.ScanComments)
	_, tok, _ := s.Scan()
	return tok == token.RBRACE || tok == token.RPAREN || tok == token.CASE || tok == token.DEFAULT
}

// formatted reports whether gofmt would leave src as it is.
func formatted(src []byte) bool {
	out, err := gofmt(src)
	return err == nil && bytes.Equal(out, src)
}

// gofmt formats src, and once more if that was not final: comments can take it
// two rounds to settle. A byte order mark stays.
func gofmt(src []byte) ([]byte, error) {
	mark := src[:bom(src)]
	src = src[bom(src):]
	for range 2 {
		out, err := format.Source(src)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(out, src) {
			break
		}
		src = out
	}
	return slices.Concat(mark, src), nil
}

func parse(src []byte) (*token.File, *ast.File, error) {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, "", src, parser.ParseComments)
	if err != nil {
		return nil, nil, fmt.Errorf("the result does not parse: %w", err)
	}
	return fset.File(syntax.FileStart), syntax, nil
}

// diff returns the edits that turn before into after: the lines that differ,
// without what is the same at the start and the end of each run of them.
func diff(name string, before, after []byte) (edits []refactor.Edit) {
	for _, e := range udiff.Lines(string(before), string(after)) {
		old, text := string(before[e.Start:e.End]), e.New
		n := commonPrefix(old, text)
		e.Start, old, text = e.Start+n, old[n:], text[n:]
		n = commonSuffix(old, text)
		e.End, text = e.End-n, text[:len(text)-n]
		edits = append(edits, refactor.Edit{Span: refactor.Span{File: name, Start: e.Start, End: e.End}, New: text})
	}
	return edits
}

// commonPrefix returns the length of the longest common prefix that ends
// between two characters.
func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	for n > 0 && (n < len(a) && !utf8.RuneStart(a[n]) || n < len(b) && !utf8.RuneStart(b[n])) {
		n--
	}
	if n > 0 && a[n-1] == '\r' {
		n-- // never between the two characters of a line ending
	}
	return n
}

func commonSuffix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	for n > 0 && !utf8.RuneStart(a[len(a)-n]) {
		n--
	}
	if n > 0 && a[len(a)-n] == '\n' && (n < len(a) && a[len(a)-n-1] == '\r' || n < len(b) && b[len(b)-n-1] == '\r') {
		n--
	}
	return n
}
