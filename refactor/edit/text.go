package edit

import (
	"bytes"
	"go/scanner"
	"go/token"
	"strings"
)

// lineStart returns the offset of the first byte of the line that holds off.
func lineStart(src []byte, off int) int {
	return bytes.LastIndexByte(src[:off], '\n') + 1
}

// nextLine returns the offset behind the line that holds off.
func nextLine(src []byte, off int) int {
	if i := bytes.IndexByte(src[off:], '\n'); i >= 0 {
		return off + i + 1
	}
	return len(src)
}

// indentation returns the white space at the start of the line that holds off.
func indentation(src []byte, off int) string {
	start := lineStart(src, off)
	return string(src[start:skipSpace(src, start)])
}

// skipSpace returns the first offset from off on that is no white space of the
// same line. The carriage return of a line ending counts as white space.
func skipSpace(src []byte, off int) int {
	for off < len(src) && isSpace(src[off]) {
		off++
	}
	return off
}

// skipBack returns the last offset up to off with no white space of the same
// line before it.
func skipBack(src []byte, off int) int {
	for off > 0 && isSpace(src[off-1]) {
		off--
	}
	return off
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

// eol returns the line ending in use around off: that of its line, or of the
// line before if it is the last one.
func eol(src []byte, off int) string {
	i := bytes.IndexByte(src[off:], '\n') + off
	if i < off {
		i = bytes.LastIndexByte(src[:off], '\n')
	}
	if i > 0 && src[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// indent puts the indentation before each line of the code but blank ones and
// those that start within a raw string. Line breaks around the code are cut.
func indent(code, by string) string {
	code = strings.Trim(unix(code), "\n")
	lines := strings.Split(code, "\n")
	fixed := rawLines(code)
	for i, line := range lines {
		if line != "" && !fixed[i] {
			lines[i] = by + line
		}
	}
	return strings.Join(lines, "\n")
}

// hang is like indent, but leaves the first line as it is.
func hang(code, by string) string {
	return strings.TrimPrefix(indent(code, by), by)
}

// dedent removes the indentation from each line of the code but the first and
// those that start within a raw string.
func dedent(code, by string) string {
	code = unix(code)
	lines := strings.Split(code, "\n")
	fixed := rawLines(code)
	for i, line := range lines {
		if i > 0 && !fixed[i] {
			lines[i] = strings.TrimPrefix(line, by)
		}
	}
	return strings.Join(lines, "\n")
}

func unix(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// rawLines returns the lines, from 0, that start within a raw string: white
// space at their start means something.
func rawLines(code string) map[int]bool {
	lines := make(map[int]bool)
	if !strings.Contains(code, "`") {
		return lines
	}
	scan([]byte(code), func(off int, tok token.Token, lit string) {
		if tok == token.STRING && lit[0] == '`' {
			first := strings.Count(code[:off], "\n")
			for i := range strings.Count(lit, "\n") {
				lines[first+1+i] = true
			}
		}
	})
	return lines
}

// scan calls do for each token of the code, comments included and automatic
// semicolons not. What is no token is skipped.
func scan(code []byte, do func(off int, tok token.Token, lit string)) {
	var s scanner.Scanner
	f := token.NewFileSet().AddFile("", -1, len(code))
	s.Init(f, code, func(token.Position, string) {}, scanner.ScanComments)
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return
		}
		if tok == token.SEMICOLON && lit != ";" {
			continue
		}
		do(f.Offset(pos), tok, lit)
	}
}
