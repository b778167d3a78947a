package apply

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"handshake/refactor"
	"handshake/refactor/load"
)

// Package makes the fixes of one package. The error is not nil if the fixes do
// not come to an end; then none is made.
func Package(pkg *refactor.Package, opts Options) (*Result, error) {
	return newPlan(pkg, opts).run()
}

// A plan is the work on one package: rounds of analysing and fixing.
type plan struct {
	opts   Options
	before *refactor.Package
	now    *refactor.Package // after the rounds so far
	rounds []round
	made   []Made

	// frozen, if not nil, is why the package's declarations must stay.
	frozen error
}

func newPlan(pkg *refactor.Package, opts Options) *plan {
	if opts.RulesOf != nil && len(pkg.Files) > 0 {
		opts.Rules = opts.RulesOf(filepath.Dir(pkg.Files[0].Name))
	}
	return &plan{opts: opts, before: pkg, now: pkg}
}

func (p *plan) run() (*Result, error) {
	limit, problems := 0, load.Complaints(p.before)
	seen := map[[sha256.Size]byte]bool{digest(p.now): true}
	for {
		findings, errs := p.analyze()
		if limit == 0 {
			// A fix removes its finding and may uncover another one or two.
			limit = 4*len(findings) + 16
		}
		if p.opts.At != nil && len(p.made) > 0 {
			findings = nil // that was the one
		}
		r, left := p.round(findings)
		if r == nil {
			res := &Result{Files: changed(p.before, p.now), Made: p.made, Left: left, Errors: errs, Read: 1, Problems: problems}
			res.sort()
			return res, nil
		}
		after, err := p.now.With(r.edits)
		if err != nil {
			return nil, fmt.Errorf("package %s: what Try lets pass, With does not: %w", p.before.Path, err)
		}
		if len(p.made) > limit || seen[digest(after)] {
			return nil, fmt.Errorf("the fixes of package %s do not come to an end; the last was %q of rule %s",
				p.before.Path, r.last.Title, r.last.Rule.Name)
		}
		p.now = after
		if len(p.rounds) == 0 {
			p.before = sources(p.before) // a large package need not be kept
		}
		p.rounds = append(p.rounds, *r)
		seen[digest(p.now)] = true
	}
}

// sources returns a package of which only the sources are known.
func sources(pkg *refactor.Package) *refactor.Package {
	out := &refactor.Package{ID: pkg.ID, Path: pkg.Path, Fset: pkg.Fset}
	for _, f := range pkg.Files {
		out.Files = append(out.Files, &refactor.File{Name: f.Name, Src: f.Src, Tok: f.Tok, ReadOnly: f.ReadOnly})
	}
	return out
}

func (p *plan) analyze() ([]refactor.Finding, []error) {
	findings, errs := refactor.Analyze(p.now, p.opts.Rules)
	if p.opts.File != "" {
		findings = slices.DeleteFunc(findings, func(f refactor.Finding) bool { return f.Span.File != p.opts.File })
	}
	if p.opts.At != nil {
		findings = p.opts.At.at(p.now.FileNamed(p.opts.File), findings)
	}
	return findings, errs
}

// A round is a set of fixes that do not meddle with one another.
type round struct {
	edits []refactor.Edit // in the files before the round
	last  Made
}

