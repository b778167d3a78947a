package main

import (
	"context"
	"encoding/json"
	"reflect"
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
	of, keyed := s.graph.Key(m)
	k := of.With(s.question()...)
	if keyed {
		if r := recall(s.graph.Cache(), k); r != nil {
			return r, nil
		}
	}
	pkg, err := s.graph.Package(ctx, m)
	if err != nil {
		return nil, err
	}
	r := s.analyse(pkg)
	if keyed && s.graph.Unchanged(m, pkg, of) {
		r.remember(s.graph.Cache(), k)
	}
	return r, nil
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

// recall returns the result under a key if there is one.
func recall(c *load.Cache, k load.Key) *result {
	data, ok := c.Get(k)
	r := new(result)
	if !ok || json.Unmarshal(data, r) != nil {
		return nil
	}
	return r
}

// remember keeps a result.
func (r *result) remember(c *load.Cache, k load.Key) {
	if data := r.exact(); data != nil {
		c.Put(k, data)
	}
}

// exact encodes a result, or returns nil if it would be another when it is read:
// JSON knows only valid UTF-8, and a fault of our own is not to stay.
func (r *result) exact() []byte {
	data, err := json.Marshal(r)
	var again result
	if err != nil || json.Unmarshal(data, &again) != nil || !reflect.DeepEqual(*r, again) {
		return nil
	}
	return data
}
