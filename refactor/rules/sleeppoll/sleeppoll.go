// Package sleeppoll finds loops that sleep until a goroutine has written a
// variable, and lets the goroutine tell.
package sleeppoll

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/token"
	"strings"
	"time"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule reports a loop that sleeps until a variable has the value that one
// goroutine in sight gives it, once:
//
//	for !ready.Load() {          =>  <-started
//		time.Sleep(d)
//	}
//
// where the goroutine closes the new channel right behind its write. The loop
// ends with that write and no other, so the channel is closed when the loop
// would have ended at the next look; it is made where the goroutine is started,
// one for each, and the write runs once, so it is closed once.
var Rule = &refactor.Rule{Name: "sleeppoll", Doc: readme, Severity: refactor.Info, ByTest: true, Run: run, Prove: prove.Rewrite}

func run(pkg *refactor.Package) []refactor.Finding {
	m := chanflow.Of(pkg)
	var out []refactor.Finding
	for _, p := range m.Polls() {
		s := &site{Poll: p, m: m, pkg: pkg}
		out = append(out, s.finding())
	}
	return out
}

// A site is a loop that is looked at.
type site struct {
	*chanflow.Poll
	m   *chanflow.Model
	pkg *refactor.Package
}

const title = "Wait on a channel instead of polling"

func (s *site) finding() refactor.Finding {
	span := func(n ast.Node) refactor.Span { return s.pkg.Span(n.Pos(), n.End()) }
	f := refactor.Finding{
		Span:    span(s.Sleep.Stmt),
		Message: fmt.Sprintf("the loop polls %s, which one goroutine sets: it can tell by a channel", s.text(s.Read)),
		Related: []refactor.Related{{Span: span(s.Read), Message: "the loop looks at it here"}},
	}
	if s.Field != nil {
		f.Message = fmt.Sprintf("the loop polls %s, which one statement sets: it can tell by a channel", s.text(s.Read))
		f.Related = append(f.Related, refactor.Related{Span: span(s.Write), Message: "the field is set here"})
	} else {
		f.Related = append(f.Related,
			refactor.Related{Span: s.pkg.Span(s.Spawn.Head()), Message: "the goroutine starts here"},
			refactor.Related{Span: span(s.Write), Message: "it sets the variable here"})
	}
	if len(f.Message) > 100 {
		f.Message = "the loop polls what one goroutine sets: it can tell by a channel"
	}
	if s.Withheld != "" {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: s.Withheld}}
		return f
	}
	f.Fixes = []refactor.Fix{{Title: title, Safety: refactor.Review, Reason: s.reason(), Make: s.channel}}
	return f
}

func (s *site) reason() string {
	if s.Field != nil {
		return s.Field.Owner.Name() + " gets a channel, for which the loop waits"
	}
	if s.Times != nil || s.Until != nil {
		return "waits until it is told or time is up"
	}
	return "waits until it is told"
}

func (s *site) text(n ast.Node) string { return s.pkg.FileOf(n.Pos()).Text(n.Pos(), n.End()) }

// channel writes
//
//	var ready atomic.Bool            var ready atomic.Bool
//	go func() {                      started := make(chan struct{})
//		setUp()                      go func() {
//		ready.Store(true)        =>      setUp()
//		…                                ready.Store(true)
//	}()                                  close(started)
//	for !ready.Load() {                  …
//		time.Sleep(d)                }()
//	}                                <-started
//
// A variable that nothing else looks at becomes the channel itself.
func (s *site) channel() ([]refactor.Edit, error) {
	b := edit.New(s.pkg)
	if s.Field != nil {
		s.fieldChannel(b)
		return b.Edits()
	}
	name := s.Var.Name()
	if s.Decl == nil || !s.Flag {
		name = b.Fresh(s.Loop.Pos(), s.names()...)
	}
	if s.Decl == nil {
		b.InsertBefore(s.Spawn.Stmt, name+" := make(chan struct{})")
	} else {
		b.ReplaceNode(s.Decl, name+" := make(chan struct{})")
	}
	tell := "close(" + s.inside(b, name) + ")"
	switch {
	case s.Decl == nil:
		b.InsertAfter(s.Told, tell)
	case s.Told == s.Write:
		b.ReplaceNode(s.Write, tell)
	default:
		b.DeleteStmt(s.Write)
		b.InsertAfter(s.Told, tell)
	}
	s.wait(b, "<-"+name)
	return b.Edits()
}

