package lsp

import (
	"bytes"
	"sort"
	"unicode/utf8"

	"go.lsp.dev/protocol"
)

// A text is the contents of a file together with where its lines start. Lines
// end with "\n", "\r\n" or "\r" (LSP 3.17, "Text Documents").
type text struct {
	src   []byte
	lines []int // offset of each line's first byte
}

func newText(src []byte) *text {
	lines := []int{0}
	for i := 0; ; {
		n := bytes.IndexAny(src[i:], "\r\n")
		if n < 0 {
			return &text{src, lines}
		}
		i += n + 1
		if src[i-1] == '\r' && i < len(src) && src[i] == '\n' {
			i++
		}
		lines = append(lines, i)
	}
}

// line returns line n without its terminator and the offset of its first byte.
func (t *text) line(n int) (line []byte, start int) {
	start = t.lines[n]
	end := len(t.src)
	if n+1 < len(t.lines) {
		end = t.lines[n+1]
	}
	return trimEOL(t.src[start:end]), start
}

// offset returns the byte offset of a position. Positions after the end of a
// line mean its end (LSP 3.17, "Position"); so do, with respect to the text,
// lines after the last. A position inside of a character means its start.
func (t *text) offset(p protocol.Position, enc protocol.PositionEncodingKind) int {
	if int64(p.Line) >= int64(len(t.lines)) {
		return len(t.src)
	}
	line, start := t.line(int(p.Line))
	left := int64(p.Character)
	at := 0
	for at < len(line) {
		r, size := utf8.DecodeRune(line[at:])
		if left -= units(r, size, enc); left < 0 {
			break
		}
		at += size
	}
	return start + at
}

// position returns the position of a byte offset, which must not lie outside of
// the text.
func (t *text) position(offset int, enc protocol.PositionEncodingKind) protocol.Position {
	n := sort.SearchInts(t.lines, offset+1) - 1
	line, start := t.line(n)
	end := min(offset-start, len(line)) // between "\r" and "\n" there is no position
	var character int64
	for at := 0; at < end; {
		r, size := utf8.DecodeRune(line[at:])
		if at+size > end {
			break
		}
		character += units(r, size, enc)
		at += size
	}
	return protocol.Position{Line: uint32(n), Character: uint32(character)}
}

// units returns how many code units a rune of the given length in UTF-8 has.
func units(r rune, size int, enc protocol.PositionEncodingKind) int64 {
	switch {
	case enc == protocol.PositionEncodingKindUTF8:
		return int64(size)
	case enc == protocol.PositionEncodingKindUTF16 && r > 0xFFFF:
		return 2
	}
	return 1
}

func (t *text) rangeOf(start, end int, enc protocol.PositionEncodingKind) protocol.Range {
	return protocol.Range{Start: t.position(start, enc), End: t.position(end, enc)}
}

func trimEOL(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}
