// Package verify proves fixes before they are written. It plans them in memory,
// hands the result to the go command as an overlay, and finds by halving which
// fixes break what was whole before; these are left out. Nothing but a scratch
// directory is written.
package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"handshake/refactor/apply"
	"handshake/refactor/load"
)

// Level says what a fix has to stand.
type Level int

const (
	Build Level = iota // packages and tests compile
	Vet                // and go vet has nothing new to say
	Test               // and the tests that passed still do
)

// Config says what to fix and how to prove it.
type Config struct {
	Graph *load.Graph
	Apply apply.Options // Tested and Veto belong to this package
	Level Level

	Count   int           // runs of each test, at least 1
	Timeout time.Duration // of the tests of one package; 0 for that of the go command, less where they are known to be quick
	Race    bool          // run tests under the race detector, where there is one
	Stress  bool          // keep all processors busy meanwhile

	// Resume goes on with the last run for the same question that was cut off, if
	// the cache of the graph knows one.
	Resume bool

	// Progress, if not nil, is told what is going to be done.
	Progress func(string)
}

// Report is what became of the fixes. Its Result may be written: every fix in it
// is proven, in the company of the others.
type Report struct {
	*apply.Result
	Planned  int
	Rejected []Rejected
	Unproven []Unproven
	Tests    *Tests // nil if none were run

	// Done, called when the result is no longer needed or on disk, says that there
	// is nothing to resume.
	Done func()
}

// Rejected is a fix with which something fails.
type Rejected struct {
	apply.Made
	Failure
}

// Unproven is a review fix that only a test could prove, and why none does.
type Unproven struct {
	apply.Made
	Reason string
}

// Tests are what running the tests came to.
type Tests struct {
	Count    int    // runs of each
	Race     bool   // under the race detector
	NoRace   string // why not although it was wanted
	Packages int    // with tests that were run
	Stable   int    // tests that passed each time before
	Unstable []Unstable

	Before, After time.Duration // that running each once took, where fixes were made
	FailedBefore  int           // runs of tests that failed
	RunsBefore    int
	FailedAfter   int
	RunsAfter     int
}

// Unstable is a test that failed before any fix, and so blames none.
type Unstable struct {
	Package, Test string // Test is empty for a package that fails as a whole
	Passed, Runs  int
	Race          bool // it passes each time without the race detector
	Mended        bool // it passes each time with the fixes
}

// Run plans the fixes and proves them. The error is that of ctx, or that of a go
// command that could not do its work.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	cfg.Count = max(cfg.Count, 1)
	cfg.Apply.Tested = cfg.Level == Test
	v := &verifier{
		Config: cfg, now: newRun(),
		accepted: make(map[key]bool), vetoes: make(map[key]error), plans: make(map[string]*apply.Result),
		verdicts: make(map[string][]Failure), doubtful: make(map[testID]string), missed: make(map[place]string), timeout: cfg.Timeout,
	}
	resumed := false
	v.journal, resumed = openJournal(cfg)
	v.report.Done = v.journal.close
	switch {
	case resumed:
		v.say("going on with the run that was interrupted")
	case cfg.Resume:
		v.say("no such run was interrupted: beginning anew")
	}
	first, err := v.plan(ctx)
	if err != nil {
		return nil, err
	}
	v.report.Planned = len(first.Made)
	if len(first.Made) == 0 {
		v.report.Result = first
		return &v.report, nil
	}
	if v.go_, err = newGoCommand(cfg.Stress); err != nil {
		return nil, err
	}
	defer v.go_.close()
	if err := v.prove(ctx, first); err != nil {
		return nil, err
	}
	v.report.Tests = v.tests()
	return &v.report, nil
}

// key tells fixes apart, whichever others are made.
type key struct {
	file, rule, title string
	offset            int
}

type place struct {
	file   string
	offset int
}

func keyOf(m apply.Made) key { return key{m.File, m.Rule.Name, m.Title, m.Offset} }

type verifier struct {
	Config
	go_     *goCommand
	journal *journal
	modules []*module
	report  Report

	accepted map[key]bool
	vetoes   map[key]error            // fixes that must not be made
	plans    map[string]*apply.Result // by package and chosen fixes
	verdicts map[string][]Failure     // by contents of the overlay

	doubtful map[testID]string    // tests that prove nothing, and why; by directory
	missed   map[place]string     // where tests do not come
	before   *run                 // without any fix
	counted  map[testID]result    // of it, without the runs that were added to tell chance from fault
	racy     *run                 // of it, tests with data races, run without the detector
	baseline map[*target]bool     // what has been run before any fix
	kills    map[*target][]string // tests that end the program, without any fix
	took     time.Duration        // that running tests has taken
	tested   float64              // seconds that they took, by their own account, one after the other
	now      *run                 // with the accepted fixes, of packages that they affect
	race     bool
	noRace   string
	timeout  time.Duration // of tests with fixes
}

