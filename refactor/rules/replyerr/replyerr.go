// Package replyerr offers to send the value and the error of a reply together.
package replyerr

import (
	_ "embed"
	"errors"
	"fmt"
	"go/ast"
	"slices"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule makes one channel of two that carry halves of a reply:
//
//	values <- v        replies <- reply{value: v}
//	errs <- err   =>   replies <- reply{err: err}
//
// One goroutine sends, once: on either channel, with an error that is not nil,
// where one select receives both; or on both, one right after the other, where
// both are received. So each send of the one channel meets the receive that
// its half met before, and nothing can come between the halves.
var Rule = &refactor.Rule{Name: "replyerr", Doc: readme, OnDemand: true, Severity: refactor.Hint, Run: run, Prove: prove.Rewrite}

const title = "Pair value and error in one reply"

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, p := range chanflow.Of(pkg).ErrPairs() {
		found = append(found, finding(pkg, p))
	}
	return found
}

func finding(pkg *refactor.Package, p *chanflow.ErrPair) refactor.Finding {
	decl := p.Err.Make.Stmt()
	f := refactor.Finding{
		Span:    pkg.Span(decl.Pos(), decl.End()),
		Message: "sends value and error of a reply together, on one channel",
		Related: []refactor.Related{{Span: pkg.Span(p.Value.Make.Node.Pos(), p.Value.Make.Node.End()), Message: "the value travels here"}},
	}
	if p.Withheld != "" {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: p.Withheld}}
		return f
	}
	fix := refactor.Fix{Title: title, Make: func() ([]refactor.Edit, error) { return pair(pkg, p) }}
	switch {
	case !p.Either:
		fix.Safety, fix.Reason = refactor.Review, "both halves arrive at once"
	case room(pkg, p) > min(capacity(pkg, p.Value), capacity(pkg, p.Err)):
		fix.Safety, fix.Reason = refactor.Review, "sender no longer waits"
	}
	f.Fixes = []refactor.Fix{fix}
	return f
}

// capacity returns how many replies the channel has room for, at most the one
// that comes.
func capacity(pkg *refactor.Package, c *chanflow.Chan) int {
	n, ok := chanflow.Of(pkg).MakeCap(c.Make.Node.(*ast.CallExpr))
	if ok && n == 0 {
		return 0
	}
	return 1
}

// room returns the capacity of the channel that carries both: 1, so that a
// sender is not left behind, if one of the two has room, or the receiver may
// leave by another case.
func room(pkg *refactor.Package, p *chanflow.ErrPair) int {
	if sel := p.Value.Recvs[0].Select; sel != nil && len(sel.Body.List) > 2 {
		return 1
	}
	return max(capacity(pkg, p.Value), capacity(pkg, p.Err))
}

// A writer puts the two channels together.
type writer struct {
	*edit.Builder
	pkg         *refactor.Package
	pair        *chanflow.ErrPair
	typ, ch, in string // the names of type, channel and received reply
}

func pair(pkg *refactor.Package, p *chanflow.ErrPair) ([]refactor.Edit, error) {
	at := p.Value.Make.Node.Pos()
	b := edit.New(pkg)
	w := &writer{Builder: b, pkg: pkg, pair: p, typ: b.Fresh(at, "reply", "answer"), ch: b.Fresh(at, "replies", "answers"), in: b.Fresh(at, "r", "rep")}
	if err := w.declare(); err != nil {
		return nil, err
	}
	for _, sends := range p.Sends {
		var fields []string
		for i, op := range sends {
			send := op.Node.(*ast.SendStmt)
			if i > 0 {
				b.DeleteStmt(send)
			}
			if p.Err.Holds(op) {
				fields = append(fields, "err: "+b.Text(send.Value))
			} else {
				fields = slices.Insert(fields, 0, "value: "+b.Text(send.Value))
			}
		}
		b.ReplaceNode(sends[0].Node, fmt.Sprintf("%s <- %s{%s}", w.ch, w.typ, strings.Join(fields, ", ")))
	}
	if p.Either {
		if err := w.merge(); err != nil {
			return nil, err
		}
		return b.Edits()
	}
	b.InsertBefore(p.Anchor, w.in+" := <-"+w.ch)
	b.ReplaceNode(p.Value.Recvs[0].Node, w.in+".value")
	b.ReplaceNode(p.Err.Recvs[0].Node, w.in+".err")
	return b.Edits()
}

// declare writes the type and the channel for the two channels.
func (w *writer) declare() error {
	value, err := w.element(w.pair.Value)
	if err != nil {
		return err
	}
	size := ""
	if room(w.pkg, w.pair) > 0 {
		size = ", 1"
	}
	code := fmt.Sprintf("type %s struct {\n\tvalue %s\n\terr error\n}\n%s := make(chan %s%s)", w.typ, value, w.ch, w.typ, size)
	v, ok1 := w.pair.Value.Make.Stmt().(*ast.AssignStmt)
	e, ok2 := w.pair.Err.Make.Stmt().(*ast.AssignStmt)
	switch {
	case ok1 && ok2 && v == e && len(v.Lhs) == 2:
		w.ReplaceNode(v, code)
	case ok1 && ok2 && v != e && len(v.Lhs) == 1 && len(e.Lhs) == 1:
		w.ReplaceNode(v, code)
		w.DeleteStmt(e)
	default:
		return errors.New("the channels are not declared by :=")
	}
	return nil
}

// element returns the source of a channel's element type.
func (w *writer) element(c *chanflow.Chan) (string, error) {
	arg := c.Make.Node.(*ast.CallExpr).Args[0]
	if t, ok := ast.Unparen(arg).(*ast.ChanType); ok {
		return w.Text(t.Value), nil
	}
	return w.TypeName(arg, chanflow.IsChan(w.pkg.Info.TypeOf(arg)).Elem())
}
