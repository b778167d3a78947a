package verify

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// runBaseline runs the tests of those of the targets that have not been run, as
// they are on disk.
func (v *verifier) runBaseline(ctx context.Context, targets []*target) error {
	if v.before == nil {
		v.before, v.racy, v.baseline, v.kills = newRun(), newRun(), make(map[*target]bool), make(map[*target][]string)
		v.counted = make(map[testID]result)
		if v.Race {
			var err error
			if v.noRace, err = v.go_.raceDetector(ctx, v.modules[0].dir); err != nil {
				return err
			}
			v.race = v.noRace == ""
		}
	}
	targets = slices.DeleteFunc(slices.Clone(targets), func(t *target) bool { return v.baseline[t] })
	if len(targets) == 0 {
		return nil
	}
	detector := ""
	switch {
	case v.race:
		detector = " under the race detector"
	case v.noRace != "":
		detector = " without the race detector (" + v.noRace + ")"
	}
	v.say("running the tests of %s as they are, %s each%s", count(len(targets), "package"), times(v.Count), detector)
	r, err := v.runTests(ctx, overlay{}, targets, v.Timeout)
	if err != nil {
		return err
	}
	for _, t := range targets {
		v.baseline[t] = true
		if err := v.withoutKillers(ctx, t, r); err != nil {
			return err
		}
	}
	v.before.replace(r)
	for id, t := range r.tests {
		v.counted[id] = *t
	}
	if err := v.withoutDetector(ctx, targets, r); err != nil {
		return err
	}
	if v.Timeout == 0 {
		// A test that hangs with a fix is not waited for as long as the go command would.
		longest := 0.0
		for _, s := range v.before.elapsed {
			longest = max(longest, s)
		}
		v.timeout = min(10*time.Minute, time.Minute+time.Duration(10*longest)*time.Second)
	}
	return nil
}

// withoutKillers runs the tests of a package anew without those that end its
// program: what stands after them has not been run.
func (v *verifier) withoutKillers(ctx context.Context, t *target, r *run) error {
	for range 5 {
		killers := r.killers(t.Path)
		if len(killers) == 0 {
			return nil
		}
		v.kills[t] = append(v.kills[t], killers...)
		v.say("running the tests of %s without %s, which ends the program", t.Path, strings.Join(v.kills[t], ", "))
		again, err := v.runTests(ctx, overlay{}, []*target{t}, v.Timeout)
		if err != nil {
			return err
		}
		for _, name := range v.kills[t] {
			again.tests[testID{t.Path, name}] = r.tests[testID{t.Path, name}]
		}
		for _, name := range killers {
			again.tests[testID{t.Path, name}].panics = false // seen to
			again.tests[testID{t.Path, name}].failed += again.tests[testID{t.Path, name}].unfinished()
		}
		r.replace(again)
	}
	return nil
}

// withoutDetector runs the tests in which the race detector has seen something
// without it.
func (v *verifier) withoutDetector(ctx context.Context, targets []*target, r *run) error {
	if !v.race {
		return nil
	}
	v.race = false
	defer func() { v.race = true }()
	for _, t := range targets {
		var racy []string
		for id, res := range r.tests {
			if id.pkg == t.Path && res.races && !strings.Contains(id.test, "/") {
				racy = append(racy, id.test)
			}
		}
		if len(racy) == 0 {
			continue
		}
		slices.Sort(racy)
		v.say("running %s without the race detector, which sees races in %s", t.Path, strings.Join(racy, ", "))
		plain, err := v.runOne(ctx, overlay{}, t, racy, v.Count)
		if err != nil {
			return err
		}
		v.racy.replace(plain)
	}
	return nil
}

func (r *result) perRun() time.Duration {
	return time.Duration(r.seconds / float64(max(1, r.runs)) * float64(time.Second))
}

// tests sums up what running the tests came to, nil if none were run.
func (v *verifier) tests() *Tests {
	if v.before == nil {
		return nil
	}
	out := &Tests{Count: v.Count, Race: v.race, NoRace: v.noRace}
	for _, id := range slices.SortedFunc(maps.Keys(v.before.tests), func(a, b testID) int {
		return cmp.Or(cmp.Compare(a.pkg, b.pkg), cmp.Compare(a.test, b.test))
	}) {
		t := v.before.tests[id]
		switch {
		case t.stable():
			out.Stable++
		case t.failed+t.unfinished() > 0:
			plain, after := v.racy.tests[id], v.now.tests[id]
			out.Unstable = append(out.Unstable, Unstable{
				Package: id.pkg, Test: id.test, Passed: t.passed, Runs: t.runs,
				Race:   t.races && plain != nil && plain.stable(),
				Mended: after != nil && after.stable(),
			})
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(v.before.packages)) {
		p := v.before.packages[pkg]
		if p.skipped == 0 {
			out.Packages++
		}
		if p.failed > 0 && !slices.ContainsFunc(out.Unstable, func(u Unstable) bool { return u.Package == pkg }) {
			out.Unstable = append(out.Unstable, Unstable{Package: pkg, Passed: p.passed, Runs: p.runs})
		}
	}
	for id, t := range v.now.tests {
		if b, ok := v.counted[id]; ok {
			out.FailedBefore, out.RunsBefore = out.FailedBefore+b.runs-b.passed-b.skipped, out.RunsBefore+b.runs
			out.FailedAfter, out.RunsAfter = out.FailedAfter+t.runs-t.passed-t.skipped, out.RunsAfter+t.runs
			if !strings.Contains(id.test, "/") {
				out.Before, out.After = out.Before+b.perRun(), out.After+t.perRun()
			}
		}
	}
	return out
}
