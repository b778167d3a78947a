// Package localchan finds channels that a goroutine makes too late for others.
package localchan

import (
	_ "embed"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule makes the channel before the goroutine starts that made it:
//
//	var done chan struct{}               done := make(chan struct{})
//	go func() {                          go func() {
//		done = make(chan struct{})   =>  	defer close(done)
//		defer close(done)            	work()
//		work()                       }()
//	}()                              <-done
//	<-done
//
// The goroutine made it once, on every way, in a room that is constant, and did
// not look at the variable before: for it nothing changes. The others no longer
// find nil there.
var Rule = &refactor.Rule{Name: "localchan", Doc: readme, Severity: refactor.Warning, Run: run, Prove: prove.Rewrite}

const title = "Make the channel in the caller"

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, l := range chanflow.Of(pkg).LateMakes() {
		pos, end := l.Spawn.Head()
		f := refactor.Finding{
			Span:    pkg.Span(l.Stmt.Pos(), l.Stmt.End()),
			Message: "the goroutine makes this channel: others may find it nil still, and wait for ever",
			Related: []refactor.Related{
				{Span: pkg.Span(pos, end), Message: "the goroutine is started here"},
				{Span: pkg.Span(l.Use.Node.Pos(), l.Use.Node.End()), Message: "the channel may not be made yet"},
			},
		}
		if l.Use.Kind == chanflow.Close {
			f.Message = "the goroutine makes this channel: who closes it may find it nil still, and panic"
		}
		if l.Withheld != "" {
			f.Withheld = []refactor.Withheld{{Title: title, Reason: l.Withheld}}
		} else {
			f.Fixes = []refactor.Fix{{Title: title, Make: func() ([]refactor.Edit, error) { return move(pkg, l) }}}
		}
		found = append(found, f)
	}
	return found
}

func move(pkg *refactor.Package, l *chanflow.LateMake) ([]refactor.Edit, error) {
	b := edit.New(pkg)
	code := b.Text(l.Make.Node)
	b.DeleteStmt(l.Stmt)
	name := l.Make.Ref.Obj.Name()
	switch {
	case l.Decl == nil:
		b.InsertBefore(l.Spawn.Stmt, l.Base+"."+name+" = "+code)
	case l.Only:
		b.ReplaceNode(l.Decl, name+" := "+code)
	default:
		b.InsertAfter(l.Decl, name+" = "+code)
	}
	return b.Edits()
}
