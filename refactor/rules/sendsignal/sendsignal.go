// Package sendsignal finds sends that should be a close.
package sendsignal

import (
	_ "embed"
	"fmt"
	"go/ast"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule closes a stop channel instead of sending on it:
//
//	stop <- struct{}{}   =>   close(stop)
//
// A close does not wait, so that it comes through whether the receiver has left
// or is busy, and every receiver hears it. Nobody looks at the value, nobody
// else sends on the channel or closes it, and a second run of the function
// that closes is caught by a sync.Once.
var Rule = &refactor.Rule{Name: "sendsignal", Doc: readme, Severity: refactor.Warning, Preview: true, Run: run, Prove: prove.Rewrite}

const title = "Close instead of send"

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, s := range chanflow.Of(pkg).SignalSends() {
		found = append(found, finding(pkg, s))
	}
	return found
}

func finding(pkg *refactor.Package, s *chanflow.SignalSend) refactor.Finding {
	f := refactor.Finding{
		Span: pkg.Span(s.Op.Node.Pos(), s.Op.Node.End()),
		Related: []refactor.Related{
			{Span: pkg.Span(s.Recv.Node.Pos(), s.Recv.Node.End()), Message: "the receiver"},
		},
	}
	at := refactor.Related{Span: pkg.Span(s.At.Pos(), s.At.End())}
	switch s.Why {
	case chanflow.Locked:
		f.Message = fmt.Sprintf("this stop signal waits for a receiver that may wait for %s, which is held here", s.Lock)
		at.Message = "it takes the lock here"
	case chanflow.Several:
		f.Message = "this stop signal reaches only one of the goroutines"
		at.Message = "they are started here"
	default:
		f.Message = "this stop signal blocks for ever if the receiver has left already"
		at.Message = "it can leave here"
	}
	if len(f.Message) > 100 {
		f.Message = "this stop signal waits for a receiver that may wait for a lock which is held here"
	}
	f.Related = append(f.Related, at)
	if s.Withheld != "" {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: s.Withheld}}
		return f
	}
	reason := "no longer waits for the receiver"
	if s.Once {
		reason += "; the channel stays closed"
	}
	f.Fixes = []refactor.Fix{{
		Title: title, Safety: refactor.Review, Reason: reason,
		Make: func() ([]refactor.Edit, error) { return closes(pkg, s) },
	}}
	return f
}

// closes writes the close, and the sync.Once that guards it.
func closes(pkg *refactor.Package, s *chanflow.SignalSend) ([]refactor.Edit, error) {
	b := edit.New(pkg)
	send := s.Op.Node.(*ast.SendStmt)
	ch := b.Text(send.Chan)
	if !s.Once {
		b.ReplaceNode(send, "close("+ch+")")
		return b.Edits()
	}
	sel, ok := ast.Unparen(send.Chan).(*ast.SelectorExpr)
	if !ok {
		return nil, fmt.Errorf("%s is not a field of a variable", ch)
	}
	once := b.FreshField(s.Owner.Type(), sel.Sel.Name+"Once")
	st, literals := chanflow.Of(pkg).Layout(s.Owner)
	for _, lit := range literals {
		last := lit.Elts[len(lit.Elts)-1]
		b.Insert(last.End(), ", "+b.Import(lit.Pos(), "sync")+".Once{}")
	}
	b.AddField(st, "", once+" "+b.Import(st.Pos(), "sync")+".Once")
	b.ReplaceNode(send, fmt.Sprintf("%s.%s.Do(func() { close(%s) })", b.Text(sel.X), once, ch))
	return b.Edits()
}
