package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"handshake/refactor"
)

func check(ctx context.Context, args []string) int {
	fs := newFlags("check")
	format := fs.String("f", "text", "`format`: text, json or github (annotations of a workflow)")
	names := fs.String("rules", "", "comma-separated `rules` to check (default all that are not previews)")
	statistics := fs.Bool("stats", false, "print counts and the time taken to standard error")
	exitZero := fs.Bool("exit-zero", false, "exit with 0 even if there are findings")
	verbose := fs.Bool("v", false, "try each fix, and tell which are withheld and why")
	if code, ok := parse(fs, args); !ok {
		return code
	}
	write, ok := formats[*format]
	if !ok {
		return fail("unknown format %q; the formats are %s", *format, strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
	}
	rules, err := selectRules(*names)
	if err != nil {
		return fail("%v", err)
	}
	r, err := scan(ctx, fs.Args(), rules, *verbose || *format == "json")
	if err != nil && !errors.Is(err, errNothing) {
		return fail("%v", err)
	}
	out := bufio.NewWriter(os.Stdout)
	if e := write(out, r, *verbose); e != nil {
		return fail("%v", e)
	}
	if e := out.Flush(); e != nil {
		return fail("%v", e)
	}
	if *format != "json" {
		printProblems(os.Stderr, r.Errors)
	}
	if *format == "text" {
		printHints(os.Stderr, r)
	}
	if *statistics {
		printStats(os.Stderr, r)
	}
	switch {
	case err != nil:
		return fail("%v", err)
	case slices.ContainsFunc(r.Errors, func(p problem) bool { return p.internal }):
		return exitError
	case len(r.Findings) > 0 && !*exitZero:
		return exitFindings
	}
	return exitClean
}

var formats = map[string]func(w io.Writer, r *report, verbose bool) error{
	"text":   writeText,
	"json":   writeJSON,
	"github": writeGitHub,
}

// printHints tells what fix would do.
func printHints(w io.Writer, r *report) {
	safe, review := 0, 0
	for _, f := range r.Findings {
		switch {
		case slices.ContainsFunc(f.Fixes, fixable.isSafe):
			safe++
		case len(f.Fixes) > 0:
			review++
		}
	}
	if len(r.Findings) > 0 {
		fmt.Fprintf(w, "%s", count(len(r.Findings), "finding"))
		if safe > 0 {
			fmt.Fprintf(w, "; handshake fix can mend %d", safe)
		}
		if review > 0 {
			fmt.Fprintf(w, "; handshake fix -unsafe can mend %d whose fix needs a review", review)
		}
		fmt.Fprintln(w)
	}
}

func (f fixable) isSafe() bool { return f.Safety == refactor.Safe.String() }

func printStats(w io.Writer, r *report) {
	byRule := make(map[string]int)
	for _, f := range r.Findings {
		byRule[f.Rule]++
	}
	for _, name := range slices.Sorted(maps.Keys(byRule)) {
		fmt.Fprintf(w, "%s: %s\n", name, count(byRule[name], "finding"))
	}
	fmt.Fprintf(w, "%s, %d of them without a goroutine, channel or sleep, in %v\n",
		count(r.stats.packages, "package"), r.stats.skipped, r.stats.took.Round(time.Millisecond))
}

// count returns a number with its noun, "1 finding" or "2 findings".
func count(n int, noun string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "x"):
		noun += "es"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
