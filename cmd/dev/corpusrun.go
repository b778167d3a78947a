package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A result is what the rules come to in one repository. The lists of faults
// must be empty.
type result struct {
	Repo     string         `json:"repo"`
	Commit   string         `json:"commit"`
	Findings map[string]int `json:"findings"` // by rule
	Offered  map[string]int `json:"offered"`  // findings with a fix, by rule
	Made     map[string]int `json:"made"`     // fixes made, by rule
	Withheld map[string]int `json:"withheld"` // by reason, with names and numbers left out
	Problems int            `json:"problems"` // what kept packages from being understood

	Crashes     []string `json:"crashes"`
	TypeErrors  []string `json:"typeErrors"`   // that the fixes brought in
	VetErrors   []string `json:"vetErrors"`    // the same, if asked for
	Comments    []string `json:"commentsLost"` // "file: comment"
	Unformatted []string `json:"unformatted"`  // files that were formatted and no longer are
	Again       []string `json:"again"`        // fixes that a second run makes

	Check cost       `json:"check"`
	Fix   cost       `json:"fix"`
	Tests *tests     `json:"tests,omitempty"`
	Sites []judgment `json:"sites,omitempty"`

	findings []reported
	sources  map[string][]byte // before the fixes
	changes  []change
}

// faults lists what must not be.
func (r *result) faults() []string {
	all := slices.Concat(r.Crashes, r.TypeErrors, r.VetErrors, r.Comments, r.Unformatted, r.Again)
	if r.Tests != nil {
		all = append(all, r.Tests.Broken...)
	}
	return all
}

// cost is what a run takes: of several, the sum, and the most memory.
type cost struct {
	Wall   float64 `json:"wall"`   // seconds
	CPU    float64 `json:"cpu"`    // seconds, the go command's included
	Memory int64   `json:"memory"` // resident bytes at most; 0 if not known
}

func (c *cost) add(d cost) {
	c.Wall, c.CPU, c.Memory = c.Wall+d.Wall, c.CPU+d.CPU, max(c.Memory, d.Memory)
}

// reported is a finding as handshake check prints it; its contract is pinned
// in testdata/cli. Files are relative to the repository.
type reported struct {
	Rule    string
	File    string
	Line    int
	Message string
	Related []struct {
		File    string
		Line    int
		Message string
	}
	Fixes    []proposal
	Withheld []struct{ Title, Reason string }
}

// A proposal is a fix as it is reported.
type proposal struct {
	Title, Safety, Reason string
	Edits                 []struct {
		File       string
		Start, End int // in bytes
		NewText    string
	}
}

// measure runs the program on a fresh copy of a repository.
func (o *options) measure(ctx context.Context, r repository) (*result, error) {
	res := &result{Repo: r.Repo, Commit: r.Commit, Findings: map[string]int{}, Offered: map[string]int{}, Made: map[string]int{}, Withheld: map[string]int{}}
	dir, err := o.copyOf(ctx, r)
	if err != nil {
		return nil, err
	}
	before, err := goFiles(dir)
	if err != nil {
		return nil, err
	}
	for _, m := range r.Modules {
		module := filepath.Join(dir, m)
		if err := download(ctx, module); err != nil {
			return nil, err
		}
		if err := o.check(ctx, res, module, m); err != nil {
			return nil, err
		}
	}
	res.sources = before
	if o.only {
		return res, nil
	}
	var first testRun
	if len(o.tests) > 0 {
		if first, err = o.runTests(ctx, dir); err != nil {
			return nil, err
		}
	}
	for _, m := range r.Modules {
		made, c, err := o.fix(ctx, res, filepath.Join(dir, m), m)
		if err != nil {
			return nil, err
		}
		res.Fix.add(c)
		for _, line := range made {
			res.Made[ruleOf(line)]++
		}
	}
	after, err := goFiles(dir)
	if err != nil {
		return nil, err
	}
	res.changes = changes(before, after)
	for _, c := range res.changes {
		res.Comments = append(res.Comments, c.lostComments()...)
		if formatted(c.before) && !formatted(c.after) {
			res.Unformatted = append(res.Unformatted, c.name)
		}
	}
	for _, m := range r.Modules {
		module := filepath.Join(dir, m)
		broken, err := typeErrors(ctx, dir, module, res.changes)
		if err != nil {
			return nil, err
		}
		res.TypeErrors = append(res.TypeErrors, broken...)
		if o.vet {
			broken, err := vetErrors(ctx, dir, module, res.changes)
			if err != nil {
				return nil, err
			}
			res.VetErrors = append(res.VetErrors, broken...)
		}
	}
	if len(o.tests) > 0 {
		second, err := o.runTests(ctx, dir)
		if err != nil {
			return nil, err
		}
		res.Tests = first.compare(second)
	}
	for _, m := range r.Modules { // last: it may change files
		made, _, err := o.fix(ctx, res, filepath.Join(dir, m), m)
		if err != nil {
			return nil, err
		}
		res.Again = append(res.Again, made...)
	}
	return res, nil
}

