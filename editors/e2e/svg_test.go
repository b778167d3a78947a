package e2e

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestSVG(t *testing.T) {
	screen := "  plain \x1b[1;38;2;1;2;3ma<b\x1b[0m\n\x1b[48;5;196m \x1b[4;49;58:5:15mü\x1b[24;7mz\x1b(B\x1b[m\n"
	got := SVG(screen, "#eeeeee", "#111111")
	for _, want := range []string{
		`<text x="28.8" y="25" textLength="42.0" fill="#eeeeee" xml:space="preserve">plain</text>`,
		`<text x="79.2" y="25" textLength="25.2" fill="#010203" font-weight="bold" xml:space="preserve">a&lt;b</text>`,
		`<rect x="12.0" y="30" width="8.4" height="18" fill="#ff0000"/>`,
		`<text x="20.4" y="43" textLength="8.4" fill="#eeeeee" xml:space="preserve">ü</text>`,
		`<path d="M20.4 46.5h8.4" stroke="#ffffff"/>`,
		`<rect x="28.8" y="30" width="8.4" height="18" fill="#eeeeee"/>`,
		`<text x="28.8" y="43" textLength="8.4" fill="#111111" xml:space="preserve">z</text>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing in the picture: %s", want)
		}
	}
	d := xml.NewDecoder(strings.NewReader(got))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

// A hidden cursor, an unknown parameter or a broken sequence must not end up in
// the picture.
func TestSVGIgnoresOtherEscapes(t *testing.T) {
	got := SVG("\x1b[?25la\x1b[99mb\x1b[58:2::1:2:3mc\x1b[38", "#eeeeee", "#111111")
	for _, c := range []string{">a<", ">b<", ">c<"} {
		if !strings.Contains(got, c) {
			t.Errorf("missing in the picture: %s", c)
		}
	}
	if strings.Contains(got, "\x1b") || strings.Contains(got, ">[") {
		t.Errorf("an escape sequence is in the picture:\n%s", got)
	}
}
