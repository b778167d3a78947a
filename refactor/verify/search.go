package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"handshake/refactor/apply"
)

// Failure is what a fix breaks.
type Failure struct {
	Package string
	Test    string // empty if it is no test that fails
	What    string // "fails", "is skipped", "does not compile", …
	Output  string // shortened
}

func (f Failure) String() string {
	return strings.TrimSpace(cmp.Or(f.Test, f.Package) + " " + f.What)
}

// search accepts those of the fixes that hold together with what is accepted so
// far, and vetoes the others.
func (v *verifier) search(ctx context.Context, fixes []apply.Made) error {
	if len(fixes) == 0 {
		return nil
	}
	failures, err := v.check(ctx, fixes)
	switch {
	case err != nil:
		return err
	case len(failures) == 0:
		for _, m := range fixes {
			v.accepted[keyOf(m)] = true
		}
		return nil
	case len(fixes) == 1:
		m, f := fixes[0], failures[0]
		v.report.Rejected = append(v.report.Rejected, Rejected{m, f})
		v.vetoes[keyOf(m)] = fmt.Errorf("not proven: %v", f)
		return nil
	}
	rest, suspects := v.split(fixes, failures)
	if err := v.search(ctx, rest); err != nil {
		return err
	}
	return v.search(ctx, suspects)
}

// split divides the fixes into those that are probably innocent and the others,
// none of them empty: the culprits are sought in the tests that fail, else in
// the packages that these depend on, else in the latter half.
func (v *verifier) split(fixes []apply.Made, failures []Failure) (rest, suspects []apply.Made) {
	for _, suspicious := range []func(apply.Made, Failure) bool{
		func(m apply.Made, f Failure) bool {
			return m.Test != "" && m.Test == f.topLevel() && v.pathOf(m.File) == f.Package
		},
		func(m apply.Made, f Failure) bool { return v.pathOf(m.File) == f.Package },
		func(m apply.Made, f Failure) bool {
			return slices.ContainsFunc(v.affectedBy([]string{m.File}), func(t *target) bool { return t.Path == f.Package })
		},
	} {
		rest, suspects = nil, nil
		for _, m := range fixes {
			if slices.ContainsFunc(failures, func(f Failure) bool { return suspicious(m, f) }) {
				suspects = append(suspects, m)
			} else {
				rest = append(rest, m)
			}
		}
		if len(rest) > 0 && len(suspects) > 0 {
			return rest, suspects
		}
	}
	half := len(fixes) / 2
	return fixes[:half], fixes[half:]
}

func (f Failure) topLevel() string {
	top, _, _ := strings.Cut(f.Test, "/")
	return top
}

// check returns what fails with the fixes beside those accepted.
func (v *verifier) check(ctx context.Context, fixes []apply.Made) ([]Failure, error) {
	chosen := make(map[key]bool)
	for k := range v.accepted {
		chosen[k] = true
	}
	var touched []string
	for _, m := range fixes {
		chosen[keyOf(m)] = true
		touched = append(touched, m.File)
	}
	files, made, err := v.with(ctx, chosen)
	if err != nil {
		return nil, err
	}
	for _, m := range fixes {
		if len(fixes) == 1 && !made[keyOf(m)] {
			return []Failure{{What: "it needs another fix that was left out"}}, nil
		}
	}
	// A fix edits more files than that of its finding.
	for _, f := range files {
		for _, name := range touched {
			if filepath.Dir(f.Name) == filepath.Dir(name) {
				touched = append(touched, f.Name)
				break
			}
		}
	}
	targets := v.affectedBy(touched)
	if v.Level == Test { // of what was not expected to be affected
		if err := v.runBaseline(ctx, targets); err != nil {
			return nil, err
		}
	}
	id := contents(files) + names(targets)
	if known, ok := v.verdicts[id]; ok {
		return known, nil
	}
	o, err := v.go_.overlay(files)
	if err != nil {
		return nil, err
	}
	beside := ""
	if n := len(v.accepted); n > 0 {
		beside = fmt.Sprintf(" beside %d", n)
	}
	v.say("%s %s: %s%s%s", v.Level.doing(), count(len(targets), "package"), count(len(fixes), "fix"), beside, v.estimate(targets))
	failures, err := v.try(ctx, o, files, targets, fixes)
	if err != nil {
		return nil, err
	}
	v.verdicts[id] = failures
	return failures, nil
}

