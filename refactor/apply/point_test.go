package apply_test

import (
	"path/filepath"
	"strings"
	"testing"

	"handshake/refactor"
	"handshake/refactor/apply"
)

// One fix is made at a point, the narrowest first, and only a refactoring on
// demand is made there without being asked for reviews.
func TestPoint(t *testing.T) {
	const text = `package p

var ch chan int

func f() {
	b(func() { a() }); a()
	a()
}

func b(func()) {}
func a()       {}
func c()       {}
`
	onDemand := rename("b", "d", refactor.Review)
	onDemand.OnDemand = true
	both := []*refactor.Rule{rename("a", "c", refactor.Safe), onDemand, rename("ch", "x", refactor.Safe)}
	review := []*refactor.Rule{rename("a", "c", refactor.Review)}
	dir, g := graph(t, "-- x.go --\n"+text+"-- y.go --\npackage p\n\nfunc d(func()) {}\n\nfunc h() { a() }\n")
	for _, test := range []struct {
		name   string
		at     apply.Point
		rules  []*refactor.Rule
		line   string // after, of the lines that differ
		review int
	}{
		{"line", apply.Point{Line: 7}, both, "\tc()", 0},
		{"narrowest first", apply.Point{Line: 6}, both, "\tb(func() { c() }); a()", 0},
		{"column", apply.Point{Line: 6, Column: 21}, both, "\tb(func() { a() }); c()", 0},
		{"column of the wider", apply.Point{Line: 6, Column: 2}, both, "\td(func() { a() }); a()", 0},
		{"nothing there", apply.Point{Line: 1}, both, "", 0},
		{"beyond the end", apply.Point{Line: 99}, both, "", 0},
		{"a review is not asked for", apply.Point{Line: 7}, review, "", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			res, err := apply.Graph(t.Context(), g, apply.Options{Rules: test.rules, File: filepath.Join(dir, "x.go"), At: &test.at})
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, f := range res.Files {
				before := strings.Split(string(f.Before), "\n")
				for i, line := range strings.Split(string(f.After), "\n") {
					if line != before[i] {
						lines = append(lines, line)
					}
				}
			}
			equal(t, "changed lines", strings.Join(lines, "\n"), test.line)
			review := 0
			for _, l := range res.Left {
				review += len(l.Review)
			}
			equal(t, "fixes to review", review, test.review)
		})
	}
}
