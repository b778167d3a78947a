package refactor

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"slices"
)

// Analyze runs the rules on a package and returns what they find outside
// read-only files, in source order. A rule that panics costs only its own
// findings; the panic is returned among the errors.
func Analyze(pkg *Package, rules []*Rule) (findings []Finding, errs []error) {
	for _, r := range rules {
		found, err := run(r, pkg)
		if err != nil {
			errs = append(errs, err)
		}
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

func run(r *Rule, pkg *Package) (found []Finding, err error) {
	defer func() {
		if v := recover(); v != nil {
			found, err = nil, fmt.Errorf("rule %s panicked on package %s: %v\n%s", r.Name, pkg.Path, v, debug.Stack())
		}
	}()
	return r.Run(pkg), nil
}
