package edit

import (
	"bytes"
	"slices"

	"handshake/refactor"
)

// startsLine reports whether nothing but white space and comments is before
// off on its line, and returns the start of that line, or of the one on which
// such a comment starts.
func (f *file) startsLine(off int) (start int, ok bool) {
	for {
		off = skipBack(f.Src, off)
		if off == lineStart(f.Src, off) || off == bom(f.Src) {
			return off, true
		}
		if off, ok = f.commentEndingAt(off); !ok {
			return 0, false
		}
	}
}

// endsLine reports whether nothing but white space, a semicolon and comments
// follows off on its line, and returns the end of that without the line ending.
func (f *file) endsLine(off int) (end int, ok bool) {
	for {
		off = skipSpace(f.Src, off)
		if off == len(f.Src) || f.Src[off] == '\n' {
			return off, true
		}
		if end, ok := f.commentAt(off); ok {
			off = end
		} else if f.Src[off] == ';' {
			off++
		} else {
			return 0, false
		}
	}
}

// leading returns the start of the comment lines that are right above the line
// that starts at off and as far to the right; off if there are none.
func (f *file) leading(off int) int {
	by := indentation(f.Src, off)
	for off > bom(f.Src) {
		c, ok := f.commentEndingAt(skipBack(f.Src, off-1))
		if !ok {
			break
		}
		start, ok := f.startsLine(c)
		if !ok || indentation(f.Src, start) != by {
			break
		}
		off = start
	}
	return off
}

// A comment is where a comment is. The end that its syntax tells is of no use:
// the text there lacks carriage returns.
type comment struct {
	start, end int
	text       string
}

// commentsOf returns the comments of a file in the order of their place.
func commentsOf(f *refactor.File) (comments []comment) {
	for _, g := range f.Syntax.Comments {
		for _, c := range g.List {
			start := f.Tok.Offset(c.Pos())
			end := skipBack(f.Src, len(bytes.TrimRight(f.Src[:nextLine(f.Src, start)], "\n")))
			if c.Text[1] == '*' {
				end = start + 2 + bytes.Index(f.Src[start+2:], []byte("*/")) + 2
			}
			comments = append(comments, comment{start, end, string(f.Src[start:end])})
		}
	}
	return comments
}

// commentAt returns the end of the comment that starts at off, if one does.
func (f *file) commentAt(off int) (end int, ok bool) {
	i, ok := slices.BinarySearchFunc(f.comments, off, func(c comment, off int) int { return c.start - off })
	if !ok {
		return 0, false
	}
	return f.comments[i].end, true
}

// commentEndingAt returns the start of the comment that ends at off, if one
// does.
func (f *file) commentEndingAt(off int) (start int, ok bool) {
	i, ok := slices.BinarySearchFunc(f.comments, off, func(c comment, off int) int { return c.end - off })
	if !ok {
		return 0, false
	}
	return f.comments[i].start, true
}

func bom(src []byte) int {
	if len(src) >= 3 && string(src[:3]) == "\uFEFF" {
		return 3
	}
	return 0
}
