package lsp

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.lsp.dev/protocol"

	"handshake/refactor"
)

var encodings = []protocol.PositionEncodingKind{
	protocol.PositionEncodingKindUTF8, protocol.PositionEncodingKindUTF16, protocol.PositionEncodingKindUTF32,
}

func TestPositions(t *testing.T) {
	// An emoji beyond the basic plane, a combining character, a family of
	// joined emoji, a right-to-left word.
	const src = "a😀b\r\ne\u0301x\n👩\u200d👧\rשלום.\n"
	for _, test := range []struct {
		at                  string // the offset is where this begins
		line                uint32
		utf8, utf16, utf32_ uint32
	}{
		{"😀", 0, 1, 1, 1},
		{"b", 0, 5, 3, 2},
		{"x", 1, 3, 2, 2},
		{"👧", 2, 7, 3, 2},
		{"שלום", 3, 0, 0, 0},
		{".", 3, 8, 4, 4},
	} {
		offset := strings.Index(src, test.at)
		for i, character := range []uint32{test.utf8, test.utf16, test.utf32_} {
			p := protocol.Position{Line: test.line, Character: character}
			text := newText([]byte(src))
			if got := text.offset(p, encodings[i]); got != offset {
				t.Errorf("%s: offset of %v is %d, want %d", encodings[i], p, got, offset)
			}
			if got := text.position(offset, encodings[i]); got != p {
				t.Errorf("%s: position of %q is %v, want %v", encodings[i], test.at, got, p)
			}
		}
	}
}

func TestPositionsOutside(t *testing.T) {
	text := newText([]byte("a😀\r\nb"))
	for _, test := range []struct {
		p    protocol.Position
		enc  protocol.PositionEncodingKind
		want int
	}{
		{protocol.Position{Line: 0, Character: 99}, protocol.PositionEncodingKindUTF16, 5},
		{protocol.Position{Line: 1, Character: 99}, protocol.PositionEncodingKindUTF16, 8},
		{protocol.Position{Line: 2, Character: 0}, protocol.PositionEncodingKindUTF16, 8},
		{protocol.Position{Line: 1<<32 - 1, Character: 1<<32 - 1}, protocol.PositionEncodingKindUTF16, 8},
		{protocol.Position{Line: 0, Character: 2}, protocol.PositionEncodingKindUTF16, 1}, // inside of the pair
		{protocol.Position{Line: 0, Character: 3}, protocol.PositionEncodingKindUTF8, 1},  // inside of the sequence
	} {
		if got := text.offset(test.p, test.enc); got != test.want {
			t.Errorf("offset of %v is %d, want %d", test.p, got, test.want)
		}
	}
	end := protocol.Position{Line: 0, Character: 3}
	if got := text.position(6, protocol.PositionEncodingKindUTF16); got != end {
		t.Errorf("between CR and LF: %v, want %v", got, end)
	}
}

// FuzzPositions checks that every offset at a character has a position that
// leads back to it, that positions grow with offsets, and that they are what an
// independent count says.
func FuzzPositions(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "\r\n", "\r", "\n\r", "a\r\r\nb", "package p\n\nvar s = \"é😀\"\n", "e\u0301\u0302 👩\u200d👩\u200d👧\u200d👦",
		"\ufeffpackage p\r\n", "\xff\xfe\n\x80", "\U0010ffff\U00010000\uffff", "\u2028\u2029\v\f\u0085",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		text := newText([]byte(src))
		for _, enc := range encodings {
			var last protocol.Position
			for offset := range len(src) + 1 {
				p := text.position(offset, enc)
				if p.Line < last.Line || p.Line == last.Line && p.Character < last.Character {
					t.Fatalf("%s: position %v of offset %d is before %v", enc, p, offset, last)
				}
				last = p
				between := offset > 0 && offset < len(src) && src[offset-1] == '\r' && src[offset] == '\n'
				if offset < len(src) && !utf8.RuneStart(src[offset]) || between {
					continue
				}
				if back := text.offset(p, enc); back != offset && utf8.ValidString(src) {
					t.Fatalf("%s: offset %d is at %v, which is at %d", enc, offset, p, back)
				}
				if utf8.ValidString(src) && !strings.Contains(src, "\r") {
					if want := positionOf(src, offset, string(enc)); int(p.Line) != want.Line || int(p.Character) != want.Character {
						t.Fatalf("%s: offset %d is at %v, want %v", enc, offset, p, want)
					}
				}
			}
		}
	})
}

// FuzzChange checks incremental against full synchronisation: both lead to the
// same text, and what a span covers stays what it was unless it was edited.
func FuzzChange(f *testing.F) {
	f.Add("package p\n", uint8(0), uint8(3), "x", uint8(4), uint8(7))
	f.Add("a😀b\r\nc\n", uint8(1), uint8(5), "", uint8(7), uint8(9))
	f.Add("aaaa", uint8(2), uint8(2), "aa", uint8(1), uint8(3))
	f.Add("", uint8(0), uint8(0), "package p\n", uint8(0), uint8(0))
	f.Fuzz(func(t *testing.T, src string, start, end uint8, with string, from, to uint8) {
		if !utf8.ValidString(src) || !utf8.ValidString(with) {
			t.Skip("the protocol carries valid UTF-8 only")
		}
		d := newDocument("file:///p/a.go", 1, src)
		for _, enc := range encodings {
			r := d.rangeOf(min(int(start), len(src)), min(max(int(start), int(end)), len(src)), enc)
			a, b := d.offset(r.Start, enc), d.offset(r.End, enc)
			want := src[:a] + with + src[b:]
			incremental, splices := d.change(2, []contentChange{{Range: &r, Text: with}}, enc)
			if diff := cmp.Diff(want, string(incremental.src)); diff != "" {
				t.Fatal(diff)
			}
			full, difference := d.change(2, []contentChange{{Text: want}}, enc)
			if string(full.src) != want {
				t.Fatalf("full sync: %q", full.src)
			}
			for _, s := range append(splices, difference...) {
				span := refactor.Span{Start: min(int(from), len(src)), End: min(max(int(from), int(to)), len(src))}
				before := src[span.Start:span.End]
				untouched := span.End <= s.start || span.Start >= s.end
				if !s.move(&span) {
					if untouched {
						t.Fatalf("%v moves a span that it does not touch away", s)
					}
					continue
				}
				if span.Start < 0 || span.End > len(want) || span.Start > span.End {
					t.Fatalf("%v moves the span to %v of %d bytes", s, span, len(want))
				}
				if untouched && want[span.Start:span.End] != before {
					t.Fatalf("%v moves %q to %q", s, before, want[span.Start:span.End])
				}
			}
		}
	})
}
