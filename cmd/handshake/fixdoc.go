package main

import (
	"cmp"
	"context"
	"os"
	"slices"
	"strings"

	"handshake/cmd/handshake/fixreport"
	"handshake/refactor/apply"
	"handshake/refactor/card"
	"handshake/refactor/card/draw"
	"handshake/refactor/load"
	"handshake/refactor/verify"
)

// A fixDoc makes the document about what fix does.
type fixDoc struct {
	dir   string // the working directory
	graph *load.Graph
	*fixreport.Document
}

// newFixDoc describes a result; the report is nil without -verify.
func newFixDoc(t target, res *apply.Result, report *verify.Report, proof verifyFlags, found []problem) *fixDoc {
	d := &fixDoc{t.dir, t.graph, &fixreport.Document{
		Version: 1, Fixes: []fixreport.Fix{}, Left: []fixreport.Left{}, Files: []fixreport.File{}, Errors: []fixreport.Problem{},
	}}
	for _, m := range res.Made {
		d.add(m, fixreport.Made, "", "")
	}
	for _, l := range res.Left {
		left := fixreport.Left{
			Rule: l.Rule.Name, File: relative(d.dir, l.File), Package: d.packageOf(l.File), Line: l.Line, Message: l.Message,
			Review: append([]string{}, l.Review...), Withheld: []fixreport.Withheld{},
		}
		for _, w := range l.Withheld {
			left.Withheld = append(left.Withheld, fixreport.Withheld(w))
		}
		d.Left = append(d.Left, left)
	}
	for _, f := range res.Files {
		name := relative(d.dir, f.Name)
		d.Files = append(d.Files, fixreport.File{
			Name: name, Package: d.packageOf(f.Name), Diff: unified("./"+name, string(f.Before), string(f.After)), Before: f.Before, After: f.After,
		})
	}
	s := verify.SleepsRemoved(res.Files)
	d.Sleeps = fixreport.Sleeps{Removed: s.Count, Seconds: s.Waited.Seconds(), Unknown: s.Unknown}
	if report != nil {
		d.proved(report, proof)
	}
	slices.SortStableFunc(d.Fixes, func(a, b fixreport.Fix) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	for _, p := range found {
		d.Errors = append(d.Errors, fixreport.Problem{File: p.File, Line: p.Line, Column: p.Column, Message: p.Message})
	}
	return d
}

func (d *fixDoc) add(m apply.Made, status fixreport.Status, reason, output string) {
	d.Fixes = append(d.Fixes, fixreport.Fix{
		Status: status, Rule: m.Rule.Name, Title: m.Title, Safety: m.Safety.String(),
		File: relative(d.dir, m.File), Package: d.packageOf(m.File), Line: m.Line, Test: m.Test, Covered: len(m.Covers) > 0, Reason: reason, Output: output,
	})
}

// packageOf returns the import path of the package with the file, for that of its
// tests too.
func (d *fixDoc) packageOf(file string) string {
	m := d.graph.Containing(file)
	if m == nil {
		return ""
	}
	return cmp.Or(m.ForTest, m.Path)
}

func (d *fixDoc) proved(r *verify.Report, proof verifyFlags) {
	for _, x := range r.Rejected {
		d.add(x.Made, fixreport.Rejected, x.Failure.String(), x.Output)
	}
	for _, u := range r.Unproven {
		d.add(u.Made, fixreport.Unproven, u.Reason, "")
	}
	d.Verify = &fixreport.Verify{Level: proof.level, Planned: r.Planned}
	if r.Tests == nil {
		return
	}
	t := r.Tests
	out := &fixreport.Tests{
		Count: t.Count, Race: t.Race, NoRace: t.NoRace, Stress: proof.stress, Packages: t.Packages, Stable: t.Stable, Unstable: []fixreport.Unstable{},
		Before: fixreport.Runs{Runs: t.RunsBefore, Failed: t.FailedBefore, Seconds: t.Before.Seconds()},
		After:  fixreport.Runs{Runs: t.RunsAfter, Failed: t.FailedAfter, Seconds: t.After.Seconds()},
	}
	for _, u := range t.Unstable {
		out.Unstable = append(out.Unstable, fixreport.Unstable{
			Package: u.Package, Test: u.Test, Runs: u.Runs, Passed: u.Passed, Race: u.Race, Mended: u.Mended,
		})
	}
	d.Verify.Tests = out
}

// save writes the document as a page, with pictures of the goroutines around
// each fix that was made.
func (d *fixDoc) save(ctx context.Context, name string, res *apply.Result) error {
	d.draw(ctx, res)
	var b strings.Builder
	if err := d.HTML(&b); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(b.String()), 0o666)
}

// draw draws the diagrams. What cannot be drawn has none.
func (d *fixDoc) draw(ctx context.Context, res *apply.Result) {
	overlay := make(map[string][]byte)
	files := make(map[string]apply.File)
	for _, f := range res.Files {
		overlay[f.Name], files[relative(d.dir, f.Name)] = f.After, f
	}
	after := d.graph.WithOverlay(overlay)
	for _, m := range after.Roots() {
		if !slices.ContainsFunc(m.Files, func(name string) bool { return overlay[name] != nil && after.Containing(name) == m }) {
			continue
		}
		pkg, err := after.Package(ctx, m)
		if err != nil {
			continue
		}
		for i := range d.Fixes {
			fix := &d.Fixes[i]
			f, ok := files[fix.File]
			if !ok || fix.Status != fixreport.Made || after.Containing(f.Name) != m {
				continue
			}
			for _, line := range writtenAt(f, fix.Line) {
				if seq := card.Around(pkg, f.Name, line); seq != nil {
					fix.Diagram, _ = draw.SVG(ctx, seq)
					break
				}
			}
		}
	}
}

// writtenAt returns the lines, from 1, of a file after the fixes where one with
// a finding on a line before is to be seen: those that took its place, the nearest
// that are new, then the line itself.
func writtenAt(f apply.File, line int) []int {
	type change struct{ from, to, first, last int } // lines before: from ≤ x < to; lines after
	var changes []change
	shift := 0
	for _, e := range f.Edits() {
		from := 1 + strings.Count(string(f.Before[:e.Start]), "\n")
		gone, come := strings.Count(string(f.Before[e.Start:e.End]), "\n"), strings.Count(e.New, "\n")
		changes = append(changes, change{from, from + gone, from + shift, from + shift + come})
		shift += come - gone
	}
	distance := func(c change) int {
		switch {
		case line < c.from:
			return c.from - line
		case line >= c.to:
			return line - c.to + 1
		}
		return 0
	}
	moved := line
	for _, c := range changes {
		if c.to <= line {
			moved += (c.last - c.first) - (c.to - c.from)
		}
	}
	slices.SortStableFunc(changes, func(a, b change) int { return distance(a) - distance(b) })
	var out []int
	for _, c := range changes {
		for l := c.first; l < c.last; l++ {
			out = append(out, l)
		}
		if len(out) > 20 {
			break // too far away to be about this one
		}
	}
	return append(out, moved)
}
