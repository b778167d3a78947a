package main

import (
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"handshake/refactor"
	"handshake/refactor/rules"
)

// sarifRoot is the symbol for the directory that paths are relative to.
const sarifRoot = "%SRCROOT%"

// sarifFingerprint names what fingerprints are made of; it changes with that.
const sarifFingerprint = "handshake/v1"

// writeSARIF writes a log of the Static Analysis Results Interchange Format 2.1.0
// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html) with the fixes
// of each finding, the best first.
func writeSARIF(w io.Writer, r *report, _ bool) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	s := sarifLog{places: newPlaces(dir), run: sarif.NewRunWithInformationURI("handshake", "")}
	s.run.Tool.Driver.InformationURI = nil // there is none yet
	version := buildVersion()
	s.run.Tool.Driver.Version = &version
	s.run.WithColumnKind("utf16CodeUnits")
	root := url.URL{Scheme: "file", Path: path.Join("/", filepath.ToSlash(dir)) + "/"}
	s.run.OriginalUriBaseIds = map[string]sarif.ArtifactLocation{sarifRoot: *sarif.NewSimpleArtifactLocation(root.String())}
	for _, rule := range rules.All() {
		if slices.ContainsFunc(r.Findings, func(f finding) bool { return f.Rule == rule.Name }) {
			s.addRule(rule)
		}
	}
	s.run.Results = []*sarif.Result{}
	for _, f := range r.Findings {
		s.run.AddResult(s.result(f))
	}
	s.run.AddInvocation(s.invocation(r.Errors))
	log := sarif.NewReport()
	log.AddRun(s.run)
	return log.PrettyWrite(w)
}

type sarifLog struct {
	places *places
	run    *sarif.Run
}

func (s sarifLog) addRule(r *refactor.Rule) {
	why := r.Section("Why")
	rule := s.run.AddRule(r.Name).
		WithShortDescription(sarif.NewMultiformatMessageString().WithText(r.Summary())).
		WithHelp(sarif.NewMultiformatMessageString().WithText(why).WithMarkdown(r.Doc)).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(sarifLevel(r.Severity.String())))
	if why != "" {
		rule.WithFullDescription(sarif.NewMultiformatMessageString().WithText(why))
	}
}

func sarifLevel(severity string) string {
	if severity == refactor.Warning.String() {
		return "warning"
	}
	return "note"
}

func (s sarifLog) result(f finding) *sarif.Result {
	out := sarif.NewRuleResult(f.Rule).
		WithRuleIndex(s.run.GetRuleIndex(f.Rule)).
		WithLevel(sarifLevel(f.Severity)).
		WithMessage(sarif.NewTextMessage(f.Message)).
		WithPartialFingerprints(map[string]string{sarifFingerprint: f.Fingerprint}).
		WithLocations([]*sarif.Location{s.location(f.File, s.places.region(f.File, f.Line, f.Column, f.EndLine, f.EndColumn))})
	for i, rel := range f.Related {
		l := s.location(rel.File, s.places.region(rel.File, rel.Line, rel.Column, rel.Line, rel.Column))
		out.AddRelatedLocation(l.WithID(i + 1).WithMessage(sarif.NewTextMessage(rel.Message)))
	}
	for _, fix := range f.Fixes {
		out.AddFixe(s.fix(fix))
	}
	return out
}

// fix groups the edits by file, as they come.
func (s sarifLog) fix(f fixable) *sarif.Fix {
	title := f.Title
	if f.Reason != "" {
		title += " (" + f.Reason + ")"
	}
	out := sarif.NewFix().WithDescription(sarif.NewTextMessage(title))
	var last *sarif.ArtifactChange
	for i, e := range f.Edits {
		if i == 0 || e.File != f.Edits[i-1].File {
			last = sarif.NewArtifactChange().WithArtifactLocation(s.artifact(e.File))
			out.AddArtifactChange(last)
		}
		last.AddReplacement(sarif.NewReplacement().
			WithDeletedRegion(s.places.span(e.File, e.Start, e.End)).
			WithInsertedContent(sarif.NewArtifactContent().WithText(e.NewText)))
	}
	return out
}

// invocation tells what went wrong.
func (s sarifLog) invocation(problems []problem) *sarif.Invocation {
	out := sarif.NewInvocation().WithExecutionSuccessful(!slices.ContainsFunc(problems, func(p problem) bool { return p.internal }))
	for _, p := range problems {
		n := sarif.NewNotification().WithLevel("error").WithMessage(sarif.NewTextMessage(p.Message))
		switch {
		case p.File == "":
		case p.Line == 0:
			n.AddLocation(s.location(p.File, nil))
		default:
			column := max(p.Column, 1)
			n.AddLocation(s.location(p.File, s.places.region(p.File, p.Line, column, p.Line, column)))
		}
		out.AddToolExecutionNotification(n)
	}
	return out
}

func (s sarifLog) location(file string, region *sarif.Region) *sarif.Location {
	at := sarif.NewPhysicalLocation().WithArtifactLocation(s.artifact(file))
	if region != nil {
		at.WithRegion(region)
	}
	return sarif.NewLocationWithPhysicalLocation(at)
}

// artifact returns the location of a file: relative to the root, if it lies below.
func (s sarifLog) artifact(file string) *sarif.ArtifactLocation {
	if filepath.IsLocal(filepath.FromSlash(file)) {
		return sarif.NewSimpleArtifactLocation((&url.URL{Path: file}).EscapedPath()).WithURIBaseID(sarifRoot)
	}
	abs := filepath.ToSlash(s.places.path(file))
	return sarif.NewSimpleArtifactLocation((&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(abs, "/")}).String())
}
