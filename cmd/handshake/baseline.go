package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/natefinch/atomic"

	"handshake/refactor"
)

// A baseline holds findings that are known. Only fingerprints count; the rest is
// there for those who read it, and to tell what has gone.
type baseline struct {
	Version  int     `json:"version"`
	Findings []known `json:"findings"`
}

type known struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	Package     string `json:"package"` // import path
	File        string `json:"file"`    // without its directory
	Message     string `json:"message"`
}

// baselineVersion is that of baselines which this program reads and writes. It
// changes with what fingerprints are made of.
const baselineVersion = 1

func readBaseline(name string) (*baseline, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	b := new(baseline)
	switch err := json.Unmarshal(data, b); {
	case err != nil:
		return nil, fmt.Errorf("%s is no baseline: %w", name, err)
	case b.Version == 0:
		return nil, fmt.Errorf("%s is no baseline: it has no version", name)
	case b.Version != baselineVersion:
		return nil, fmt.Errorf("%s has version %d, this handshake knows %d", name, b.Version, baselineVersion)
	}
	return b, nil
}

// newBaseline returns the baseline of findings, in an order that does not depend
// on the lines where they are.
func newBaseline(findings []finding) *baseline {
	b := &baseline{Version: baselineVersion, Findings: []known{}}
	for _, f := range findings {
		b.Findings = append(b.Findings, known{f.Fingerprint, f.Rule, f.pkg, path.Base(f.File), f.Message})
	}
	slices.SortFunc(b.Findings, func(x, y known) int {
		return cmp.Or(cmp.Compare(x.Package, y.Package), cmp.Compare(x.File, y.File), cmp.Compare(x.Rule, y.Rule), cmp.Compare(x.Fingerprint, y.Fingerprint))
	})
	return b
}

// write replaces the file in one step.
func (b *baseline) write(name string) error {
	var out bytes.Buffer
	if err := writeIndented(&out, b); err != nil {
		return err
	}
	return atomic.WriteFile(name, &out)
}

// hide takes the findings that are known out of a report, and returns how many of
// the known ones have gone: the package was looked at with the rule, without a
// problem, and the file was part of it or is no more.
func (b *baseline) hide(r *report) (gone int) {
	is := make(map[string]bool, len(b.Findings))
	for _, k := range b.Findings {
		is[k.Fingerprint] = true
	}
	found := make(map[string]bool)
	for _, f := range r.Findings {
		found[f.Fingerprint] = true
	}
	r.hide("in the baseline", func(f finding) bool { return is[f.Fingerprint] })
	for _, k := range b.Findings {
		if at, ok := r.looked[k.Package]; ok && !found[k.Fingerprint] && at.saw(k) {
			gone++
		}
	}
	return gone
}

// saw reports whether what is known would have been found if it still were there.
func (l looked) saw(k known) bool {
	if !slices.ContainsFunc(l.rules, func(r *refactor.Rule) bool { return r.Name == k.Rule }) {
		return false
	}
	if slices.ContainsFunc(l.meta.Files, func(name string) bool { return filepath.Base(name) == k.File }) {
		return true
	}
	_, err := os.Stat(filepath.Join(l.meta.Dir, k.File)) // left out by this build?
	return os.IsNotExist(err)
}

// hide takes findings out of the report.
func (r *report) hide(where string, is func(finding) bool) {
	before := len(r.Findings)
	r.Findings = slices.DeleteFunc(r.Findings, is)
	if n := before - len(r.Findings); n > 0 {
		r.hidden = append(r.hidden, hidden{n, where})
	}
}

// writeIndented writes JSON for people, too.
func writeIndented(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false) // keep "<-" readable
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// writeBaseline makes all findings of a report the baseline, whatever else went
// wrong: what could not be read has none. If nothing could be, an old baseline is
// worth more.
func writeBaseline(r *report, name string, err error) int {
	printProblems(os.Stderr, r.Errors)
	if err != nil {
		return fail("%v; %s was not written", err, name)
	}
	if err := newBaseline(r.Findings).write(name); err != nil {
		return fail("%v", err)
	}
	fmt.Fprintf(os.Stderr, "wrote %s to %s\n", count(len(r.Findings), "finding"), name)
	return exitClean
}
