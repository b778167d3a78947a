package main

import (
	"context"
	"fmt"

	"handshake/refactor"
	"handshake/refactor/card"
)

// A spot is a place in a package.
type spot struct {
	pkg    *refactor.Package
	file   string // absolute path
	line   int    // from 1
	column int    // in bytes from 1; 0 for the whole line
}

// findSpot loads the package of a place.
func findSpot(ctx context.Context, arg string) (s spot, err error) {
	of, _ := newProjects("")
	t, err := loadTarget(ctx, of, []string{arg})
	if err != nil {
		return s, err
	}
	s.file, s.line, s.column = t.file, t.at.Line, t.at.Column
	if s.pkg, err = t.graph.Package(ctx, t.graph.Containing(t.file)); err != nil {
		return s, err
	}
	if n := s.pkg.FileNamed(s.file).Tok.LineCount(); s.line > n {
		return s, fmt.Errorf("%s has %s", s.file, count(n, "line"))
	}
	return s, nil
}

// cards returns the role cards of the channel or WaitGroup at the place, or of
// those of its line.
func (s spot) cards() []*card.Card {
	if s.column == 0 {
		return card.OnLine(s.pkg, s.file, s.line)
	}
	tok := s.pkg.FileNamed(s.file).Tok
	offset := min(tok.Offset(tok.LineStart(s.line))+s.column-1, tok.Size())
	if c := card.At(s.pkg, s.file, offset, nil); c != nil {
		return []*card.Card{c}
	}
	return nil
}