// wait replaces the loop by the receive, with a way out where the loop has one.
func (s *site) wait(b *edit.Builder, wait string) {
	if after, late := s.bound(b), s.late(b); after != "" {
		wait = fmt.Sprintf("select {\ncase %s:\ncase <-%s.After(%s):%s\n}", wait, b.Import(s.Loop.Pos(), "time"), after, late)
	}
	b.ReplaceNode(s.Loop, wait)
}

// inside returns the name that the channel has in the goroutine: that of a new
// parameter of a function that is declared.
func (s *site) inside(b *edit.Builder, name string) string {
	if s.Spawn.Lit() != nil {
		return name
	}
	inner := b.Fresh(s.Write.Pos(), append([]string{name}, s.names()...)...)
	b.AddParam(s.Spawn.Body.Type, inner+" chan<- struct{}")
	b.AddArg(s.Spawn.Call, name)
	return inner
}

// names returns what to call a channel that tells that the variable is set.
func (s *site) names() []string {
	name := strings.ToLower(s.Var.Name())
	for _, word := range []string{"start", "run", "up", "open", "listen", "init"} {
		if strings.Contains(name, word) {
			return []string{"ready"}
		}
	}
	if strings.Contains(name, "ready") {
		return []string{"started"}
	}
	return []string{"done", "signaled"}
}

// bound returns how long the loop waits at most, or "".
func (s *site) bound(b *edit.Builder) string {
	switch {
	case s.Until != nil:
		return fmt.Sprintf("%s.Until(%s)", b.Import(s.Loop.Pos(), "time"), b.Text(s.Until))
	case s.Times == nil:
		return ""
	}
	d := operand(s.Sleep.Arg, b.Text(s.Sleep.Arg))
	value := s.pkg.Info.Types.Of(s.Times).Value
	if value == nil {
		return fmt.Sprintf("%s.Duration(%s) * %s", b.Import(s.Loop.Pos(), "time"), b.Text(s.Times), d)
	}
	if lit, ok := ast.Unparen(s.Times).(*ast.BasicLit); ok && s.Sleep.Duration > 0 {
		var n int64
		if _, err := fmt.Sscan(lit.Value, &n); err == nil && n > 0 && n < int64(24*time.Hour/s.Sleep.Duration) {
			return duration(time.Duration(n)*s.Sleep.Duration, b.Import(s.Loop.Pos(), "time"))
		}
	}
	return operand(s.Times, b.Text(s.Times)) + " * " + d
}

// operand returns the text of an expression as an operand of *.
func operand(e ast.Expr, text string) string {
	if bin, ok := e.(*ast.BinaryExpr); ok && bin.Op != token.MUL {
		return "(" + text + ")"
	}
	return text
}

// duration returns a constant duration as Go source.
func duration(d time.Duration, pkg string) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Minute, "Minute"}, {time.Second, "Second"}, {time.Millisecond, "Millisecond"}, {time.Microsecond, "Microsecond"}} {
		switch n := d / u.unit; {
		case d%u.unit != 0:
		case n == 1:
			return pkg + "." + u.name
		default:
			return fmt.Sprintf("%d * %s.%s", n, pkg, u.name)
		}
	}
	return fmt.Sprintf("%d * %s.Nanosecond", d, pkg)
}

// late returns what the loop does when time is up, on lines of its own.
func (s *site) late(b *edit.Builder) string {
	text := ""
	for _, st := range s.Late {
		text += "\n" + strings.ReplaceAll("\t"+b.Text(st), "\n", "\n\t")
	}
	return text
}
