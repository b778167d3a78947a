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
	of      *projects
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
	return load.Computed(ctx, s.graph, m, s.question(m), func(pkg *refactor.Package) *result { return s.analyse(pkg, s.of.rules(m.Dir)) })
}

func (s scanner) analyse(pkg *refactor.Package, rules []*refactor.Rule) *result {
	p := problems{dir: s.dir}
	p.addTypes(load.Complaints(pkg))
	r := &result{Read: load.Parses(pkg)}
	findings, errs := refactor.Analyze(pkg, rules)
	for _, err := range errs {
		p.addError(err, true)
	}
	prints := refactor.Fingerprints(pkg, findings)
	for i, f := range findings {
		out := newFinding(s.dir, pkg, f, s.resolve)
		out.Fingerprint = prints[i]
		r.Findings = append(r.Findings, out)
	}
	r.Problems = p.list
	return r
}

// question returns what is asked of each package. What a rule does is part of
// the program, and with it of the key of the package.
func (s scanner) question(m *load.Meta) []string {
	q := []string{"check", s.dir, strconv.FormatBool(s.resolve)}
	for _, r := range s.of.rules(m.Dir) {
		q = append(q, r.Name, r.Severity.String())
	}
	return q
}
