package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"handshake/refactor/apply"
	"handshake/refactor/verify"
)

func fix(ctx context.Context, args []string) int {
	fs := newFlags("fix")
	diff := fs.Bool("diff", false, "print a diff and write nothing; exit with 1 if there is one")
	unsafe := fs.Bool("unsafe", false, "make fixes that need a review, too: they can change timing, blocking or an API")
	names := fs.String("rules", "", "comma-separated `rules` whose findings to fix (default all that are not previews)")
	verbose := fs.Bool("v", false, "tell what is left, and why")
	asJSON := fs.Bool("json", false, "print what was done, or would be, as JSON")
	page := fs.String("report", "", "write a report as HTML to a `file`: summary, diffs and diagrams")
	force := fs.Bool("force", false, "change files that have changes which git does not have, too")
	var proof verifyFlags
	proof.register(fs)
	if code, ok := parse(fs, args); !ok {
		return code
	}
	if err := proof.check(fs); err != nil {
		return fail("%v", err)
	}
	if *page != "" {
		if _, err := os.Stat(filepath.Dir(*page)); err != nil {
			return fail("no place for the report: %v", err)
		}
	}
	of, err := newProjects(*names)
	if err != nil {
		return fail("%v", err)
	}
	if !*diff {
		unlock, err := lockModule(".")
		if err != nil {
			return fail("%v", err)
		}
		defer unlock()
		if err := finishWrites(); err != nil {
			return fail("%v", err)
		}
	}
	of.write = !*diff
	t, err := loadTarget(ctx, of, fs.Args())
	if err != nil {
		return fail("%v", err)
	}
	dir := t.dir
	if !*diff && !*force && t.at == nil { // who names a place has it before them
		if err := unsaved(ctx, dir, t.graph); err != nil {
			return fail("%v", err)
		}
	}
	opts := apply.Options{Rules: of.rules(dir), RulesOf: of.rules, Unsafe: *unsafe, File: t.file, At: t.at}
	var res *apply.Result
	var report *verify.Report // nil without -verify
	if proof.level == "" {
		res, err = apply.Graph(ctx, t.graph, opts)
	} else if report, err = proof.run(ctx, dir, t.graph, opts); err == nil {
		res = report.Result
	}
	switch {
	case ctx.Err() != nil:
		return fail("interrupted; nothing was written")
	case err != nil:
		return fail("%v", err)
	}
	found := problems{dir: dir, list: of.complaints(dir)}
	for _, m := range t.graph.Roots() {
		found.addMeta(m)
	}
	found.addTypes(res.Problems)
	for _, err := range res.Errors {
		found.addError(err, true)
	}
	code, undo := exitClean, ""
	if *diff {
		if len(res.Files) > 0 {
			code = exitFindings
		}
		if !*asJSON {
			for _, f := range res.Files {
				printDiff(dir, f)
			}
		}
	} else {
		if report != nil {
			if undo, err = saveUndo(dir, res.Files); err != nil {
				return fail("no undo patch, so nothing was written: %v", err)
			}
		}
		if err := apply.Write(res.Files, writesDir()); err != nil {
			return fail("%v", err)
		}
		if !*asJSON {
			for _, m := range res.Made {
				fmt.Println(made(dir, m))
			}
		}
	}
	if *asJSON || *page != "" {
		doc := newFixDoc(t, res, report, proof, found.sorted())
		doc.Written, doc.Undo = !*diff, undo
		if *asJSON {
			err = doc.JSON(os.Stdout)
		}
		if *page != "" {
			err = errors.Join(err, doc.save(ctx, *page, res))
		}
		if err != nil {
			code = fail("%v", err)
		}
	}
	if report != nil {
		report.Done()
	}
	printProblems(os.Stderr, found.sorted())
	printLocked(os.Stderr, dir, of)
	if report != nil && report.Planned > 0 {
		printReport(os.Stderr, dir, report)
	}
	if *verbose || t.at != nil {
		printLeft(dir, res.Left)
	}
	if t.at != nil && len(res.Made)+len(res.Left) == 0 {
		fmt.Fprintf(os.Stderr, "%s:%d: nothing to do here\n", relative(dir, t.file), t.at.Line)
	} else {
		printSummary(res, *diff)
	}
	if undo != "" {
		fmt.Fprintf(os.Stderr, "to take it back, here: patch -p0 -i %s\n", undo)
	}
	switch {
	case res.Read == 0:
		return fail("%v", errNothing)
	case len(res.Errors) > 0:
		return exitError
	}
	return code
}

// printLocked tells which files were left alone because they cannot be changed.
func printLocked(w io.Writer, dir string, of *projects) {
	var names []string
	for name := range of.locked {
		names = append(names, relative(dir, name))
	}
	slices.Sort(names)
	printList(w, "left alone, because they are marked read-only:", names)
}

// printDiff prints a unified diff. "./" before the names lets both patch -p0 and
// git apply, which drops the first element, find the file.
func printDiff(dir string, f apply.File) {
	name := "./" + relative(dir, f.Name)
	fmt.Print(unified(name, string(f.Before), string(f.After)))
}

func printLeft(dir string, left []apply.Left) {
	for _, l := range left {
		fmt.Fprintf(os.Stderr, "%s:%d: left: %s (%s)\n", relative(dir, l.File), l.Line, l.Message, l.Rule.Name)
		for _, title := range l.Review {
			fmt.Fprintf(os.Stderr, "\tneeds -unsafe: %s\n", title)
		}
		for _, w := range l.Withheld {
			fmt.Fprintf(os.Stderr, "\twithheld: %s: %s\n", w.Title, w.Reason)
		}
	}
}

func printSummary(res *apply.Result, diff bool) {
	verb := "made"
	if diff {
		verb = "would make"
	}
	fmt.Fprintf(os.Stderr, "%s %s in %s", verb, count(len(res.Made), "fix"), count(len(res.Files), "file"))
	review, none := 0, 0
	for _, l := range res.Left {
		if len(l.Review) > 0 {
			review++
		} else {
			none++
		}
	}
	if review > 0 {
		fmt.Fprintf(os.Stderr, "; left out %d that a person must review (-unsafe makes them)", review)
	}
	if none > 0 {
		fmt.Fprintf(os.Stderr, "; %s without a fix (-v tells why)", count(none, "finding"))
	}
	fmt.Fprintln(os.Stderr)
}
