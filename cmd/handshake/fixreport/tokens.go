package fixreport

import (
	"go/scanner"
	"go/token"
	"strings"
)

// A source is a Go file with its tokens.
type source struct {
	lines   []string
	classes [][]span // by line
}

type span struct {
	start, end int // in the line
	class      string
}

// tokens finds what is worth marking in a Go file: keywords (k), strings and
// characters (s), numbers (n), comments (c) and the arrow of channels (a). What
// is no Go is not marked.
func tokens(src []byte) *source {
	out := &source{lines: strings.Split(string(src), "\n")}
	out.classes = make([][]span, len(out.lines))
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, src, nil, scanner.ScanComments)
	for {
		pos, tok, text := s.Scan()
		class := ""
		switch {
		case tok == token.EOF:
			return out
		case tok == token.COMMENT:
			class = "c"
		case tok.IsKeyword():
			class = "k"
		case tok == token.STRING || tok == token.CHAR:
			class = "s"
		case tok == token.INT || tok == token.FLOAT || tok == token.IMAG:
			class = "n"
		case tok == token.ARROW:
			class, text = "a", "<-"
		default:
			continue
		}
		// Lines are counted by hand: //line comments do not matter here, and the
		// scanner drops the carriage returns of raw strings and comments.
		line, start := file.Line(pos), file.Offset(pos)-file.Offset(file.LineStart(file.Line(pos)))
		for i, part := range strings.Split(text, "\n") {
			if n := line - 1 + i; n < len(out.lines) {
				end := min(start+len(part), len(out.lines[n]))
				if start < end {
					out.classes[n] = append(out.classes[n], span{start, end, class})
				}
			}
			start = 0
		}
	}
}

// line returns a line, from 1, without its end.
func (s *source) line(n int) []segment {
	if n < 1 || n > len(s.lines) {
		return nil
	}
	text := strings.TrimSuffix(s.lines[n-1], "\r")
	var out []segment
	at := 0
	for _, c := range s.classes[n-1] {
		start, end := min(c.start, len(text)), min(c.end, len(text))
		if at < start {
			out = append(out, segment{Text: text[at:start]})
		}
		if start < end {
			out = append(out, segment{Text: text[start:end], Class: c.class})
		}
		at = max(at, end)
	}
	if at < len(text) {
		out = append(out, segment{Text: text[at:]})
	}
	return out
}
