package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"handshake/refactor/apply"
	"handshake/refactor/load"
	"handshake/refactor/verify"
)

// verifyFlags say whether and how fixes are proved before they are written.
type verifyFlags struct {
	level   string // "" for not at all
	count   int
	timeout time.Duration
	race    bool
	stress  bool
	resume  bool
}

var verifyLevels = map[string]verify.Level{"build": verify.Build, "vet": verify.Vet, "test": verify.Test}

func (v *verifyFlags) register(fs *flag.FlagSet) {
	fs.Var(v, "verify", "prove the fixes before anything is written, to a `level`: build, vet, or test, which -verify\n"+
		"alone means, and leave out those with which something fails that was whole before;\n"+
		"review fixes are made, too, where tests prove them: those in tests by these\n"+
		"very tests, others by tests that come to all that they change")
	fs.IntVar(&v.count, "count", 3, "with -verify, run each test `n` times")
	fs.DurationVar(&v.timeout, "timeout", 0, "with -verify, give the tests of a package that long (default as go test,\nless with fixes where they took less without)")
	fs.BoolVar(&v.race, "race", true, "with -verify, run tests under the race detector, where there is one")
	fs.BoolVar(&v.stress, "stress", false, "with -verify, keep all processors busy meanwhile, to shake the order of events")
	fs.BoolVar(&v.resume, "resume", false, "with -verify, go on where a run with the same arguments was interrupted")
}

// String, Set and IsBoolFlag make the level a flag that may stand alone.
func (v *verifyFlags) String() string { return v.level }

func (v *verifyFlags) IsBoolFlag() bool { return true }

func (v *verifyFlags) Set(s string) error {
	switch _, ok := verifyLevels[s]; {
	case ok:
		v.level = s
	case s == "true":
		v.level = "test"
	case s == "false":
		v.level = ""
	default:
		return errors.New("want build, vet or test")
	}
	return nil
}

// check returns what is wrong with the flags that were given.
func (v *verifyFlags) check(fs *flag.FlagSet) (err error) {
	fs.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "count", "timeout", "race", "stress":
			if v.level != "test" {
				err = fmt.Errorf("-%s says how -verify=test runs tests", f.Name)
			}
		case "resume":
			if v.level == "" {
				err = errors.New("-resume goes on with fix -verify")
			}
		}
	})
	if v.count < 1 {
		err = errors.New("-count must be 1 at least")
	}
	return err
}

// run plans the fixes and proves them.
func (v *verifyFlags) run(ctx context.Context, dir string, g *load.Graph, opts apply.Options) (*verify.Report, error) {
	if v.resume && g.Cache() == nil {
		return nil, errors.New("there is no cache, so nothing to resume from")
	}
	report, err := verify.Run(ctx, verify.Config{
		Graph: g, Apply: opts, Level: verifyLevels[v.level],
		Count: v.count, Timeout: v.timeout, Race: v.race, Stress: v.stress, Resume: v.resume,
		Progress: func(s string) { fmt.Fprintln(os.Stderr, strings.ReplaceAll(s, dir+string(os.PathSeparator), "")) },
	})
	if ctx.Err() != nil {
		err = errors.New("interrupted; nothing was written")
		if g.Cache() != nil {
			err = errors.New("interrupted; nothing was written; -resume goes on here")
		}
	}
	return report, err
}

// printReport tells what became of the fixes, and what they are good for.
func printReport(w io.Writer, dir string, r *verify.Report) {
	for _, x := range r.Rejected {
		fmt.Fprintf(w, "%s rejected: %s\n", made(dir, x.Made), x.Failure)
		for line := range strings.Lines(x.Output) {
			fmt.Fprintf(w, "\t%s\n", strings.TrimRight(line, "\n"))
		}
	}
	for _, u := range r.Unproven {
		fmt.Fprintf(w, "%s not proven: %s\n", made(dir, u.Made), u.Reason)
	}
	if r.Tests != nil {
		printUnstable(w, r.Tests)
	}
	printByRule(w, r)
	if s := verify.SleepsRemoved(r.Files); s.Count > 0 {
		fmt.Fprintf(w, "sleeps removed: %d, which waited for %v%s\n", s.Count, s.Waited, unknownLength(s))
	}
	if t := r.Tests; t != nil {
		fmt.Fprintf(w, "tests: %d in %s, %s each", t.Stable+len(t.Unstable), count(t.Packages, "package"), times(t.Count))
		switch {
		case t.Race:
			fmt.Fprint(w, " under the race detector")
		case t.NoRace != "":
			fmt.Fprintf(w, ", without the race detector (%s)", t.NoRace)
		}
		if t.RunsAfter > 0 {
			fmt.Fprintf(w, "; failed %d of %d before, %d of %d after; one run took %v before, %v after",
				t.FailedBefore, t.RunsBefore, t.FailedAfter, t.RunsAfter, t.Before.Round(10*time.Millisecond), t.After.Round(10*time.Millisecond))
		}
		fmt.Fprintln(w)
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return count(n, "time")
}

func made(dir string, m apply.Made) string {
	return fmt.Sprintf("%s:%d: %s (%s)", relative(dir, m.File), m.Line, m.Title, m.Rule.Name)
}

func unknownLength(s verify.Sleeps) string {
	if s.Unknown == 0 {
		return ""
	}
	return fmt.Sprintf(" and %d times for what a variable says", s.Unknown)
}

// printUnstable lists the tests that fail without any fix.
func printUnstable(w io.Writer, t *verify.Tests) {
	var mended, others []string
	for _, u := range t.Unstable {
		line := strings.TrimSpace(u.Package + " " + u.Test)
		switch {
		case u.Race:
			line += " (data race)"
		case u.Passed > 0:
			line += fmt.Sprintf(" (%d of %d times)", u.Runs-u.Passed, u.Runs)
		}
		if u.Mended {
			mended = append(mended, line)
		} else {
			others = append(others, line)
		}
	}
	printList(w, "failed without the fixes, always passed with them:", mended)
	printList(w, "failed without the fixes, so that no fix is blamed for it:", others)
}

func printList(w io.Writer, heading string, lines []string) {
	const most = 20
	if len(lines) == 0 {
		return
	}
	fmt.Fprintln(w, heading)
	for i, line := range lines {
		if i == most {
			fmt.Fprintf(w, "\t… and %d more\n", len(lines)-most)
			return
		}
		fmt.Fprintf(w, "\t%s\n", line)
	}
}

// printByRule prints a table of what became of each rule's fixes.
func printByRule(w io.Writer, r *verify.Report) {
	type row struct{ made, rejected, unproven, left int }
	rows := make(map[string]*row)
	of := func(rule string) *row {
		if rows[rule] == nil {
			rows[rule] = new(row)
		}
		return rows[rule]
	}
	for _, m := range r.Made {
		of(m.Rule.Name).made++
	}
	for _, l := range r.Left {
		of(l.Rule.Name).left++
	}
	for _, x := range r.Rejected {
		of(x.Rule.Name).rejected++
	}
	for _, u := range r.Unproven {
		of(u.Rule.Name).unproven++
	}
	if len(rows) == 0 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "rule\tmade\trejected\tnot proven\tfindings left")
	var names []string
	for name := range rows {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		x := rows[name]
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\n", name, x.made, x.rejected, x.unproven, x.left)
	}
	t.Flush()
}
