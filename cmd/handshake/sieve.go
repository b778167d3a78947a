package main

import (
	"context"
	"os"
	"path/filepath"
)

// A sieve leaves out findings that nobody wants to see again.
type sieve struct {
	dir   string
	known *baseline // may be nil
	since *newLines // may be nil
}

// newSieve returns what leaves out the findings of a baseline and those on lines
// that are older than a revision, where these are not empty. It is made before the
// packages are looked at: that may take long, and a wrong name be noticed at once.
func newSieve(ctx context.Context, baseline, rev string) (s sieve, err error) {
	if s.dir, err = os.Getwd(); err != nil {
		return s, err
	}
	if baseline != "" {
		if s.known, err = readBaseline(baseline); err != nil {
			return s, err
		}
	}
	if rev != "" {
		s.since, err = linesSince(ctx, s.dir, rev)
	}
	return s, err
}

func (s sieve) sift(r *report) {
	if s.known != nil {
		r.gone = s.known.hide(r)
	}
	if s.since != nil {
		r.hide("on lines that are not new", func(f finding) bool {
			return !s.since.has(filepath.Join(s.dir, filepath.FromSlash(f.File)), f.Line, f.EndLine)
		})
	}
}
