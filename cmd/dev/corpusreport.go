package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/aymanbagabas/go-udiff"
)

// printDetails prints the findings and the changes, if asked for.
func (o *options) printDetails(w io.Writer, r *result) {
	if o.list {
		for _, f := range r.findings {
			printFinding(w, r.Repo, f)
		}
	}
	if o.diff {
		for _, c := range r.changes {
			name := r.Repo + "/" + c.name
			fmt.Fprint(w, udiff.Unified("a/"+name, "b/"+name, string(c.before), string(c.after)))
		}
	}
}

// printFinding prints a finding with what it says about fixes.
func printFinding(w io.Writer, repo string, f reported) {
	fmt.Fprintf(w, "%s %s:%d: %s (%s)\n", repo, f.File, f.Line, f.Message, f.Rule)
	for _, rel := range f.Related {
		fmt.Fprintf(w, "\t%s:%d: %s\n", rel.File, rel.Line, rel.Message)
	}
	for _, fix := range f.Fixes {
		fmt.Fprintf(w, "\tfix: %s (%s)\n", fix.Title, cmp.Or(fix.Reason, fix.Safety))
	}
	for _, held := range f.Withheld {
		fmt.Fprintf(w, "\twithheld: %s: %s\n", held.Title, held.Reason)
	}
}

// printCorpus prints what all repositories come to.
func printCorpus(w io.Writer, all []*result) error {
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "repository\tload errors\tfindings\twith fix\tmade\twithheld\tcrash\ttypes\tvet\tcomments\tgofmt\tagain\tcheck s\tCPU s\tMB\tfix s\tCPU s\tMB\t")
	for _, r := range all {
		fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s%s\n", r.Repo,
			r.Problems, total(r.Findings), total(r.Offered), total(r.Made), total(r.Withheld),
			len(r.Crashes), len(r.TypeErrors), len(r.VetErrors), len(r.Comments), len(r.Unformatted), len(r.Again), r.Check, r.Fix)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	printRules(w, all)
	printReasons(w, all)
	printTests(w, all)
	printSites(w, all)
	for _, r := range all {
		for _, f := range r.faults() {
			fmt.Fprintf(w, "FAULT %s: %s\n", r.Repo, f)
		}
	}
	return nil
}

func (c cost) String() string {
	return fmt.Sprintf("%.1f\t%.1f\t%d\t", c.Wall, c.CPU, c.Memory>>20)
}

func total(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

func printRules(w io.Writer, all []*result) {
	found, offered, made := map[string]int{}, map[string]int{}, map[string]int{}
	for _, r := range all {
		for _, c := range []struct{ to, from map[string]int }{{found, r.Findings}, {offered, r.Offered}, {made, r.Made}} {
			for rule, n := range c.from {
				c.to[rule] += n
			}
		}
	}
	fmt.Fprintln(w)
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "rule\tfindings\twith fix\tmade\t")
	for _, rule := range slices.Sorted(maps.Keys(found)) {
		fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t\n", rule, found[rule], offered[rule], made[rule])
	}
	tw.Flush()
}

func printReasons(w io.Writer, all []*result) {
	reasons := make(map[string]int)
	for _, r := range all {
		for reason, n := range r.Withheld {
			reasons[reason] += n
		}
	}
	if len(reasons) == 0 {
		return
	}
	fmt.Fprintln(w, "\nwithheld because")
	for _, reason := range slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
		return cmp.Or(reasons[b]-reasons[a], strings.Compare(a, b))
	}) {
		fmt.Fprintf(w, "%5d  %s\n", reasons[reason], reason)
	}
}

func printTests(w io.Writer, all []*result) {
	for _, r := range all {
		if t := r.Tests; t != nil {
			fmt.Fprintf(w, "\n%s: in %d packages, %d of which fail, %d tests pass before the fixes in %.1f s; after the fixes %d of these fail, in %.1f s\n",
				r.Repo, t.Packages, t.Failed, t.Passed, t.Before, len(t.Broken), t.After)
		}
	}
}

func printSites(w io.Writer, all []*result) {
	var sites []judgment
	for _, r := range all {
		sites = append(sites, r.Sites...)
	}
	if len(sites) == 0 {
		return
	}
	slices.SortFunc(sites, func(a, b judgment) int { return a.Number - b.Number })
	sum, agree := map[string]int{}, map[string]int{}
	fmt.Fprintln(w, "\n| # | site | verdict | engine | agrees | says |\n|--:|---|---|---|---|---|")
	for _, s := range sites {
		sum[s.Verdict]++
		yes := "no"
		if s.Agrees {
			agree[s.Verdict]++
			yes = "yes"
		}
		fmt.Fprintf(w, "| %d | %s %s:%d | %s | %s | %s | %s |\n", s.Number, s.Repo, s.File, s.Line, s.Verdict, s.Engine, yes, strings.Join(s.Says, " / "))
	}
	for _, verdict := range slices.Sorted(maps.Keys(sum)) {
		fmt.Fprintf(w, "%s: %d of %d agree\n", verdict, agree[verdict], sum[verdict])
	}
}
