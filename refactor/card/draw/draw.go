// Package draw draws sequences as SVG. It stands apart from the cards because of
// what it brings with it: the layout and fonts of d2.
package draw

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"oss.terrastruct.com/d2/d2graph"
	"oss.terrastruct.com/d2/d2lib"
	"oss.terrastruct.com/d2/d2renderers/d2svg"
	"oss.terrastruct.com/d2/d2themes/d2themescatalog"
	"oss.terrastruct.com/d2/lib/log"
	"oss.terrastruct.com/d2/lib/textmeasure"

	"handshake/refactor/card"
)

// ruler measures text. Its fonts are read when the first diagram is drawn.
var ruler = sync.OnceValues(textmeasure.NewRuler)

// SVG draws the sequence. The picture follows the reader's colour scheme, light
// or dark, and is the same for the same sequence.
func SVG(ctx context.Context, s *card.Sequence) ([]byte, error) {
	measure, err := ruler()
	if err != nil {
		return nil, err
	}
	ctx = log.WithDefault(ctx) // which complains if there is none; it has nothing to log
	pad, light, dark := int64(24), d2themescatalog.NeutralDefault.ID, d2themescatalog.DarkMauve.ID
	options := &d2svg.RenderOpts{Pad: &pad, ThemeID: &light, DarkThemeID: &dark}
	layout := func(string) (d2graph.LayoutGraph, error) { // a sequence is laid out by d2lib itself
		return func(context.Context, *d2graph.Graph) error { return errors.New("not a sequence diagram") }, nil
	}
	diagram, _, err := d2lib.Compile(ctx, source(s), &d2lib.CompileOptions{Ruler: measure, LayoutResolver: layout}, options)
	if err != nil {
		return nil, err
	}
	return d2svg.Render(diagram, options)
}

// source returns the sequence in the language of d2.
// https://d2lang.com/tour/sequence-diagrams
func source(s *card.Sequence) string {
	var b strings.Builder
	b.WriteString("shape: sequence_diagram\n")
	for i, a := range s.Actors {
		fmt.Fprintf(&b, "g%d: %s\n", i, quote(a.Name))
	}
	for i, st := range s.Steps {
		switch st.Kind {
		case card.Message:
			style := ""
			if st.Perhaps {
				style = " {style.stroke-dash: 4}"
			}
			fmt.Fprintf(&b, "g%d -> g%d: %s%s\n", st.From, st.To, quote(st.Text), style)
		case card.Remark:
			fmt.Fprintf(&b, "g%d.n%d: %s\n", st.From, i, quote(st.Lines()...))
		case card.Lack:
			fmt.Fprintf(&b, "g%d.n%d: %s {style: {stroke: '#e5484d'; stroke-width: 3; bold: true}}\n", st.From, i, quote(st.Lines()...))
		case card.LoopBegin:
			fmt.Fprintf(&b, "l%d: %s {\n", i, quote(st.Text))
		case card.LoopEnd:
			b.WriteString("}\n")
		}
	}
	return b.String()
}

// quote returns lines as a string of d2 in which nothing has a meaning.
func quote(lines ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`)
	for i, line := range lines {
		lines[i] = escape.Replace(line)
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}
