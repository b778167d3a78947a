package lsp

import (
	"encoding/json"
	"math"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// referenceOffset is the oracle for positions that may lie anywhere: it takes the
// text apart into lines and these into code units.
func referenceOffset(text string, line, character json.Number, encoding string) int {
	offset := 0
	wantLine, wantCharacter := coordinate(line), coordinate(character)
	for range wantLine {
		i := strings.IndexAny(text[offset:], "\r\n")
		if i < 0 {
			return len(text)
		}
		offset += i + 1
		if text[offset-1] == '\r' && strings.HasPrefix(text[offset:], "\n") {
			offset++
		}
	}
	rest := text[offset:]
	if i := strings.IndexAny(rest, "\r\n"); i >= 0 {
		rest = rest[:i]
	}
	units := 0
	for i, r := range rest {
		switch encoding {
		case "utf-8":
			units += utf8.RuneLen(r)
		case "utf-16":
			units += utf16.RuneLen(r)
		default:
			units++
		}
		if units > wantCharacter {
			return offset + i
		}
	}
	return offset + len(rest)
}

// coordinate returns the number that the server takes for what is written.
func coordinate(n json.Number) int {
	f, _ := n.Float64()
	return int(min(max(f, 0), math.MaxInt32))
}
