package main

import (
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// A drawn finding is one of a sample, with the repository that it is of.
type drawn struct {
	*result
	reported
}

// draw picks n findings with a fix and n without, or all where there are fewer.
// The same findings and the same seed give the same sample.
func (o *options) draw(all []*result) []drawn {
	var with, without []drawn
	for _, r := range all {
		for _, f := range r.findings {
			if len(f.Fixes) > 0 {
				with = append(with, drawn{r, f})
			} else {
				without = append(without, drawn{r, f})
			}
		}
	}
	random := rand.New(rand.NewPCG(o.seed, 0))
	pick := func(from []drawn) []drawn {
		random.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
		return from[:min(o.sample, len(from))]
	}
	return slices.Concat(pick(with), pick(without))
}

// around is how many lines of context a reader gets.
const around = 20

// printSample prints a sample of the findings: the first fix of each as a diff,
// or where there is none the lines around it.
func (o *options) printSample(w io.Writer, all []*result) {
	for i, d := range o.draw(all) {
		fmt.Fprintf(w, "\n%d. ", i+1)
		printFinding(w, d.Repo, d.reported)
		if len(d.Fixes) > 0 {
			fmt.Fprint(w, d.Fixes[0].diff(d.sources))
			continue
		}
		lines := strings.SplitAfter(string(d.sources[d.File]), "\n")
		for n := max(1, d.Line-around); n <= min(d.Line+around, len(lines)); n++ {
			mark := ' '
			if n == d.Line {
				mark = '>'
			}
			fmt.Fprintf(w, "%c%5d\t%s", mark, n, lines[n-1])
		}
	}
}

// diff returns what the fix makes of the sources, file by file.
func (p proposal) diff(sources map[string][]byte) string {
	byFile := make(map[string][]udiff.Edit)
	var names []string
	for _, e := range p.Edits {
		if byFile[e.File] == nil {
			names = append(names, e.File)
		}
		byFile[e.File] = append(byFile[e.File], udiff.Edit{Start: e.Start, End: e.End, New: e.NewText})
	}
	var out strings.Builder
	for _, name := range names {
		text, err := udiff.ToUnified("a/"+name, "b/"+name, string(sources[name]), byFile[name], around)
		out.WriteString(cmp.Or(text, fmt.Sprintln(err)))
	}
	return out.String()
}