// round makes as many fixes as go together, the first ones first, and returns
// nil if there is none. What it leaves is final only then: a fix that collides
// with an earlier one is tried again in the next round.
func (p *plan) round(findings []refactor.Finding) (*round, []Left) {
	var r *round
	var left []Left
	claims := newClaims(p.now)
	for _, f := range findings {
		if p.opts.At != nil && r != nil {
			break
		}
		asked := p.opts.Unsafe || p.opts.At != nil && f.Rule.OnDemand
		l := Left{Place: p.place(f.Span), Rule: f.Rule, Message: f.Message, Withheld: f.Withheld}
		for _, fix := range f.Fixes {
			m := Made{Place: l.Place, Rule: f.Rule, Title: fix.Title, Safety: fix.Safety, Offset: p.origin(f.Span)}
			tested := false
			if fix.Safety != refactor.Safe && !asked {
				if m.Test = p.provingTest(f); m.Test == "" && !p.coverable(f) {
					l.Review = append(l.Review, fix.Label())
					continue
				}
				tested = true
			}
			edits, err := makeEdits(fix)
			if tested && err == nil {
				if m.Test == "" {
					m.Covers = p.origins(f.Span, edits)
				}
				if m.Test != "" && !inTests(edits, true) || m.Test == "" && (!inTests(edits, false) || p.declares(edits)) {
					l.Review = append(l.Review, fix.Label())
					continue
				}
			}
			if err == nil && p.opts.Veto != nil {
				err = p.opts.Veto(m)
			}
			if err == nil {
				if claims.taken(edits) {
					break
				}
				var next *round
				if next, err = p.with(r, fix, edits); err == nil {
					claims.take(edits)
					next.last = m
					p.made = append(p.made, next.last)
					r = next
					break
				}
				if r != nil {
					break // it may be the company: see whether it does alone
				}
			}
			l.Withheld = append(slices.Clip(l.Withheld), refactor.Withheld{Title: fix.Title, Reason: err.Error()})
		}
		left = append(left, l)
	}
	return r, left
}

// with returns the round r, nil at first, with the edits of one more fix, if all
// goes together.
func (p *plan) with(r *round, fix refactor.Fix, edits []refactor.Edit) (*round, error) {
	if r != nil {
		edits = slices.Concat(r.edits, edits)
	}
	after, err := p.now.Try(edits)
	if err != nil {
		return nil, err
	}
	// Nothing is declared otherwise in a partial package.
	if p.frozen != nil && !after.Partial && declarations(after) != declarations(p.now) {
		return nil, p.frozen
	}
	if p.opts.Unsafe {
		fix.Safety = refactor.Review // what is not proved is for the reviewer to judge
	}
	if err := fix.Prove(p.now, after, edits); err != nil {
		return nil, err
	}
	return &round{edits: edits}, nil
}

func makeEdits(fix refactor.Fix) (edits []refactor.Edit, err error) {
	defer func() {
		if v := recover(); v != nil {
			edits, err = nil, fmt.Errorf("internal error: %v", v)
		}
	}()
	edits, err = fix.Make()
	if err == nil && len(edits) == 0 {
		err = errors.New("nothing to edit")
	}
	return edits, err
}

// origin returns where the first byte of a span of the package as it is now was
// before any fix.
func (p *plan) origin(s refactor.Span) int {
	at := s.Start
	for _, r := range slices.Backward(p.rounds) {
		at = r.back(s.File, at)
	}
	return at
}

// origins returns where the span of a finding and its edits were before any fix.
func (p *plan) origins(finding refactor.Span, edits []refactor.Edit) []refactor.Span {
	at := p.origin(finding)
	all := []refactor.Span{{File: finding.File, Start: at, End: at}}
	for _, e := range edits {
		start, end := p.origin(e.Span), p.origin(refactor.Span{File: e.File, Start: e.End})
		all = append(all, refactor.Span{File: e.File, Start: start, End: max(start, end)})
	}
	return all
}

// place returns where a span of the package as it is now was at first.
func (p *plan) place(s refactor.Span) Place {
	at := p.origin(s)
	line := 1
	if f := p.before.FileNamed(s.File); f != nil {
		line = f.Tok.Line(f.Tok.Pos(min(at, f.Tok.Size())))
	}
	return Place{s.File, line}
}

// back returns where the byte at an offset after the round was before it.
func (r round) back(file string, at int) int {
	var edits []refactor.Edit
	for _, e := range r.edits {
		if e.File == file {
			edits = append(edits, e)
		}
	}
	slices.SortStableFunc(edits, func(a, b refactor.Edit) int { return a.Start - b.Start })
	shift := 0 // from before to after
	for _, e := range edits {
		switch start := e.Start + shift; {
		case at < start:
			return at - shift
		case at < start+len(e.New):
			return e.Start
		}
		shift += len(e.New) - (e.End - e.Start)
	}
	return at - shift
}

func digest(pkg *refactor.Package) [sha256.Size]byte {
	h := sha256.New()
	for _, f := range pkg.Files {
		fmt.Fprintf(h, "%d\n%s", len(f.Src), f.Src)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
