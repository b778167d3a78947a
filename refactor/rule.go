package refactor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Rule finds one bad pattern, or offers one rewrite on demand, and knows how
// to write the remedy. Everything about it lives in its own folder under
// refactor/rules.
type Rule struct {
	// Name is the folder, the LSP diagnostic code, the command-line name and
	// the suppression key: one lower-case word that names the bad pattern.
	Name string

	// Doc is the rule's README.md: documentation and golden test at once.
	Doc string

	Severity Severity

	// Preview rules are off unless they are named: their precision is not yet
	// measured above nine in ten.
	Preview bool

	// OnDemand rules are refactorings: offered where they apply, never
	// reported as a diagnostic.
	OnDemand bool

	// ByTest says that a run of the test around a finding can tell whether a
	// review fix in that test is right: it waits for what the sleep was for. Outside
	// tests, those that execute all that the fix touches can.
	ByTest bool

	// Run reports what the rule finds in one package. It must not modify the
	// package and must be cheap: edits are made when a fix is resolved.
	Run func(*Package) []Finding

	// Audit takes the place of Run in a rule that reports directives which ignore
	// nothing: it gets those of the package after the other rules have run. What
	// it reports cannot be ignored in turn.
	Audit func(*Package, []Directive) []Finding

	// Prove, if not nil, looks at a package before and after a fix of the rule
	// that compiles (the latter as [Package.Try] makes it), and returns why the
	// fix must not be made all the same, or [Unproved].
	Prove func(before, after *Package, edits []Edit) error
}

// Summary returns the first sentence of the rule's README, without the heading.
func (r *Rule) Summary() string {
	for line := range strings.Lines(r.Doc) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		return line
	}
	return ""
}

// Batched reports whether the rule takes part in what looks at whole packages
// without naming rules: the command line, vet, fix-all. Hints are shown where
// somebody is at work; they fail no build, and are no reason to touch every use
// of a channel in a program.
func (r *Rule) Batched() bool { return !r.Preview && !r.OnDemand && r.Severity != Hint }

// Section returns the body of the README section with the given heading (for
// example "Why"), or "" if there is none.
func (r *Rule) Section(heading string) string {
	_, rest, ok := strings.Cut("\n"+r.Doc, "\n## "+heading+"\n")
	if !ok {
		return ""
	}
	body, _, _ := strings.Cut(rest, "\n## ")
	return strings.TrimSpace(body)
}

// Severity says how sure a finding is to be a mistake. The values follow
// gopls' policy: a warning is a likely bug, an info is something that the
// author probably did not mean, a hint is merely a better way.
type Severity int

const (
	Warning Severity = iota
	Info
	Hint
)

var severities = [...]string{"warning", "info", "hint"}

func (s Severity) String() string { return severities[s] }

// MarshalText returns the name of the severity.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText accepts the name of a severity.
func (s *Severity) UnmarshalText(text []byte) error {
	i := slices.Index(severities[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is none of warning, info and hint", text)
	}
	*s = Severity(i)
	return nil
}

// Safety says whether a fix may be applied without being read.
type Safety int

const (
	// Safe fixes keep the observable behaviour and every comment. Only they
	// are preferred, join fix-all and are applied without -unsafe.
	Safe Safety = iota
	// Review fixes can change timing, blocking or an API; Fix.Reason says what.
	Review
)

func (s Safety) String() string {
	return [...]string{"safe", "review"}[s]
}

// A Span is a range of bytes in a file.
type Span struct {
	File       string // absolute path
	Start, End int    // byte offsets, End exclusive
}

// Related points at a place that explains a finding: the spawn that a sleep
// follows, the effect that it waits for.
type Related struct {
	Span
	Message string
}

// A Finding is one place where a rule applies.
type Finding struct {
	Rule     *Rule
	Span     Span   // never empty
	Message  string // one line, at most 100 characters
	Related  []Related
	Fixes    []Fix      // alternatives, the best first; at most one is applied
	Withheld []Withheld // what was considered and not offered, and why
}

// A Fix is one way to remove a finding. It carries a function, not edits:
// listing fixes is cheap, [Package.Resolve] does the work.
type Fix struct {
	Title  string // a verb phrase: "Replace time.Sleep with started channel"
	Safety Safety
	Reason string // what a reviewer has to look at; empty if Safe

	// Make computes the edits. An error is the reason why the fix cannot be
	// made after all.
	Make func() ([]Edit, error)

	rule *Rule // set by Analyze
}

// Prove returns why the fix must not be made although its edits, which turn the
// package before into the package after, compile; nil if nothing speaks against
// it.
func (f *Fix) Prove(before, after *Package, edits []Edit) (err error) {
	if f.rule == nil || f.rule.Prove == nil {
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("internal error: %v", v)
		}
	}()
	err = f.rule.Prove(before, after, edits)
	if errors.As(err, new(Unproved)) && f.Safety != Safe {
		return nil // whoever reviews the fix is the judge
	}
	return err
}

// Unproved is what a proof returns that came to no end: not known to be wrong. A
// fix that claims to be [Safe] is not made then, unless reviews are made too.
type Unproved struct{ Reason string }

func (u Unproved) Error() string { return "not proved: " + u.Reason }

// Label returns the title with the reason in parentheses, as shown to users.
func (f *Fix) Label() string {
	if f.Reason == "" {
		return f.Title
	}
	return fmt.Sprintf("%s (%s)", f.Title, f.Reason)
}

// Withheld is a fix that was considered and not offered.
type Withheld struct {
	Title  string
	Reason string
}

// An Edit replaces a range of bytes in a file.
type Edit struct {
	Span
	New string
}