// check runs handshake check in a module, which lies at m in the repository.
func (o *options) check(ctx context.Context, res *result, module, m string) error {
	p, err := o.start(ctx, module, "check", "-f=json", "./...")
	if err != nil {
		return err
	}
	res.Check.add(p.cost)
	var report struct {
		Findings []reported
		Errors   []struct{ Message string }
	}
	if p.code > 1 {
		res.Crashes = append(res.Crashes, fmt.Sprintf("%s: check exits with %d: %s", m, p.code, lastLines(p.stderr)))
	}
	if err := json.Unmarshal(p.stdout, &report); err != nil {
		return fmt.Errorf("handshake check: %w: %s", err, lastLines(p.stderr))
	}
	res.Problems += len(report.Errors)
	for _, e := range report.Errors {
		if strings.Contains(e.Message, "panicked") {
			res.Crashes = append(res.Crashes, e.Message)
		}
	}
	for _, f := range report.Findings {
		f.File = path.Join(m, f.File)
		for i := range f.Related {
			f.Related[i].File = path.Join(m, f.Related[i].File)
		}
		for _, fix := range f.Fixes {
			for i := range fix.Edits {
				fix.Edits[i].File = path.Join(m, fix.Edits[i].File)
			}
		}
		res.findings = append(res.findings, f)
		res.Findings[f.Rule]++
		if len(f.Fixes) > 0 {
			res.Offered[f.Rule]++
		}
		for _, w := range f.Withheld {
			res.Withheld[general(w.Reason)]++
			if strings.HasPrefix(w.Reason, "internal error") {
				res.Crashes = append(res.Crashes, fmt.Sprintf("%s:%d: %s", f.File, f.Line, w.Reason))
			}
		}
	}
	return nil
}

// fix runs handshake fix in a module and returns its lines about fixes made.
func (o *options) fix(ctx context.Context, res *result, module, m string) (made []string, c cost, err error) {
	p, err := o.start(ctx, module, "fix", "-unsafe", "./...")
	if err != nil {
		return nil, cost{}, err
	}
	if p.code != 0 {
		res.Crashes = append(res.Crashes, fmt.Sprintf("%s: fix exits with %d: %s", m, p.code, lastLines(p.stderr)))
	}
	for line := range strings.Lines(string(p.stdout)) {
		made = append(made, path.Join(m, strings.TrimSpace(line)))
	}
	return made, p.cost, nil
}

// A process is one that has ended.
type process struct {
	stdout, stderr []byte
	code           int
	cost           cost
}

// start runs the measured program to its end, in a directory.
func (o *options) start(ctx context.Context, dir string, args ...string) (*process, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, o.binary, args...)
	cmd.Dir, cmd.Env = dir, goEnv()
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begin := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		return nil, cmp.Or(ctx.Err(), err)
	}
	s := cmd.ProcessState
	return &process{
		stdout: stdout.Bytes(), stderr: stderr.Bytes(), code: s.ExitCode(),
		cost: cost{time.Since(begin).Seconds(), (s.UserTime() + s.SystemTime()).Seconds(), peak(s)},
	}, nil
}

// ruleOf returns the rule that a line about a fix names last, in parentheses.
func ruleOf(line string) string {
	_, rule, _ := cutLast(strings.TrimSuffix(line, ")"), " (")
	return rule
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// general returns a reason without what differs from place to place, so that
// reasons can be counted.
func general(reason string) string { return specific.ReplaceAllString(reason, "…") }

var specific = regexp.MustCompile("`[^`]*`|\"[^\"]*\"|[0-9]+|\\b\\w+\\.\\w+(\\.\\w+)*\\b")

// lastLines returns the end of what a program said.
func lastLines(said []byte) string {
	const most = 2000
	return strings.TrimSpace(string(said[max(0, len(said)-most):]))
}
