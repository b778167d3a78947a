package main

import (
	"context"
	"strconv"

	"handshake/refactor"
	"handshake/refactor/load"
)

// A scanner looks at packages one by one.
type scanner struct {
	dir     string // the working directory
	graph   *load.Graph
	rules   []*refactor.Rule
	resolve bool // whether edits are wanted too
}

// A result is what the analysis of one package comes to. It depends on the
// package's key and on what is asked for alone, so that it need not be computed
// again until these change.
type result struct {
	Findings []finding
	Problems []problem
	Read     bool // the package parses at least in part
}

// result analyses a package, unless the cache has the result.
func (s scanner) result(ctx context.Context, m *load.Meta) (*result, error) {
	return load.Computed(ctx, s.graph, m, s.question(), s.analyse)
}

func (s scanner) analyse(pkg *refactor.Package) *result {
	p := problems{dir: s.dir}
	p.addTypes(load.Complaints(pkg))
	r := &result{Read: load.Parses(pkg)}
	findings, errs := refactor.Analyze(pkg, s.rules)
	for _, err := range errs {
		p.addError(err, true)
	}
	for _, f := range findings {
		r.Findings = append(r.Findings, newFinding(s.dir, pkg, f, s.resolve))
	}
	r.Problems = p.list
	return r
}

// question returns what is asked of each package. What a rule does is part of
// the program, and with it of the key of the package.
func (s scanner) question() []string {
	q := []string{"check", s.dir, strconv.FormatBool(s.resolve)}
	for _, r := range s.rules {
		q = append(q, r.Name)
	}
	return q
}
