package verify

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"handshake/refactor/load"
)

// A method says how tests are run.
type method struct {
	overlay overlay
	timeout time.Duration // 0 for that of the go command
	count   int           // runs of each
	flags   []string      // more of them
}

// goTest runs the tests of some packages of a module, and adds what they say to
// r. What the journal has is not run again.
func (v *verifier) goTest(ctx context.Context, r *run, m *module, how method, targets ...*target) error {
	flags := append([]string{fmt.Sprintf("-count=%d", how.count)}, how.flags...)
	if v.race {
		flags = append(flags, "-race")
	}
	if how.timeout > 0 {
		flags = append(flags, "-timeout="+how.timeout.String())
	}
	keys := make(map[string]load.Key)
	args := append([]string{"test", "-json", "-vet=off"}, flags...)
	if how.overlay.file != "" {
		args = append(args, "-overlay="+how.overlay.file)
	}
	open := 0
	for _, t := range targets {
		k := v.journal.key(t, append(flags, how.overlay.contents)...)
		switch known, err := v.journal.recall(k, r.read); {
		case err != nil:
			return err
		case !known:
			keys[t.Path] = k
			args = append(args, t.Path)
			open++
		}
	}
	if open == 0 {
		return nil
	}
	if v.go_.stress {
		if err := v.compile(ctx, m, args[3+len(flags):]); err != nil {
			return err
		}
	}
	before := r.seconds()
	r.record = newRecorder(func(pkg string, lines []byte) {
		if k, ok := keys[pkg]; ok && ctx.Err() == nil { // else it ended because we end
			v.journal.cache.Put(k, lines)
		}
	})
	start := time.Now()
	stderr, failed, err := v.go_.run(ctx, m.dir, r.read, args...)
	r.record = nil
	if err != nil {
		return err
	}
	v.took += time.Since(start)
	v.tested += r.seconds() - before
	anyFailed := false
	for _, p := range r.packages {
		anyFailed = anyFailed || p.failed > 0
	}
	if failed && !anyFailed {
		return fmt.Errorf("go test: %s", strings.TrimSpace(stderr+strings.Join(r.stray, "")))
	}
	return nil
}

// compile compiles the tests of packages, named after an overlay if there is one,
// while the processors are not kept busy.
func (v *verifier) compile(ctx context.Context, m *module, args []string) error {
	flags := []string{"test", "-vet=off", "-c", "-o=" + os.DevNull}
	if v.race {
		flags = append(flags, "-race")
	}
	v.go_.stress = false
	defer func() { v.go_.stress = true }()
	_, _, err := v.go_.run(ctx, m.dir, discard, append(flags, args...)...) // go test will say what does not compile
	return err
}

// runTests runs the tests of the targets, of the files on disk if there is no
// overlay. Packages with tests that end the program are run one by one without
// these.
func (v *verifier) runTests(ctx context.Context, o overlay, targets []*target, timeout time.Duration) (*run, error) {
	all := newRun()
	all.finished = v.progress(targets)
	for _, m := range v.modules {
		var whole []*target
		for _, t := range targets {
			if t.module != m {
				continue
			}
			if len(v.kills[t]) == 0 {
				whole = append(whole, t)
			} else if err := v.goTest(ctx, all, m, method{o, timeout, v.Count, []string{"-skip=" + exactly(v.kills[t])}}, t); err != nil {
				return nil, err
			}
		}
		if len(whole) > 0 {
			if err := v.goTest(ctx, all, m, method{o, timeout, v.Count, nil}, whole...); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// runOne runs some tests of a target, all if there are none.
func (v *verifier) runOne(ctx context.Context, o overlay, t *target, tests []string, n int) (*run, error) {
	how := method{o, v.Timeout, n, nil}
	if o.file != "" {
		how.timeout = v.timeout
	}
	if len(tests) > 0 {
		how.flags = []string{"-run=" + exactly(tests)}
	} else if len(v.kills[t]) > 0 {
		how.flags = []string{"-skip=" + exactly(v.kills[t])}
	}
	r := newRun()
	return r, v.goTest(ctx, r, t.module, how, t)
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

// progress returns a function that is called at the end of each top-level test,
// and of each package with an empty name, and tells now and then how far it has
// come.
func (v *verifier) progress(targets []*target) func(test string) {
	start, told := time.Now(), time.Now()
	packages, tests := 0, 0
	expected := v.expected(targets)
	return func(test string) {
		if test == "" {
			packages++
		} else {
			tests++
		}
		if time.Since(told) < 20*time.Second || packages == len(targets) {
			return
		}
		told = time.Now()
		left := ""
		if spent := time.Since(start); expected > spent {
			left = fmt.Sprintf(", about %s left", (expected - spent).Round(time.Second))
		} else if expected == 0 && packages > 0 {
			each := spent / time.Duration(packages)
			left = fmt.Sprintf(", about %s left", (each * time.Duration(len(targets)-packages)).Round(time.Second))
		}
		v.say("%d of %s tested so far, %s run%s", packages, count(len(targets), "package"), count(tests, "test"), left)
	}
}

// expected says how long the tests of the targets will take, from how long they
// took before; 0 if that is not known.
func (v *verifier) expected(targets []*target) time.Duration {
	if v.Level < Test || v.tested == 0 {
		return 0
	}
	seconds := 0.0
	for _, t := range targets {
		seconds += v.before.elapsed[t.Path]
	}
	return time.Duration(v.took.Seconds() * seconds / v.tested * float64(time.Second))
}

func (v *verifier) estimate(targets []*target) string {
	if d := v.expected(targets); d > 0 {
		return fmt.Sprintf(" (about %s)", (d + time.Second).Truncate(time.Second))
	}
	return ""
}