// try runs the go command on the overlay.
func (v *verifier) try(ctx context.Context, o overlay, files []apply.File, targets []*target, fixes []apply.Made) ([]Failure, error) {
	failures, err := v.newComplaints(ctx, o, targets)
	if err != nil || len(failures) > 0 || v.Level < Test {
		return failures, err
	}
	after, err := v.runTests(ctx, o, targets, v.timeout)
	if err != nil {
		return nil, err
	}
	failures = v.before.broken(after, targets)
	if len(failures) > 0 {
		if failures, err = v.reproduce(ctx, after, targets, failures); err != nil {
			return nil, err
		}
		if failures, err = v.excused(ctx, o, files, targets, failures); err != nil {
			return nil, err
		}
	}
	for _, m := range fixes {
		if m.Test == "" || len(failures) > 0 {
			continue
		}
		if why := v.doubt(m, after); why != "" {
			f := Failure{Package: v.pathOf(m.File), Test: m.Test, What: strings.TrimPrefix(strings.TrimRight(why, ","), m.Test+" ")}
			if t := after.tests[testID{f.Package, f.Test}]; t != nil {
				f.Output = shortened(t.said)
			}
			failures = append(failures, f)
		}
	}
	if len(failures) == 0 {
		v.now.replace(after)
	}
	return failures, nil
}

// reproduce runs what failed without any fix, more often than before. A test that
// fails there as well is no more held against a fix.
func (v *verifier) reproduce(ctx context.Context, after *run, targets []*target, failures []Failure) ([]Failure, error) {
	again := make(map[string][]string) // tests by package; none for all
	for _, f := range failures {
		if f.What != failsWhat {
			return failures, nil // that is no matter of chance
		}
		if f.Test == "" {
			again[f.Package] = []string{}
		} else if old, ok := again[f.Package]; !ok || len(old) > 0 {
			again[f.Package] = append(old, f.topLevel())
		}
	}
	v.say("running what failed without the fixes, to see whether it always passes: %s", list(failures))
	for _, t := range targets {
		tests, ok := again[t.Path]
		if !ok {
			continue
		}
		r, err := v.runOne(ctx, overlay{}, t, tests, 2*v.Count+3)
		if err != nil {
			return nil, err
		}
		v.before.add(r)
	}
	return v.before.broken(after, targets), nil
}

func list(failures []Failure) string {
	var all []string
	for _, f := range failures {
		all = append(all, cmp.Or(f.topLevel(), f.Package))
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) > 5 {
		all = append(all[:5], "…")
	}
	return strings.Join(all, ", ")
}

// with returns the files as they are with the chosen fixes alone, and which of
// these could be made.
func (v *verifier) with(ctx context.Context, chosen map[key]bool) ([]apply.File, map[key]bool, error) {
	byPackage := make(map[string][]key) // by a file of the package
	for k := range chosen {
		m := v.Graph.Containing(k.file)
		byPackage[m.ID] = append(byPackage[m.ID], k)
	}
	var files []apply.File
	made := make(map[key]bool)
	for _, m := range v.Graph.Roots() {
		keys := byPackage[m.ID]
		if len(keys) == 0 {
			continue
		}
		id := m.ID + fixesID(keys)
		res := v.plans[id]
		if res == nil {
			pkg, err := v.Graph.Package(ctx, m)
			if err != nil {
				return nil, nil, err
			}
			opts := v.Apply
			opts.Veto = func(m apply.Made) error {
				if chosen[keyOf(m)] {
					return nil
				}
				return errNotChosen
			}
			if res, err = apply.Package(pkg, opts); err != nil {
				return nil, nil, err
			}
			v.plans[id] = res
		}
		files = append(files, res.Files...)
		for _, m := range res.Made {
			made[keyOf(m)] = true
		}
	}
	return files, made, nil
}

var errNotChosen = errors.New("not chosen")

func fixesID(keys []key) string {
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.offset, b.offset), cmp.Compare(a.rule, b.rule), cmp.Compare(a.title, b.title))
	})
	return fmt.Sprintf("%+v", keys)
}
