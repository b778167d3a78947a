package verify

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
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
	targets = slices.DeleteFunc(targets, func(t *target) bool { return v.baseline[t] })
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
	start := time.Now()
	r, err := v.runTests(ctx, "", targets, v.Timeout)
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
	v.took += time.Since(start)
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
		again, err := v.runTests(ctx, "", []*target{t}, v.Timeout)
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
		plain, err := v.runOne(ctx, t, racy, v.Count)
		if err != nil {
			return err
		}
		v.racy.replace(plain)
	}
	return nil
}

// runTests runs the tests of the targets, of the files on disk if the overlay is
// "". Packages with tests that end the program are run one by one without these.
func (v *verifier) runTests(ctx context.Context, overlay string, targets []*target, timeout time.Duration) (*run, error) {
	all := newRun()
	done, told := 0, time.Now()
	all.finished = func() {
		done++
		if done < len(targets) && time.Since(told) > 20*time.Second {
			told = time.Now()
			v.say("%d of %s tested so far", done, count(len(targets), "package"))
		}
	}
	for _, m := range v.modules {
		var paths []string
		for _, t := range targets {
			if t.module != m {
				continue
			}
			if len(v.kills[t]) > 0 {
				err := v.goTest(ctx, all, m, overlay, timeout, v.Count, "-skip="+exactly(v.kills[t]), t.Path)
				if err != nil {
					return nil, err
				}
				continue
			}
			paths = append(paths, t.Path)
		}
		if len(paths) == 0 {
			continue
		}
		if err := v.goTest(ctx, all, m, overlay, timeout, v.Count, paths...); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// runOne runs some tests of a target, all if there are none, without any fix.
func (v *verifier) runOne(ctx context.Context, t *target, tests []string, n int) (*run, error) {
	args := []string{t.Path}
	if len(tests) > 0 {
		args = []string{"-run=" + exactly(tests), t.Path}
	} else if len(v.kills[t]) > 0 {
		args = []string{"-skip=" + exactly(v.kills[t]), t.Path}
	}
	r := newRun()
	return r, v.goTest(ctx, r, t.module, "", v.Timeout, n, args...)
}

// exactly returns a pattern for the top-level tests with these names.
func exactly(tests []string) string {
	var quoted []string
	for _, name := range tests {
		quoted = append(quoted, regexp.QuoteMeta(name))
	}
	slices.Sort(quoted)
	return "^(" + strings.Join(slices.Compact(quoted), "|") + ")$"
}

func (v *verifier) goTest(ctx context.Context, r *run, m *module, overlay string, timeout time.Duration, n int, args ...string) error {
	flags := []string{"test", "-json", "-vet=off", fmt.Sprintf("-count=%d", n)}
	if v.race {
		flags = append(flags, "-race")
	}
	if overlay != "" {
		flags = append(flags, "-overlay="+overlay)
	}
	if timeout > 0 {
		flags = append(flags, "-timeout="+timeout.String())
	}
	stderr, failed, err := v.go_.run(ctx, m.dir, r.read, append(flags, args...)...)
	if err != nil {
		return err
	}
	anyFailed := false
	for _, p := range r.packages {
		anyFailed = anyFailed || p.failed > 0
	}
	if failed && !anyFailed {
		return fmt.Errorf("go test: %s", strings.TrimSpace(stderr+strings.Join(r.stray, "")))
	}
	return nil
}

// estimate says how long the tests of the targets will take, from how long they
// took before.
func (v *verifier) estimate(targets []*target) string {
	if v.Level < Test {
		return ""
	}
	some, all := 0.0, 0.0
	for _, t := range targets {
		some += v.before.elapsed[t.Path]
	}
	for _, s := range v.before.elapsed {
		all += s
	}
	if all == 0 {
		return ""
	}
	return fmt.Sprintf(" (about %s)", time.Duration(v.took.Seconds()*some/all+1)*time.Second)
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
