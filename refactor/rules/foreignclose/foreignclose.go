// Package foreignclose finds receivers that close a channel under its senders.
package foreignclose

import (
	_ "embed"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule moves the close of a channel from its receiver to its one sender:
//
//	defer close(ch)                   go func() {
//	go func() {                       	defer close(ch)
//		ch <- work()         =>   	ch <- work()
//	}()                               }()
//
// The sender sends nothing after it has closed. The receiver and all others that
// receive see the channel closed when nothing can come any more.
var Rule = &refactor.Rule{Name: "foreignclose", Doc: readme, Severity: refactor.Warning, Run: run, Prove: prove.Rewrite}

const title = "Move close to the sender"

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, c := range chanflow.Of(pkg).ForeignCloses() {
		f := refactor.Finding{
			Span:    pkg.Span(c.Op.Node.Pos(), c.Op.Node.End()),
			Message: "a receiver closes this channel: a goroutine that still sends on it panics",
			Related: []refactor.Related{{Span: pkg.Span(c.Send.Node.Pos(), c.Send.Node.End()), Message: "this send may come later"}},
		}
		at := refactor.Related{Span: pkg.Span(c.At.Pos(), c.At.End()), Message: "the receiver can leave here, before all is sent"}
		switch {
		case c.Type:
			at.Message = "the goroutine that receives and closes is started here"
		case c.Body != nil && c.At.Pos() > c.Body.Body.Pos() && c.At.End() < c.Body.Body.End():
			at.End, at.Message = at.Start+3, "it sends without end"
		}
		f.Related = append(f.Related, at)
		if c.Withheld != "" {
			f.Withheld = []refactor.Withheld{{Title: title, Reason: c.Withheld}}
		} else {
			f.Fixes = []refactor.Fix{{
				Title: title, Safety: refactor.Review, Reason: "it is closed when the sender ends",
				Make: func() ([]refactor.Edit, error) {
					b := edit.New(pkg)
					b.InsertFirst(c.Body.Body, "defer "+b.Text(c.Op.Node))
					b.DeleteStmt(c.Op.Stmt())
					return b.Edits()
				},
			}}
		}
		found = append(found, f)
	}
	return found
}
