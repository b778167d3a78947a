package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// printStats prints how many findings each rule has, what can be done about them,
// and how much was looked at.
func printStats(w io.Writer, r *report) {
	type row struct{ all, safe, review, withheld int }
	rows := make(map[string]*row)
	for _, f := range r.Findings {
		x := rows[f.Rule]
		if x == nil {
			x = new(row)
			rows[f.Rule] = x
		}
		x.all++
		switch {
		case slices.ContainsFunc(f.Fixes, fixable.isSafe):
			x.safe++
		case len(f.Fixes) > 0:
			x.review++
		case len(f.Withheld) > 0:
			x.withheld++
		}
	}
	if len(rows) > 0 {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "rule\tfindings\tsafe fix\tfix to review\tfix withheld")
		for _, name := range slices.Sorted(maps.Keys(rows)) {
			x := rows[name]
			fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\n", name, x.all, x.safe, x.review, x.withheld)
		}
		t.Flush()
	}
	for _, h := range r.hidden {
		fmt.Fprintf(w, "hidden: %d %s\n", h.count, h.where)
	}
	fmt.Fprintf(w, "%s, %d of them without a goroutine, channel or sleep, in %v\n",
		count(r.stats.packages, "package"), r.stats.skipped, r.stats.took.Round(time.Millisecond))
}
