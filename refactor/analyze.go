package refactor

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"slices"
)

// Analyze runs the rules on a package and returns what they find outside
// read-only files, in source order, without what a [Directive] asks to ignore. A
// rule that panics costs only its own findings; the panic is returned among the
// errors.
func Analyze(pkg *Package, rules []*Rule) (findings []Finding, errs []error) {
	ran := make(map[string]bool)
	add := func(r *Rule, find func(*Package) []Finding) {
		found, err := run(r, pkg, find)
		if err != nil {
			errs = append(errs, err)
			return
		}
		ran[r.Name] = !r.OnDemand
		for _, f := range found {
			if file := pkg.FileNamed(f.Span.File); file != nil && file.ReadOnly == "" {
				f.Rule = r
				for i := range f.Fixes {
					f.Fixes[i].rule = r
				}
				findings = append(findings, f)
			}
		}
	}
	for _, r := range rules {
		if r.Run != nil {
			add(r, r.Run)
		}
	}
	findings, idle := ignore(pkg, findings, ran)
	for _, r := range rules {
		if r.Audit != nil {
			add(r, func(p *Package) []Finding { return r.Audit(p, idle) })
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Span.File, b.Span.File),
			cmp.Compare(a.Span.Start, b.Span.Start),
			cmp.Compare(a.Span.End, b.Span.End),
			cmp.Compare(a.Rule.Name, b.Rule.Name),
		)
	})
	return findings, errs
}

func run(r *Rule, pkg *Package, find func(*Package) []Finding) (found []Finding, err error) {
	defer func() {
		if v := recover(); v != nil {
			found, err = nil, fmt.Errorf("rule %s panicked on package %s: %v\n%s", r.Name, pkg.Path, v, debug.Stack())
		}
	}()
	return find(pkg), nil
}
