// Package replybuf finds unbuffered reply channels whose receiver may leave.
package replybuf

import (
	_ "embed"
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strconv"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule gives a reply channel room for the replies that nobody waits for.
var Rule = &refactor.Rule{Name: "replybuf", Doc: readme, Severity: refactor.Warning, Run: run, Prove: prove.Rewrite}

const title = "Buffer reply channel"

func run(pkg *refactor.Package) []refactor.Finding {
	m := chanflow.Of(pkg)
	var found []refactor.Finding
	for _, f := range m.Funcs {
		for _, op := range f.Ops {
			if op.Kind != chanflow.Make {
				continue
			}
			if size, ok := m.MakeCap(op.Node.(*ast.CallExpr)); !ok || size != 0 {
				continue
			}
			if finding, ok := check(pkg, m.Chan(op)); ok {
				found = append(found, finding)
			}
		}
	}
	return found
}

// check reports the channel if its receiver may leave a sender behind.
func check(pkg *refactor.Package, c *chanflow.Chan) (refactor.Finding, bool) {
	if len(c.Unknown) > 0 || len(c.Measured) > 0 || !bare(c) || closedByMaker(c) || c.Signals() {
		return refactor.Finding{}, false
	}
	most, ok := c.MostSends()
	if !ok {
		return refactor.Finding{}, false
	}
	missed := c.Missed()
	if missed == nil {
		return refactor.Finding{}, false
	}
	mk := c.Make.Node.(*ast.CallExpr)
	f := refactor.Finding{
		Span:    pkg.Span(mk.Pos(), mk.End()),
		Message: message(missed.Kind),
		Related: []refactor.Related{{Span: span(pkg, c.Sends[0].Node), Message: "the sender blocks here"}},
	}
	if why := explain(missed.Kind); why != "" {
		f.Related = append(f.Related, refactor.Related{Span: span(pkg, missed.Node), Message: why})
	}
	if reason := withhold(c, missed); reason != "" {
		f.Withheld = append(f.Withheld, refactor.Withheld{Title: title, Reason: reason})
		return f, true
	}
	fix := refactor.Fix{Title: title, Make: func() ([]refactor.Edit, error) { return grow(pkg, mk, most) }}
	var never ast.Node
	if missed.Kind == chanflow.Itself {
		never = missed.Node
	}
	if !c.Aftermath(never).Last {
		fix.Safety, fix.Reason = refactor.Review, "sender no longer waits"
	}
	f.Fixes = []refactor.Fix{fix}
	return f, true
}

// closedByMaker reports whether the one that makes the channel for others to
// send on closes it, too: a sender that comes late then panics, room or not.
func closedByMaker(c *chanflow.Chan) bool {
	made := func(op *chanflow.Op) bool { return op.Fn == c.Make.Fn }
	return slices.ContainsFunc(c.Closes, made) && !slices.ContainsFunc(c.Sends, made)
}

// bare reports whether a send can block for ever: one that is not in a select
// with another way out.
func bare(c *chanflow.Chan) bool {
	for _, op := range c.Sends {
		if op.Bare() {
			return true
		}
	}
	return false
}

func message(k chanflow.MissedKind) string {
	switch k {
	case chanflow.Away:
		return "the receiver of this unbuffered channel can leave first; its sender then blocks for ever"
	case chanflow.Early:
		return "the function can return before it receives from this unbuffered channel; its sender then blocks"
	case chanflow.Fewer:
		return "fewer values are received from this unbuffered channel than sent; a sender blocks for ever"
	case chanflow.Itself:
		return "the function sends on this unbuffered channel before anyone else has it: it blocks for ever"
	case chanflow.Abroad:
		return "other packages get this unbuffered channel: if they give up, its sender blocks for ever"
	}
	return "nobody receives from this unbuffered channel; its sender blocks for ever"
}

func explain(k chanflow.MissedKind) string {
	switch k {
	case chanflow.Away:
		return "the receiver can go this way instead"
	case chanflow.Early:
		return "returns without receiving"
	case chanflow.Fewer:
		return "only this is received"
	}
	return ""
}

// withhold returns why the channel must stay as it is, or "".
func withhold(c *chanflow.Chan, missed *chanflow.Missed) string {
	if missed.Kind == chanflow.Itself {
		return ""
	}
	if c.Exposed != nil {
		return fmt.Sprintf("%s is exported: callers elsewhere may rely on the rendezvous", c.Exposed.Name())
	}
	if c.Visible != nil {
		return fmt.Sprintf("%s is exported: users elsewhere may rely on the rendezvous", c.Visible.Name())
	}
	if missed.Kind == chanflow.Dropped && len(c.Returned) == 0 && !slices.ContainsFunc(c.Names, isField) {
		return "nobody reads what is sent: receive it, or remove the channel"
	}
	if c.Disposes() != nil {
		return "a sender that is not heard disposes of the reply itself: in the channel, nobody would"
	}
	if l := c.HandsOver(); l != nil {
		return l.Name() + " is handed over with the reply: where nobody receives, it would stay locked"
	}
	after := c.Aftermath(nil)
	if after.Races != nil {
		return "after its send the sender wakes another case of the receiver's select: the reply could be missed"
	}
	if after.Acts != nil {
		return "after its send the sender goes on to act, which would come before the reply is received"
	}
	return ""
}

func isField(obj types.Object) bool {
	v, ok := obj.(*types.Var)
	return ok && v.IsField()
}

func span(pkg *refactor.Package, n ast.Node) refactor.Span {
	end := n.End()
	if clause, ok := n.(*ast.CommClause); ok {
		end = clause.Colon
	}
	return pkg.Span(n.Pos(), end)
}

// grow gives the channel room for that many values.
func grow(pkg *refactor.Package, mk *ast.CallExpr, most chanflow.Most) ([]refactor.Edit, error) {
	b := edit.New(pkg)
	size := strconv.FormatInt(most.N, 10)
	switch {
	case most.Via != nil:
		size = b.Text(most.Via)
	case most.Len != nil:
		size = "len(" + b.Text(most.Len) + ")"
		if most.N > 0 {
			size += " + " + strconv.FormatInt(most.N, 10)
		}
	case most.N > 1<<16:
		return nil, errors.New("the channel would need room for " + size + " values")
	}
	if len(mk.Args) == 2 {
		b.ReplaceNode(mk.Args[1], size)
	} else {
		b.Insert(mk.Args[0].End(), ", "+size)
	}
	return b.Edits()
}
