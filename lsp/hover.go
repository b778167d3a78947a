package lsp

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.lsp.dev/protocol"

	"handshake/refactor"
	"handshake/refactor/card"
)

// hover handles textDocument/hover: the role card of a channel. It is a look-up
// in the analysis that there is, and says nothing of anything else: that is
// gopls' part.
func (s *session) hover(_ context.Context, snap *snapshot, p *protocol.HoverParams) (*protocol.Hover, error) {
	d := snap.docs[p.TextDocument.URI]
	if d == nil || !s.settingsOf(d).Hover.wanted(&s.client) {
		return nil, nil
	}
	c, span := snap.card(d, d.offset(p.Position, s.client.encoding))
	if c == nil || c.Kind == card.Group {
		return nil, nil
	}
	at := d.rangeOf(span.Start, span.End, s.client.encoding)
	return &protocol.Hover{Contents: s.client.markup(c.Markdown()), Range: &at}, nil
}

// card returns the role card of what is at an offset of a document, and where
// its name is. It is nil if there is none, or the place was edited since the
// analysis.
func (s *snapshot) card(d *document, offset int) (*card.Card, refactor.Span) {
	f := s.found[d.uri]
	if f == nil || f.pkg == nil {
		return nil, refactor.Span{}
	}
	then, ok := f.then(offset)
	if !ok {
		return nil, refactor.Span{}
	}
	c := card.At(f.pkg, d.name, then, s.lines(f.analysis))
	if c == nil {
		return nil, refactor.Span{}
	}
	span, ok := f.now(c.Span)
	if !ok || !d.hasWord(span, c.Name) {
		return nil, refactor.Span{}
	}
	return c, span
}

// hasWord reports whether the word stands at the span, and is no part of another.
func (d *document) hasWord(at refactor.Span, word string) bool {
	if at.Start < 0 || at.End > len(d.src) || string(d.src[at.Start:at.End]) != word {
		return false
	}
	part := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	before, _ := utf8.DecodeLastRune(d.src[:at.Start])
	after, _ := utf8.DecodeRune(d.src[at.End:])
	return !part(before) && !part(after)
}

// lines tells the lines of what was analysed as they are now.
func (s *snapshot) lines(a *analysis) card.Lines {
	return func(file string, offset int) int {
		if d := s.named(file); d != nil {
			if f := s.found[d.uri]; f != nil && f.analysis == a {
				if span, ok := f.now(refactor.Span{File: file, Start: offset, End: offset}); ok && span.Start <= len(d.src) {
					return int(d.position(span.Start, protocol.PositionEncodingKindUTF8).Line) + 1
				}
			}
		}
		f := a.pkg.FileNamed(file)
		return f.Tok.Line(f.Tok.Pos(offset))
	}
}

// markup returns Markdown in the form that the client shows in hovers.
func (c *client) markup(text string) *protocol.MarkupContent {
	if formats := c.TextDocument.Hover.ContentFormat; len(formats) > 0 && !slices.Contains(formats, protocol.MarkupKindMarkdown) {
		plain := strings.NewReplacer("**", "", "`", "").Replace(text)
		return &protocol.MarkupContent{Kind: protocol.MarkupKindPlainText, Value: plain}
	}
	return &protocol.MarkupContent{Kind: protocol.MarkupKindMarkdown, Value: text}
}
