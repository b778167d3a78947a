// Package bareop finds blocking channel operations that ignore the stop signal
// in their reach.
package bareop

import (
	_ "embed"
	"errors"
	"fmt"
	"go/ast"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/idiom"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule makes a send or receive heed the stop signal on which those at the other
// end leave:
//
//	                select {
//	ch <- v     =>  case ch <- v:
//	                case <-stop:
//	                	return
//	                }
//
// Everyone at the other end leaves once the signal is given, for good: it is a
// close or the end of a context. From then on nobody would take or send the value,
// so giving it up loses nothing that was not lost; and before, the select is the
// send or the receive. What the frame does after it is skipped by the return:
// the fix is withheld where that gives something back or tells others, and where
// the peer would then wait for this operation in vain.
var Rule = &refactor.Rule{Name: "bareop", Doc: readme, Severity: refactor.Warning, Preview: true, Run: run, Prove: prove.Rewrite}

const title = "Select on stop too"

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, b := range chanflow.Of(pkg).BareOps() {
		found = append(found, finding(pkg, b))
	}
	return found
}

func finding(pkg *refactor.Package, b *chanflow.BareOp) refactor.Finding {
	what, peer := "send", "receiver"
	if b.Op.Kind == chanflow.Recv {
		what, peer = "receive", "sender"
	}
	f := refactor.Finding{
		Span:    pkg.Span(b.Op.Node.Pos(), b.Op.Node.End()),
		Message: fmt.Sprintf("this %s blocks for ever once its %s has left; %s would tell", what, peer, b.Signal.Text),
		Related: []refactor.Related{
			{Span: span(pkg, b.Peer.Node), Message: "the " + peer},
			{Span: span(pkg, b.Away), Message: "it leaves here"},
		},
	}
	if len(f.Message) > 100 {
		f.Message = fmt.Sprintf("this %s blocks for ever once its %s has left; the stop signal would tell", what, peer)
	}
	if b.Withheld != "" {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: b.Withheld}}
		return f
	}
	f.Fixes = []refactor.Fix{{
		Title: title, Safety: refactor.Review, Reason: reason(b),
		Make: func() ([]refactor.Edit, error) { return heed(pkg, b) },
	}}
	return f
}

func span(pkg *refactor.Package, n ast.Node) refactor.Span {
	if r, ok := n.(*ast.RangeStmt); ok {
		n = r.X
	}
	return pkg.Span(n.Pos(), n.End())
}

// reason says what the reviewer has to look at.
func reason(b *chanflow.BareOp) string {
	if r := b.Op.Fn.Type.Results; r != nil && len(r.List) > 0 && b.Signal.Context == "" && b.Out() == nil {
		return "returns the zero value on stop"
	}
	if b.Op.Kind == chanflow.Recv {
		return "gives up the receive on stop"
	}
	return "gives up the send on stop"
}

// heed writes the select.
func heed(pkg *refactor.Package, b *chanflow.BareOp) ([]refactor.Edit, error) {
	e := edit.New(pkg)
	if c := b.Default(); c != nil {
		f := pkg.FileOf(c.Pos())
		if strings.TrimSpace(f.Text(c.Colon+1, b.Stmt.Pos())) == "" {
			e.Replace(c.Pos(), b.Stmt.Pos(), "case ")
			e.Insert(b.Stmt.End(), ":")
			return e.Edits()
		}
	}
	out, err := wayOut(pkg, e, b)
	if err != nil {
		return nil, err
	}
	comm, vars, err := idiom.Received(pkg, e, b.Stmt)
	if err != nil {
		return nil, err
	}
	e.ReplaceNode(b.Stmt, fmt.Sprintf("%sselect {\ncase %s:\ncase <-%s:\n\t%s\n}", vars, comm, b.Signal.Text, out))
	return e.Edits()
}

// wayOut returns the statement by which the function ends on stop: as it does
// elsewhere, or by what its results allow.
func wayOut(pkg *refactor.Package, e *edit.Builder, b *chanflow.BareOp) (string, error) {
	if out := b.Out(); out != nil {
		return e.Text(out), nil
	}
	results := b.Op.Fn.Type.Results
	if results == nil || len(results.List) == 0 {
		return "return", nil
	}
	var values []string
	for i, field := range results.List {
		t := pkg.Info.TypeOf(field.Type)
		for n := range max(1, len(field.Names)) {
			last := i == len(results.List)-1 && n == max(1, len(field.Names))-1
			switch {
			case !chanflow.IsError(t):
				zero := chanflow.ZeroText(t, e.Text(field.Type))
				if zero == "" {
					zero = "*new(" + e.Text(field.Type) + ")"
				}
				values = append(values, zero)
			case last && b.Signal.Context != "":
				values = append(values, b.Signal.Context+".Err()")
			case last:
				return "", errors.New("which error to return on stop is yours to say")
			default:
				values = append(values, "nil")
			}
		}
	}
	return "return " + strings.Join(values, ", "), nil
}
