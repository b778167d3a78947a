package main

import (
	"path/filepath"

	"handshake/refactor"
	"handshake/refactor/load"
)

// report is what check finds. Its JSON form is a contract: see
// testdata/cli/json.txtar. Paths are relative to the working directory, with
// slashes; lines and columns count from 1, columns and offsets in bytes.
type report struct {
	Version  int       `json:"version"`
	Findings []finding `json:"findings"`
	Errors   []problem `json:"errors"`

	stats  stats
	hidden []hidden
	gone   int               // findings of the baseline
	looked map[string]looked // by import path: the packages that were read without a problem
}

// looked tells how a package was looked at.
type looked struct {
	meta  *load.Meta
	rules []*refactor.Rule
}

// hidden are findings that are left out.
type hidden struct {
	count int
	where string // "in the baseline"
}

type finding struct {
	Rule      string     `json:"rule"`
	Severity  string     `json:"severity"`
	File      string     `json:"file"`
	Line      int        `json:"line"`
	Column    int        `json:"column"`
	EndLine   int        `json:"endLine"`
	EndColumn int        `json:"endColumn"`
	Message   string     `json:"message"`
	Related   []related  `json:"related"`
	Fixes     []fixable  `json:"fixes"`
	Withheld  []withheld `json:"withheld"`

	// Fingerprint stays the same when the lines around the finding move.
	Fingerprint string `json:"fingerprint"`

	pkg string // import path
}

type related struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

type fixable struct {
	Title  string `json:"title"`
	Safety string `json:"safety"`
	Reason string `json:"reason"`
	Edits  []edit `json:"edits"`
}

type edit struct {
	File    string `json:"file"`
	Start   int    `json:"start"`
	End     int    `json:"end"`
	NewText string `json:"newText"`
}

type withheld struct {
	Title  string `json:"title"`
	Reason string `json:"reason"`
}

// A problem is what keeps a package from being understood. The place is left
// out where there is none.
type problem struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`

	internal bool // a fault of our own
}

// relative returns a path as seen from the working directory.
func relative(dir, name string) string {
	if rel, err := filepath.Rel(dir, name); err == nil {
		name = rel
	}
	return filepath.ToSlash(name)
}

// newFinding describes a finding. Edits are made only if resolve is set: they
// cost a type-check each. A fix that cannot be made after all is withheld.
func newFinding(dir string, pkg *refactor.Package, f refactor.Finding, resolve bool) finding {
	line, column := position(pkg, f.Span, f.Span.Start)
	endLine, endColumn := position(pkg, f.Span, f.Span.End)
	out := finding{
		Rule: f.Rule.Name, Severity: f.Rule.Severity.String(), File: relative(dir, f.Span.File),
		Line: line, Column: column, EndLine: endLine, EndColumn: endColumn, Message: f.Message,
		Related: []related{}, Fixes: []fixable{}, Withheld: []withheld{},
	}
	for _, r := range f.Related {
		line, column := position(pkg, r.Span, r.Start)
		out.Related = append(out.Related, related{relative(dir, r.File), line, column, r.Message})
	}
	for _, w := range f.Withheld {
		out.Withheld = append(out.Withheld, withheld{w.Title, w.Reason})
	}
	for _, fix := range f.Fixes {
		described := fixable{fix.Title, fix.Safety.String(), fix.Reason, []edit{}}
		if resolve {
			edits, err := pkg.Resolve(fix)
			if err != nil {
				out.Withheld = append(out.Withheld, withheld{fix.Title, err.Error()})
				continue
			}
			for _, e := range edits {
				described.Edits = append(described.Edits, edit{relative(dir, e.File), e.Start, e.End, e.New})
			}
		}
		out.Fixes = append(out.Fixes, described)
	}
	return out
}

// position returns the line and column of an offset in the span's file.
func position(pkg *refactor.Package, s refactor.Span, offset int) (line, column int) {
	f := pkg.FileNamed(s.File)
	p := f.Tok.PositionFor(f.Tok.Pos(offset), false)
	return p.Line, p.Column
}
