// Package fixreport says what handshake fix has done, or would do: as a JSON
// document for programs, and as a page for people.
package fixreport

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
)

// A Document is all that there is to say. Its JSON form is a contract: see
// testdata/cli/fixjson.txtar. Paths are relative to the working directory, with
// slashes; lines count from 1 in the files as they were.
type Document struct {
	Version int       `json:"version"`
	Written bool      `json:"written"` // false with -diff
	Undo    string    `json:"undo"`    // a patch that takes all back, absolute; empty if there is none
	Fixes   []Fix     `json:"fixes"`
	Left    []Left    `json:"left"`
	Files   []File    `json:"files"`
	Sleeps  Sleeps    `json:"sleeps"`
	Verify  *Verify   `json:"verify"` // null without -verify
	Errors  []Problem `json:"errors"`
}

// Status is what became of a fix.
type Status string

const (
	Made     Status = "made"
	Rejected Status = "rejected" // something fails with it
	Unproven Status = "unproven" // no test can prove it, and it needs that
)

// A Fix is a fix that was considered, for one finding.
type Fix struct {
	Status  Status `json:"status"`
	Rule    string `json:"rule"`
	Title   string `json:"title"`
	Safety  string `json:"safety"`
	File    string `json:"file"`
	Package string `json:"package"` // import path
	Line    int    `json:"line"`    // of the finding
	Test    string `json:"test"`    // that proves it, if it needs one
	Covered bool   `json:"covered"` // it needs tests that come to all that it changes, outside tests
	Reason  string `json:"reason"`  // why it was not made
	Output  string `json:"output"`  // of what fails with it

	// Diagram is a picture, as SVG, of what the goroutines there do to each other
	// with the fix; nil if there is none.
	Diagram []byte `json:"-"`
}

// Left is a finding that remains.
type Left struct {
	Rule     string     `json:"rule"`
	File     string     `json:"file"`
	Package  string     `json:"package"`
	Line     int        `json:"line"`
	Message  string     `json:"message"`
	Review   []string   `json:"review"` // fixes that only -unsafe makes
	Withheld []Withheld `json:"withheld"`
}

// Withheld is a fix that cannot be made.
type Withheld struct {
	Title  string `json:"title"`
	Reason string `json:"reason"`
}

// File is a file that changes.
type File struct {
	Name    string `json:"file"`
	Package string `json:"package"`
	Diff    string `json:"diff"` // unified

	Before, After []byte `json:"-"`
}

// Sleeps are the calls of time.Sleep that the fixes do away with.
type Sleeps struct {
	Removed int     `json:"removed"`
	Seconds float64 `json:"seconds"` // that they took, each once, as far as that is written there
	Unknown int     `json:"unknown"` // those of which it is not
}

// Verify says how the fixes were proved.
type Verify struct {
	Level   string `json:"level"` // "build", "vet" or "test"
	Planned int    `json:"planned"`
	Tests   *Tests `json:"tests"` // null if none were run
}

// Tests are what running the tests came to.
type Tests struct {
	Count    int        `json:"count"` // runs of each
	Race     bool       `json:"race"`
	NoRace   string     `json:"noRace"` // why not, although it was wanted
	Stress   bool       `json:"stress"`
	Packages int        `json:"packages"`
	Stable   int        `json:"stable"` // tests that passed each time without the fixes
	Unstable []Unstable `json:"unstable"`
	Before   Runs       `json:"before"`
	After    Runs       `json:"after"`
}

// Runs are runs of the tests that the fixes affect.
type Runs struct {
	Runs    int     `json:"runs"`
	Failed  int     `json:"failed"`
	Seconds float64 `json:"seconds"` // that running each test once took
}

// Unstable is a test that failed without any fix.
type Unstable struct {
	Package string `json:"package"`
	Test    string `json:"test"` // empty for a package that fails as a whole
	Runs    int    `json:"runs"`
	Passed  int    `json:"passed"`
	Race    bool   `json:"race"`   // only the race detector complains
	Mended  bool   `json:"mended"` // it passes each time with the fixes
}

// A Problem is what went wrong. The place is left out where there is none.
type Problem struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

// JSON writes the document. What is empty is an empty list, not null.
func (d *Document) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false) // keep "<-" readable
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}

// A Tally is what became of the fixes of one rule.
type Tally struct {
	Rule                           string
	Made, Rejected, Unproven, Left int
}

// ByRule returns the tallies, by rule.
func (d *Document) ByRule() []Tally {
	rows := make(map[string]*Tally)
	of := func(rule string) *Tally {
		if rows[rule] == nil {
			rows[rule] = &Tally{Rule: rule}
		}
		return rows[rule]
	}
	for _, f := range d.Fixes {
		switch f.Status {
		case Made:
			of(f.Rule).Made++
		case Rejected:
			of(f.Rule).Rejected++
		case Unproven:
			of(f.Rule).Unproven++
		}
	}
	for _, l := range d.Left {
		of(l.Rule).Left++
	}
	var all []Tally
	for _, t := range rows {
		all = append(all, *t)
	}
	slices.SortFunc(all, func(a, b Tally) int { return cmp.Compare(a.Rule, b.Rule) })
	return all
}

// Failed returns how often the test did not pass.
func (u Unstable) Failed() int { return u.Runs - u.Passed }
