// Package apply makes many fixes in many files: those that collide wait for the
// next round, and rounds go on until nothing is left to fix. Everything is
// computed and type-checked in memory; [Write] then changes the files, all of
// them or none.
package apply

import (
	"bytes"
	"cmp"
	"go/types"
	"slices"

	"github.com/aymanbagabas/go-udiff"

	"handshake/refactor"
)

// Options say which fixes are made.
type Options struct {
	Rules   []*refactor.Rule
	RulesOf func(dir string) []*refactor.Rule // if not nil, the rules for the package in a directory, in the place of Rules

	Unsafe bool   // make fixes that need a review, too
	File   string // make only fixes of findings in this file; empty for all

	// Tested makes review fixes, too, that running tests can prove: those of rules
	// that say so, of findings in a test that change nothing but tests, and of
	// findings elsewhere that change nothing but what functions do. Whoever sets it
	// runs these tests (see [Made]).
	Tested bool

	// Veto, if not nil, returns why a fix must not be made.
	Veto func(Made) error

	// At, if not nil, is a point in File: the first fix that can be made there is
	// the only one. A refactoring on demand then needs no Unsafe: it was asked for.
	At *Point

	// Done, if not nil, is told how many of the packages of a graph have been
	// looked at, one call at a time.
	Done func(done, all int)
}

// Result is what fixing comes to. Nothing is on disk yet.
type Result struct {
	Files  []File  // those that change, by name
	Made   []Made  // in the order of Place
	Left   []Left  // findings that remain, in the order of Place
	Errors []error // what went wrong inside of rules; the rest is sound

	Read     int           // packages that could be read
	Problems []types.Error // of the packages before any fix
}

// File is a file with its contents before and after.
type File struct {
	Name          string // absolute path
	Before, After []byte
}

// Place is where a finding is in a file as it was before any fix.
type Place struct {
	File string
	Line int // from 1
}

func (p Place) compare(q Place) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line))
}

// Made is a fix that was made.
type Made struct {
	Place
	Rule   *refactor.Rule
	Title  string // of the fix
	Safety refactor.Safety
	Offset int // where the finding began in the file as it was before any fix, in bytes

	// Where Options.Tested is why the fix was made: the test that has to prove it, or
	// else the places, before any fix, to which tests have to come that prove it.
	Test   string
	Covers []refactor.Span
}

// Left is a finding that remains, with the fixes that were not made.
type Left struct {
	Place
	Rule    *refactor.Rule
	Message string

	// Review are the labels of the fixes that only Options.Unsafe would make.
	Review []string

	// Withheld are the fixes that cannot be made, and why.
	Withheld []refactor.Withheld
}

// Safe returns the edits that make all safe fixes of the findings in a file
// ("" for the whole package). Offsets are those of the package as it is.
func Safe(pkg *refactor.Package, rules []*refactor.Rule, file string) ([]refactor.Edit, error) {
	res, err := Package(pkg, Options{Rules: rules, File: file})
	if err != nil {
		return nil, err
	}
	var edits []refactor.Edit
	for _, f := range res.Files {
		edits = append(edits, f.Edits()...)
	}
	return edits, nil
}

// Edits returns what makes After of Before, in order.
func (f File) Edits() []refactor.Edit {
	var edits []refactor.Edit
	for _, e := range udiff.Lines(string(f.Before), string(f.After)) {
		edits = append(edits, refactor.Edit{Span: refactor.Span{File: f.Name, Start: e.Start, End: e.End}, New: e.New})
	}
	return edits
}

func (r *Result) sort() {
	slices.SortFunc(r.Files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(r.Made, func(a, b Made) int { return a.compare(b.Place) })
	slices.SortStableFunc(r.Left, func(a, b Left) int { return a.compare(b.Place) })
}

// changed lists the files of after that differ from those of before.
func changed(before, after *refactor.Package) []File {
	var out []File
	for i, f := range before.Files {
		if g := after.Files[i]; !bytes.Equal(f.Src, g.Src) {
			out = append(out, File{f.Name, f.Src, g.Src})
		}
	}
	return out
}
