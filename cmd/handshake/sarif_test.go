package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

const toLog = `package p

import "time"

func Serve() {
	handlers := map[string]func(){}
	events := make(chan string)
	go func() { /* 𝄞ä */ handlers["𝄞"] = func() {}; /* 𝄞ä */ for range events {} }()
	/* 𝄞ä */ time.Sleep(time.Second) // 𝄞
	handlers["𝄞"]()
	close(events)
}
`

// What check writes as SARIF is valid, tells the place of a finding in UTF-16, and
// its fixes make of the file what they make of it elsewhere.
func TestSARIF(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go.mod": "module m\n\ngo 1.26\n", "a b.go": "\uFEFF" + toLog, "bad_test.go": "package p\n\nvar x int = \"\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	t.Setenv("GOWORK", "off")
	t.Setenv("GOFLAGS", "")
	of, err := newProjects("")
	if err != nil {
		t.Fatal(err)
	}
	r, err := scan(t.Context(), []string{"."}, of, true)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := writeSARIF(&out, r, false); err != nil {
		t.Fatal(err)
	}
	log, err := sarif.FromBytes(out.Bytes(), sarif.WithStrictValidation())
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Validate(); err != nil {
		t.Error(err)
	}
	run := log.Runs[0]
	if len(run.Results) != 1 || len(run.Results[0].Fixes) != 1 || len(run.Results[0].RelatedLocations) != 3 {
		t.Fatalf("%s", out.String())
	}
	got := run.Results[0]
	if rule := run.Tool.Driver.Rules[got.RuleIndex]; *got.RuleID != "sleepstart" || *rule.ID != *got.RuleID || rule.Help == nil {
		t.Errorf("the rule is %s", *got.RuleID)
	}
	if len(got.PartialFingerprints[sarifFingerprint]) != 32 {
		t.Errorf("fingerprints: %v", got.PartialFingerprints)
	}
	at := got.Locations[0].PhysicalLocation
	if *at.ArtifactLocation.URI != "a%20b.go" || *at.ArtifactLocation.URIBaseID != sarifRoot {
		t.Errorf("the file is %s in %s", *at.ArtifactLocation.URI, *at.ArtifactLocation.URIBaseID)
	}
	if r := at.Region; *r.StartLine != 9 || *r.StartColumn != 12 || *r.EndLine != 9 || *r.EndColumn != 35 {
		t.Errorf("the sleep is at %d:%d-%d:%d", *r.StartLine, *r.StartColumn, *r.EndLine, *r.EndColumn)
	}
	if n := run.Invocations[0].ToolExecutionNotifications; len(n) != 1 || *n[0].Locations[0].PhysicalLocation.ArtifactLocation.URI != "bad_test.go" {
		t.Errorf("notifications: %v", n)
	}

	// The edits of the JSON form are offsets in bytes.
	edits := r.Findings[0].Fixes[0].Edits
	want := []byte("\uFEFF" + toLog)
	slices.SortStableFunc(edits, func(a, b edit) int { return b.Start - a.Start })
	for _, e := range edits {
		want = slices.Concat(want[:e.Start], []byte(e.NewText), want[e.End:])
	}
	if fixed := replaced(t, toLog, got.Fixes[0].ArtifactChanges[0].Replacements); "\uFEFF"+fixed != string(want) {
		t.Errorf("the fix makes\n%s\nwant\n%s", fixed, want)
	}
}

// replaced returns a text after replacements, as a program that reads SARIF makes
// them.
func replaced(t *testing.T, text string, all []*sarif.Replacement) string {
	t.Helper()
	units := utf16.Encode([]rune(text))
	offset := func(line, column int) int {
		rest := units
		for range line - 1 {
			rest = rest[slices.Index(rest, '\n')+1:]
		}
		return len(units) - len(rest) + column - 1
	}
	slices.SortStableFunc(all, func(a, b *sarif.Replacement) int {
		x, y := a.DeletedRegion, b.DeletedRegion
		return offset(*y.StartLine, *y.StartColumn) - offset(*x.StartLine, *x.StartColumn)
	})
	for _, r := range all {
		start, end := offset(*r.DeletedRegion.StartLine, *r.DeletedRegion.StartColumn), offset(*r.DeletedRegion.EndLine, *r.DeletedRegion.EndColumn)
		units = slices.Concat(units[:start], utf16.Encode([]rune(*r.InsertedContent.Text)), units[end:])
	}
	return strings.ReplaceAll(string(utf16.Decode(units)), "\uFEFF", "")
}
