package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"handshake/refactor/load"
)

// stats say how much was looked at.
type stats struct {
	packages int // that could be read
	skipped  int // of these, without a goroutine, channel or sleep
	took     time.Duration
}

// loadPatterns asks the go command for packages in the working directory, which
// it returns too; no pattern means ".".
func loadPatterns(ctx context.Context, of *projects, patterns []string) (dir string, g *load.Graph, err error) {
	if dir, err = os.Getwd(); err != nil {
		return "", nil, err
	}
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	g, err = of.load(ctx, dir, patterns)
	if err != nil && strings.Contains(err.Error(), "go.mod file not found") {
		err = fmt.Errorf("%w (without one, name the files)", err)
	}
	return dir, g, err
}

var errNothing = errors.New("no Go package could be read")

// scan analyses the packages that match, a few at a time; each is dropped once
// analysed. The error is not nil only if none could be read; the report then
// has the reasons.
func scan(ctx context.Context, patterns []string, of *projects, resolve bool) (*report, error) {
	start := time.Now()
	r := &report{Version: 1, Findings: []finding{}, looked: make(map[string]looked)}
	var all problems
	dir, g, err := loadPatterns(ctx, of, patterns)
	if of.err != nil {
		return nil, of.err
	}
	if err != nil {
		all.addError(err, false)
		r.Errors = all.list
		return r, cmp.Or(ctx.Err(), errNothing)
	}
	s := scanner{dir, g, of, resolve}
	parts := make([]part, len(g.Roots()))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, m := range g.Roots() {
		group.Go(func() error {
			parts[i] = s.scanOne(ctx, m)
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all.list = append(all.list, of.complaints(dir)...)
	for i, p := range parts {
		m := g.Roots()[i]
		for _, f := range p.findings {
			f.pkg = m.Path
			r.Findings = append(r.Findings, f)
		}
		if len(p.problems.list) == 0 && p.read {
			r.looked[m.Path] = looked{m, of.rules(m.Dir)}
		}
		all.list = append(all.list, p.problems.list...)
		if p.read {
			r.stats.packages++
		}
		if p.skipped {
			r.stats.skipped++
		}
	}
	slices.SortStableFunc(r.Findings, func(a, b finding) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), strings.Compare(a.Rule, b.Rule))
	})
	r.Errors = all.sorted()
	r.stats.took = time.Since(start)
	if r.stats.packages == 0 {
		return r, errNothing
	}
	return r, nil
}

// A part is what one package adds to the report.
type part struct {
	findings []finding
	problems problems
	read     bool
	skipped  bool
}

func (s scanner) scanOne(ctx context.Context, m *load.Meta) part {
	p := part{problems: problems{dir: s.dir}}
	p.problems.addMeta(m)
	if len(m.Files) == 0 {
		return p
	}
	if !s.graph.MayMatter(m) {
		p.read, p.skipped = m.Name != "", true
		return p
	}
	r, err := s.result(ctx, m)
	if err != nil {
		p.problems.addError(err, false)
		return p
	}
	p.findings, p.read = r.Findings, r.Read
	p.problems.list = append(p.problems.list, r.Problems...)
	return p
}
