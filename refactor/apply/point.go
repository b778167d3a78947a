package apply

import (
	"cmp"
	"slices"

	"handshake/refactor"
)

// A Point is where a user wants one thing done.
type Point struct {
	Line   int // from 1
	Column int // in bytes from 1; 0 for the whole line
}

// at returns the findings that the point touches, the narrowest first: what
// encloses it may have a finding of its own.
func (pt *Point) at(f *refactor.File, findings []refactor.Finding) []refactor.Finding {
	if f == nil || pt.Line < 1 || pt.Line > f.Tok.LineCount() {
		return nil
	}
	start := f.Tok.Offset(f.Tok.LineStart(pt.Line))
	end := len(f.Src)
	if pt.Line < f.Tok.LineCount() {
		end = f.Tok.Offset(f.Tok.LineStart(pt.Line+1)) - 1
	}
	if pt.Column > 0 {
		start = min(start+pt.Column-1, end)
		end = start
	}
	var touched []refactor.Finding
	for _, found := range findings {
		if found.Span.File == f.Name && found.Span.Start <= end && start <= found.Span.End {
			touched = append(touched, found)
		}
	}
	slices.SortStableFunc(touched, func(a, b refactor.Finding) int {
		return cmp.Compare(a.Span.End-a.Span.Start, b.Span.End-b.Span.Start)
	})
	return touched
}
