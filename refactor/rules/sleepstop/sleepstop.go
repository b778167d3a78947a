// Package sleepstop finds sleeps that guess that a goroutine has stopped.
package sleepstop

import (
	_ "embed"
	"fmt"
	"go/ast"

	"handshake/refactor"
	"handshake/refactor/bubble"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/prove"
	"handshake/refactor/rules/nostopped"
)

//go:embed README.md
var readme string

// Rule is the rule.
var Rule = &refactor.Rule{Name: "sleepstop", Doc: readme, Severity: refactor.Warning, ByTest: true, Run: run, Prove: prove.Rewrite}

func run(pkg *refactor.Package) []refactor.Finding {
	m := chanflow.Of(pkg)
	var out []refactor.Finding
	for _, s := range m.Sleeps {
		if g := m.GuessStop(s); g != nil {
			f := finding(pkg, g)
			bubble.Offer(pkg, s, &f)
			out = append(out, f)
		}
	}
	return out
}

func finding(pkg *refactor.Package, g *chanflow.StopGuess) refactor.Finding {
	text := func(n ast.Node) string { return pkg.FileOf(n.Pos()).Text(n.Pos(), n.End()) }
	sleep, signal := text(g.Sleep.Call.Fun), text(g.Signal.Node)
	f := refactor.Finding{
		Span:    pkg.Span(g.Sleep.Stmt.Pos(), g.Sleep.Stmt.End()),
		Message: fmt.Sprintf("%s guesses that the goroutine has stopped after %s", sleep, signal),
		Related: []refactor.Related{{Span: pkg.Span(g.Signal.Node.Pos(), g.Signal.Node.End()), Message: "it is told to stop here"}},
	}
	if g.Confirm == nil {
		f.Message = fmt.Sprintf("%s waits for nothing: %s returns when the goroutine has stopped", sleep, signal)
	}
	if len(f.Message) > 100 {
		f.Message = sleep + " guesses that the goroutine has stopped"
	}
	if g.Confirm == nil {
		f.Fixes = []refactor.Fix{{
			Title:  "Remove " + sleep,
			Safety: refactor.Review,
			Reason: "the goroutine has stopped by then",
			Make: func() ([]refactor.Edit, error) {
				b := edit.New(pkg)
				drop(b, pkg, g)
				return b.Edits()
			},
		}}
		return f
	}
	f.Related = append(f.Related, nostopped.Related(pkg, g.Confirm)...)
	title := title(sleep, g)
	if g.Confirm.Withheld != "" {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: g.Confirm.Withheld}}
		return f
	}
	f.Fixes = []refactor.Fix{{
		Title:  title,
		Safety: refactor.Review,
		Reason: nostopped.Reason(g.Confirm),
		Make:   func() ([]refactor.Edit, error) { return replace(pkg, g) },
	}}
	return f
}

func title(sleep string, g *chanflow.StopGuess) string {
	with := "stopped channel"
	if g.Confirm.Group {
		with = "sync.WaitGroup"
	}
	if g.Signal != g.Confirm.Stop.Op {
		return fmt.Sprintf("Replace %s with %s in %s", sleep, with, g.Confirm.Stop.Op.Fn.Decl.Name.Name)
	}
	return fmt.Sprintf("Replace %s with %s", sleep, with)
}

// replace puts the wait for the goroutine where the sleep is, or into the stop
// method that was called before it.
func replace(pkg *refactor.Package, g *chanflow.StopGuess) ([]refactor.Edit, error) {
	b := edit.New(pkg)
	sleep := g.Sleep.Stmt
	after := g.Confirm.After
	err := nostopped.Confirm(b, pkg, g.Confirm, func(code string) {
		if g.Signal == g.Confirm.Stop.Op && after.Pos() < sleep.Pos() {
			b.ReplaceNode(sleep, code)
			return
		}
		drop(b, pkg, g)
		b.InsertAfter(after, code)
	})
	if err != nil {
		return nil, err
	}
	return b.Edits()
}

// drop deletes the sleep. Its comments go to the signal, behind which the
// goroutine has stopped.
func drop(b *edit.Builder, pkg *refactor.Package, g *chanflow.StopGuess) {
	if heir := chanflow.Of(pkg).Heir(g.Sleep, g.Signal.Node); heir != nil {
		b.DeleteStmtFor(g.Sleep.Stmt, heir, chanflow.SpeaksOfWait)
	} else {
		b.DeleteStmt(g.Sleep.Stmt)
	}
}
