// Package sleepstart finds sleeps that guess when a goroutine has started, and
// replaces them by a channel that tells.
package sleepstart

import (
	_ "embed"
	"fmt"
	"go/ast"
	"regexp"
	"slices"

	"handshake/refactor"
	"handshake/refactor/bubble"
	"handshake/refactor/chanflow"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule reports a sleep between starting a goroutine and relying on what it has
// set up.
var Rule = &refactor.Rule{Name: "sleepstart", Doc: readme, Severity: refactor.Warning, ByTest: true, Run: run, Prove: prove.Rewrite}

func run(pkg *refactor.Package) []refactor.Finding {
	m := chanflow.Of(pkg)
	var out []refactor.Finding
	for _, g := range m.Guesses() {
		s := &site{Guess: g, m: m, pkg: pkg}
		var f refactor.Finding
		switch g.Event {
		case chanflow.Started:
			f = s.started()
		case chanflow.Listening:
			f = s.listening()
		case chanflow.Parked:
			f = s.parked()
		case chanflow.Received:
			f = s.received()
		case chanflow.Inside:
			f = s.inside()
		case chanflow.Running:
			f = s.running()
		default:
			continue // another rule's
		}
		f.Span = pkg.Span(g.Sleep.Stmt.Pos(), g.Sleep.Stmt.End())
		f.Related = append(f.Related, s.Related("it sets up %s here", "which is relied upon here")...)
		bubble.Offer(pkg, g.Sleep, &f)
		out = append(out, f)
	}
	return out
}

// A site is a sleep that is looked at, with what it waits for.
type site struct {
	*chanflow.Guess
	m   *chanflow.Model
	pkg *refactor.Package

	common *chanflow.Common // holds the channel in a field, or nil
}

// spawn returns the one goroutine of the site.
func (s *site) spawn() *chanflow.Spawn { return s.Spawns[0] }

// covers returns the reason for a review where the sleep may wait for more than
// the goroutine in question.
func (s *site) covers() (refactor.Safety, string) {
	starts := slices.ContainsFunc(s.Spawns, func(sp *chanflow.Spawn) bool { return sp.Body != nil && len(sp.Body.Starts()) > 0 })
	if s.Exclusive && !starts {
		return refactor.Safe, ""
	}
	return refactor.Review, "another goroutine may rely on the sleep"
}

// received offers to delete a sleep before a rendezvous with the goroutine.
//
//	go func() { for v := range in {…} }()
//	time.Sleep(d)
//	in <- 1
//
// The channel is unbuffered in all its life, so the operation behind the sleep
// returns no earlier than the goroutine takes part in it: with the sleep or
// without.
func (s *site) received() refactor.Finding {
	safety, reason := s.covers()
	return refactor.Finding{
		Message: fmt.Sprintf("%s is not needed: the %s behind it waits for the goroutine", s.Sleep.Name(), s.Next.Kind),
		Fixes:   []refactor.Fix{{Title: "Remove " + s.Sleep.Name(), Safety: safety, Reason: reason, Make: s.remove}},
	}
}

// inside reports a sleep until the goroutine is blocked in a call. A started
// channel, closed right before the call, proves nothing of that.
func (s *site) inside() refactor.Finding {
	call := s.called()
	guess, reason, there := "that the goroutine is blocked in", "it would prove that the goroutine is about to call "+call+", not that it is blocked there", "it blocks here"
	if s.Told != nil {
		told := s.pkg.FileOf(s.Told.Node.Pos()).Text(s.Told.Node.Pos(), s.Told.Node.End())
		guess, reason, there = "how far the goroutine is in", told+" tells already that the goroutine is about to call "+call, "it is in here"
	}
	return refactor.Finding{
		Message:  fmt.Sprintf("%s only guesses %s %s", s.Sleep.Name(), guess, call),
		Withheld: []refactor.Withheld{{Title: fmt.Sprintf("Replace %s with started channel", s.Sleep.Name()), Reason: reason}},
		Related:  []refactor.Related{{Span: s.pkg.Span(s.Blocking.Pos(), s.Blocking.End()), Message: there}},
	}
}

// served matches what methods are called that run a server or worker.
var served = regexp.MustCompile(`^(?i:serve|run|listen|start|open|loop|main|work)|(Serve|Run|Loop|Worker|Listen|Start|Routine)`)

// running reports a sleep until a server or worker is up, of whose start the
// package knows nothing.
func (s *site) running() refactor.Finding {
	call := s.called()
	guess := "%s only guesses how far the goroutine is in %s"
	if served.MatchString(s.m.Static(s.Blocking).Name()) {
		guess = "%s only guesses that %s is up"
	}
	return refactor.Finding{
		Message: fmt.Sprintf(guess, s.Sleep.Name(), call),
		Withheld: []refactor.Withheld{{
			Title:  fmt.Sprintf("Replace %s with started channel", s.Sleep.Name()),
			Reason: "it would prove that the goroutine is about to call " + call + ", not what that has set up",
		}},
		Related: []refactor.Related{{Span: s.pkg.Span(s.Blocking.Pos(), s.Blocking.End()), Message: "it stays here"}},
	}
}

// called returns the name of the call that the goroutine stays in.
func (s *site) called() string {
	return s.text(s.Blocking)
}

// text returns what a call calls, as it is written if that is short.
func (s *site) text(call *ast.CallExpr) string {
	if text := s.pkg.FileOf(call.Fun.Pos()).Text(call.Fun.Pos(), call.Fun.End()); len(text) <= 30 {
		return text
	}
	if f := s.m.Static(call); f != nil {
		return f.Name()
	}
	return "a function"
}
