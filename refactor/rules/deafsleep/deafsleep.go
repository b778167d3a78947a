// Package deafsleep finds sleeps between the rounds of a loop that do not end
// when the goroutine is told to stop.
package deafsleep

import (
	_ "embed"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/version"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule reports a sleep in a loop or a retry with a context or a stop channel in
// its reach:
//
//	time.Sleep(d)          =>    select {
//	                             case <-ctx.Done():
//	                                 return ctx.Err()
//	                             case <-time.After(d):
//	                             }
//
// What is done on stop is what the loop does elsewhere when it sees the signal,
// so that nothing happens but earlier; or, where nothing looks at it yet, the
// return that the results of the function call for.
var Rule = &refactor.Rule{Name: "deafsleep", Doc: readme, Severity: refactor.Hint, Preview: true, Run: run, Prove: prove.Rewrite}

func run(pkg *refactor.Package) []refactor.Finding {
	var out []refactor.Finding
	for _, d := range chanflow.Of(pkg).DeafSleeps() {
		s := &site{Deaf: d, pkg: pkg}
		out = append(out, s.finding())
	}
	return out
}

// A site is a sleep that is looked at.
type site struct {
	*chanflow.Deaf
	pkg *refactor.Package
}

const title = "Wake on stop while sleeping"

func (s *site) finding() refactor.Finding {
	span := func(n ast.Node) refactor.Span { return s.pkg.Span(n.Pos(), n.End()) }
	sleep := s.pkg.FileOf(s.Sleep.Call.Pos()).Text(s.Sleep.Call.Fun.Pos(), s.Sleep.Call.Fun.End())
	f := refactor.Finding{
		Span:    span(s.Sleep.Stmt),
		Message: fmt.Sprintf("%s goes on when %s", sleep, s.event()),
	}
	if len(f.Message) > 100 {
		f.Message = "the sleep goes on when its goroutine is told to stop"
	}
	if s.Heard != nil {
		f.Related = []refactor.Related{{Span: span(s.Heard), Message: "the stop signal is looked at here"}}
	} else if pos := s.Signal.Pos(); s.pkg.FileOf(pos) != nil {
		f.Related = []refactor.Related{{Span: s.pkg.Span(pos, pos+1), Message: "the stop signal"}}
	}
	if s.Withheld != "" {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: s.Withheld}}
		return f
	}
	f.Fixes = []refactor.Fix{{Title: title, Safety: refactor.Review, Reason: s.reason(), Make: s.wake}}
	return f
}

// event says what the sleep does not notice.
func (s *site) event() string {
	if s.Context {
		return strings.TrimSuffix(s.From, ".Done()") + " is done"
	}
	return s.From + " is closed"
}

func (s *site) reason() string {
	_, repeatsBreak := s.Repeat.(*ast.BranchStmt)
	switch {
	case s.Leave == chanflow.Wakes:
		return "wakes early on stop"
	case s.Leave == chanflow.Breaks || repeatsBreak:
		return "leaves the loop early on stop"
	}
	return "returns early on stop"
}

// wake writes a select on the signal and the time. Before Go 1.23 the garbage
// collector did not free a timer that is still running, so it is stopped.
func (s *site) wake() ([]refactor.Edit, error) {
	b := edit.New(s.pkg)
	pos := s.Sleep.Stmt.Pos()
	answer, err := s.answer(b)
	if err != nil {
		return nil, err
	}
	pkg, d := b.Import(pos, "time"), s.duration(b, s.For)
	cases := "select {\ncase <-" + s.From + ":%s" + answer + "\ncase <-%s:\n}"
	if v := s.Sleep.Fn.File.GoVersion; v != "" && version.Compare(v, "go1.23") >= 0 {
		b.ReplaceNode(s.Sleep.Stmt, fmt.Sprintf(cases, "", fmt.Sprintf("%s.After(%s)", pkg, d)))
	} else {
		timer := b.Fresh(pos, "timer")
		cases = fmt.Sprintf("%s := %s.NewTimer(%s)\n", timer, pkg, d) + fmt.Sprintf(cases, "\n\t"+timer+".Stop()", timer+".C")
		b.ReplaceNode(s.Sleep.Stmt, cases)
	}
	return b.Edits()
}

// duration returns the source of the expression for how long is slept. What a
// function of the package that sleeps makes of its argument is written out: a
// literal needs no conversion there, other arguments their parentheses.
func (s *site) duration(b *edit.Builder, e ast.Expr) string {
	if s.Param == nil {
		return b.Text(e)
	}
	arg := s.Sleep.Call.Args[0]
	lit, literal := ast.Unparen(arg).(*ast.BasicLit)
	literal = literal && lit.Kind == token.INT
	isParam := func(e ast.Expr) bool {
		id, ok := ast.Unparen(e).(*ast.Ident)
		return ok && s.pkg.Info.Uses.Of(id) == s.Param
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		return "(" + s.duration(b, e.X) + ")"
	case *ast.BinaryExpr:
		return s.duration(b, e.X) + " " + e.Op.String() + " " + s.duration(b, e.Y)
	case *ast.CallExpr:
		if isParam(e.Args[0]) {
			if literal {
				return b.Text(arg)
			}
			return s.duration(b, e.Fun) + "(" + b.Text(arg) + ")"
		}
		return s.duration(b, e.Fun) + "(" + s.duration(b, e.Args[0]) + ")"
	case *ast.SelectorExpr:
		return b.Import(s.Sleep.Stmt.Pos(), "time") + "." + e.Sel.Name
	case *ast.Ident:
		if _, binary := ast.Unparen(arg).(*ast.BinaryExpr); isParam(e) && binary && s.For != ast.Expr(e) {
			return "(" + b.Text(arg) + ")"
		} else if isParam(e) {
			return b.Text(arg)
		}
	}
	return b.Text(e)
}

// answer returns what is done when the signal comes, on lines of its own.
func (s *site) answer(b *edit.Builder) (string, error) {
	switch s.Leave {
	case chanflow.Repeats:
		return "\n\t" + strings.ReplaceAll(b.Text(s.Repeat), "\n", "\n\t"), nil
	case chanflow.Returns:
		ctx := strings.TrimSuffix(s.From, ".Done()")
		return strings.TrimRight("\n\treturn "+strings.ReplaceAll(strings.Join(s.Results, ", "), "$ctx", ctx), " "), nil
	case chanflow.Breaks:
		label, err := s.label(b)
		return "\n\tbreak " + label, err
	}
	return "", nil
}

// label returns the label of the loop that is left, which gets one if it has
// none: in a select, a break without a label leaves only that.
func (s *site) label(b *edit.Builder) (string, error) {
	var found *ast.LabeledStmt
	ast.Inspect(s.Sleep.Fn.Body, func(n ast.Node) bool {
		if l, ok := n.(*ast.LabeledStmt); ok && l.Stmt == s.Loop {
			found = l
		}
		return found == nil
	})
	if found != nil {
		return found.Label.Name, nil
	}
	if s.Loop == nil {
		return "", errors.New("there is no loop to leave")
	}
	name := b.Fresh(s.Loop.Pos(), "loop")
	b.InsertBefore(s.Loop, name+":")
	return name, nil
}