func (v *verifier) say(format string, args ...any) {
	if v.Progress != nil {
		v.Progress(fmt.Sprintf(format, args...))
	}
}

// plan plans all fixes but those with a veto.
func (v *verifier) plan(ctx context.Context) (*apply.Result, error) {
	opts := v.Apply
	opts.Veto = func(m apply.Made) error {
		if why := v.doubtful[testID{filepath.Dir(m.File), m.Test}]; why != "" {
			return errors.New("not proven: " + why)
		}
		if why := v.missed[place{m.File, m.Offset}]; why != "" && (m.Test != "" || len(m.Covers) > 0) {
			return errors.New("not proven: " + why)
		}
		return v.vetoes[keyOf(m)]
	}
	return apply.Graph(ctx, v.Graph, opts)
}

// prove proves the fixes of the plan, and those that come into question because
// others are left out, until all that are planned are accepted.
func (v *verifier) prove(ctx context.Context, res *apply.Result) (err error) {
	for {
		var open []apply.Made
		for _, m := range res.Made {
			if !v.accepted[keyOf(m)] {
				open = append(open, m)
			}
		}
		if len(open) == 0 {
			// What the go command has seen is what may be written, to the byte.
			files, made, err := v.with(ctx, v.accepted)
			if err != nil {
				return err
			}
			slices.SortFunc(files, func(a, b apply.File) int { return cmp.Compare(a.Name, b.Name) })
			res.Files = files
			res.Made = slices.DeleteFunc(res.Made, func(m apply.Made) bool { return !made[keyOf(m)] })
			v.report.Result = res
			return nil
		}
		open = unique(open)
		if err := v.prepare(ctx, open, res.Files); err != nil {
			return err
		}
		if open, err = v.provable(ctx, open); err != nil {
			return err
		}
		if err := v.search(ctx, open); err != nil {
			return err
		}
		if res, err = v.plan(ctx); err != nil {
			return err
		}
	}
}

// unique returns one fix for each key, those of a file together.
func unique(all []apply.Made) []apply.Made {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b apply.Made) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Offset, b.Offset))
	})
	seen := make(map[key]bool)
	return slices.DeleteFunc(all, func(m apply.Made) bool {
		k := keyOf(m)
		defer func() { seen[k] = true }()
		return seen[k]
	})
}

// provable leaves out the fixes that need a test which, without them, does not
// pass each time, or does not come to their place; outside tests those for which
// there is none that does. That it has a data race does
// not matter, for that may be what the fix is good for: it has to be gone with it.
func (v *verifier) provable(ctx context.Context, open []apply.Made) ([]apply.Made, error) {
	open = slices.DeleteFunc(open, func(m apply.Made) bool {
		if m.Test == "" {
			return false
		}
		why := v.doubt(m, v.before)
		if why != "" && v.doubt(m, v.racy) == "" {
			return false
		}
		if why != "" {
			why += " without the fix"
			v.report.Unproven = append(v.report.Unproven, Unproven{m, why})
			v.doubtful[testID{filepath.Dir(m.File), m.Test}] = why
		}
		return why != ""
	})
	missed, err := v.unreached(ctx, open)
	if err != nil {
		return nil, err
	}
	uncovered, err := v.uncovered(ctx, open)
	return slices.DeleteFunc(open, func(m apply.Made) bool {
		why := m.Test + " does not come to this place"
		switch {
		case uncovered[keyOf(m)]:
			why = "no test of the package that always passes comes to all of this place"
		case !missed[keyOf(m)]:
			return false
		}
		v.report.Unproven = append(v.report.Unproven, Unproven{m, why})
		v.missed[place{m.File, m.Offset}] = why
		return true
	}), err
}

// doubt returns why the run does not prove a fix that needs a test, or "".
func (v *verifier) doubt(m apply.Made, r *run) string {
	switch test := r.tests[testID{v.pathOf(m.File), m.Test}]; {
	case test == nil || test.runs == 0:
		return m.Test + " does not run"
	case test.skipped > 0 || r.skippedWithin(v.pathOf(m.File), m.Test):
		return m.Test + " is skipped, in part at least,"
	case test.passed == 0:
		return m.Test + " fails"
	case test.passed < test.runs:
		return fmt.Sprintf("%s fails %d of %d times", m.Test, test.runs-test.passed, test.runs)
	case test.passed < v.Count:
		return fmt.Sprintf("%s runs only %s", m.Test, times(test.runs))
	}
	return ""
}
