package draw

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"handshake/refactor/card"
)

// everything has each kind of step, and text that means something to d2 or XML.
var everything = &card.Sequence{
	Actors: []card.Actor{{Name: "main"}, {Name: `f's goroutine (line 1)`, Spawn: true}, {Name: "nobody"}},
	Steps: []card.Step{
		{Kind: card.Remark, Text: `c = make(chan map[string]struct{}, 1<<3 & "x")`},
		{Kind: card.LoopBegin, Text: "for i := range xs { # | ; }"},
		{Kind: card.Message, To: 1, Text: "go func() ${x} -> *"},
		{Kind: card.LoopBegin, From: 1, Text: "for ever"},
		{Kind: card.Message, From: 1, Text: "c <- <b>1</b>"},
		{Kind: card.LoopEnd, From: 1},
		{Kind: card.LoopEnd},
		{Kind: card.Message, From: 1, To: 1, Text: "close(c), \\deferred"},
		{Kind: card.Lack, From: 1, To: 1, Text: "nobody waits"},
	},
}

func TestSVGIsWellFormed(t *testing.T) {
	svg, err := SVG(t.Context(), everything)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := token.(xml.CharData); ok {
			text.Write(c)
			text.WriteByte('\n')
		}
	}
	for _, a := range everything.Actors {
		if !strings.Contains(text.String(), a.Name) {
			t.Errorf("the picture does not name %q", a.Name)
		}
	}
	said := strings.Join(strings.Fields(text.String()), " ")
	for _, st := range everything.Steps {
		if !strings.Contains(said, st.Text) {
			t.Errorf("the picture does not say %q", st.Text)
		}
	}
	if !bytes.Contains(svg, []byte("prefers-color-scheme:dark")) && !bytes.Contains(svg, []byte("prefers-color-scheme: dark")) {
		t.Error("the picture has no dark colours")
	}
}

func TestSVGIsDeterministic(t *testing.T) {
	first, err := SVG(t.Context(), everything)
	if err != nil {
		t.Fatal(err)
	}
	again, err := SVG(t.Context(), everything)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, again) {
		t.Error("the same sequence gives two pictures")
	}
}

func TestEmptySequence(t *testing.T) {
	if _, err := SVG(t.Context(), &card.Sequence{Actors: []card.Actor{{Name: "main"}}}); err != nil {
		t.Error(err)
	}
}
