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

	"handshake/refactor"
)

func check(ctx context.Context, args []string) int {
	fs := newFlags("check")
	format := fs.String("f", "text", "`format`: text, json, sarif (2.1.0), or github (annotations of a workflow)")
	names := fs.String("rules", "", "comma-separated `rules` to check (default what .handshake.json chooses,\nelse all that are neither previews nor hints)")
	statistics := fs.Bool("stats", false, "print a table of the findings by rule, and the time taken, to standard error")
	exitZero := fs.Bool("exit-zero", false, "exit with 0 even if there are findings")
	verbose := fs.Bool("v", false, "try each fix, and tell which are withheld and why")
	known := fs.String("baseline", "", "leave out the findings that are in `file`, which -write-baseline wrote")
	toWrite := fs.String("write-baseline", "", "write all findings to `file` instead of reporting them")
	since := fs.String("new-from-rev", "", "report only findings on lines that are new since the git `revision`")
	if code, ok := parse(fs, args); !ok {
		return code
	}
	write, ok := formats[*format]
	switch {
	case !ok:
		return fail("unknown format %q; the formats are %s", *format, strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
	case *toWrite != "" && *since != "":
		return fail("-write-baseline and -new-from-rev cannot be combined")
	}
	of, err := newProjects(*names)
	if err != nil {
		return fail("%v", err)
	}
	keep, err := newSieve(ctx, *known, *since)
	if err != nil {
		return fail("%v", err)
	}
	r, err := scan(ctx, fs.Args(), of, *verbose || resolving[*format])
	if err != nil && !errors.Is(err, errNothing) {
		return fail("%v", err)
	}
	if *toWrite != "" {
		return writeBaseline(r, *toWrite, err)
	}
	keep.sift(r)
	out := bufio.NewWriter(os.Stdout)
	if e := write(out, r, *verbose); e != nil {
		return fail("%v", e)
	}
	if e := out.Flush(); e != nil {
		return fail("%v", e)
	}
	if *format != "json" && *format != "sarif" {
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

// resolving are the formats that have the edits of fixes.
var resolving = map[string]bool{"json": true, "sarif": true}

var formats = map[string]func(w io.Writer, r *report, verbose bool) error{
	"text":   writeText,
	"json":   writeJSON,
	"github": writeGitHub,
	"sarif":  writeSARIF,
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
	if len(r.Findings)+len(r.hidden) > 0 {
		fmt.Fprintf(w, "%s", count(len(r.Findings), "finding"))
		if safe > 0 {
			fmt.Fprintf(w, "; handshake fix can mend %d", safe)
		}
		if review > 0 {
			fmt.Fprintf(w, "; handshake fix -unsafe can mend %d whose fix needs a review", review)
		}
		for _, h := range r.hidden {
			fmt.Fprintf(w, "; %d %s", h.count, h.where)
		}
		if r.gone > 0 {
			fmt.Fprintf(w, "; %d of it are gone (-write-baseline forgets them)", r.gone)
		}
		fmt.Fprintln(w)
	}
}

func (f fixable) isSafe() bool { return f.Safety == refactor.Safe.String() }

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
