// Package lateclose finds completion signals that not every way out gives.
package lateclose

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

// Rule defers the completion signal of a goroutine.
var Rule = &refactor.Rule{Name: "lateclose", Doc: readme, Severity: refactor.Warning, Run: run, Prove: proved}

func run(pkg *refactor.Package) []refactor.Finding {
	m := chanflow.Of(pkg)
	var found []refactor.Finding
	for _, c := range m.Completions() {
		if f, ok := completion(pkg, c); ok {
			found = append(found, f)
		}
	}
	for _, h := range m.Handovers() {
		found = append(found, handover(pkg, h))
	}
	return found
}

// proved says whether the rewrite adds a deadlock. Where the exploration comes to
// no end, for all that the goroutine calls, the signals that the edits defer may
// speak for themselves: see [chanflow.Completion.Alone].
func proved(before, after *refactor.Package, edits []refactor.Edit) error {
	err := prove.Rewrite(before, after, edits)
	if !errors.As(err, new(refactor.Unproved)) {
		return err
	}
	found := false
	for _, c := range chanflow.Of(before).Completions() {
		span := before.Span(c.Op.Node.Pos(), c.Op.Node.End())
		if !slices.ContainsFunc(edits, func(e refactor.Edit) bool {
			return e.File == span.File && e.Start < span.End && span.Start < e.End
		}) {
			continue
		}
		if found = true; !c.Alone() {
			return err
		}
	}
	if !found {
		return err
	}
	return nil
}

// completion reports a signal that an exit skips, if its waiter is stranded.
func completion(pkg *refactor.Package, c *chanflow.Completion) (refactor.Finding, bool) {
	waits := c.Wait
	if len(c.Wait) == 0 {
		// A timeout that the test runs into hides what really failed.
		if waits = c.Some; len(c.Some) == 0 || c.Bad || !c.Test || len(c.Ends) == 0 || len(c.Rets) > 0 || c.Data {
			return refactor.Finding{}, false
		}
	}
	what, title := "close", "Defer close of done channel"
	if c.Op.Kind == chanflow.Done {
		what, title = "Done", "Defer Done of WaitGroup"
	}
	f := refactor.Finding{
		Span:    pkg.Span(c.Op.Node.Pos(), c.Op.Node.End()),
		Related: []refactor.Related{{Span: pkg.Span(waits[0].Node.Pos(), waits[0].Node.End()), Message: "waits for it"}},
	}
	withhold := func(reason string) (refactor.Finding, bool) {
		f.Withheld = append(f.Withheld, refactor.Withheld{Title: title, Reason: reason})
		return f, true
	}
	if len(c.Ends) == 0 {
		ret := stranding(c)
		if ret == nil || c.Data || len(c.Some) > 0 {
			return f, false
		}
		f.Message = fmt.Sprintf("a return skips this %s: whoever waits for it then waits for ever", what)
		f.Related = append(f.Related, refactor.Related{Span: pkg.Span(ret.Node.Pos(), ret.Node.End()), Message: "returns without it"})
		if !strings.HasSuffix(c.Op.Fn.File.Name, "_test.go") || c.Blocks() {
			return withhold("the return may leave it out on purpose")
		}
		if slices.ContainsFunc(c.Rets, func(ret *chanflow.Op) bool { return !c.Reported(ret) }) {
			return withhold("the return tells of no failure: the test would go on as if all were well")
		}
		// In a test nobody gains from a waiter that waits for ever.
		f.Fixes = []refactor.Fix{{Title: title, Safety: refactor.Review, Reason: "the return then releases the waiter", Make: func() ([]refactor.Edit, error) { return deferred(pkg, c) }}}
		return f, true
	}
	f.Message = fmt.Sprintf("%s skips this %s: whoever waits for it then waits in vain", ending(c.Ends[0]), what)
	f.Related = append(f.Related, refactor.Related{Span: pkg.Span(c.Ends[0].Node.Pos(), c.Ends[0].Node.End()), Message: "ends the goroutine"})
	switch {
	case len(c.Rets) > 0:
		return withhold("an early return skips it too, perhaps on purpose")
	case c.Data:
		return withhold("the channel carries values: closing it would look like their end")
	case c.Blocks():
		return withhold("another deferred call may wait, and would do so before it")
	}
	fix := refactor.Fix{Title: title, Make: func() ([]refactor.Edit, error) { return deferred(pkg, c) }}
	switch {
	case len(c.Late) > 0:
		fix.Safety, fix.Reason = refactor.Review, "it then comes after the other deferred calls"
	case c.Bad || len(c.Some) > 0 && !c.Test:
		fix.Safety, fix.Reason = refactor.Review, "a select elsewhere looks whether it came"
	}
	f.Fixes = []refactor.Fix{fix}
	return f, true
}

// stranding returns a return that gives no other signal, or nil.
func stranding(c *chanflow.Completion) *chanflow.Op {
	for _, ret := range c.Rets {
		if !c.Otherwise(ret) {
			return ret
		}
	}
	return nil
}

// ending names what ends the goroutine.
func ending(op *chanflow.Op) string {
	switch {
	case op.Exit == chanflow.MayGoexit || op.Kind == chanflow.Call:
		return "a failed check"
	case op.Exit == chanflow.Panic:
		return "a recovered panic"
	}
	call, ok := op.Node.(*ast.CallExpr)
	if !ok {
		return "an exit"
	}
	if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
		if x, ok := sel.X.(*ast.Ident); ok && len(x.Name) <= 10 {
			return x.Name + "." + sel.Sel.Name
		}
		return sel.Sel.Name
	}
	return "an exit"
}

// deferred puts the signal into a defer statement at the start of the body,
// behind those that are there, so that it is still given before them. What is
// said of the last one goes with it.
func deferred(pkg *refactor.Package, c *chanflow.Completion) ([]refactor.Edit, error) {
	b := edit.New(pkg)
	code := "defer " + b.Text(c.Op.Node)
	for _, op := range c.All {
		stmt, ok := op.Stmt().(*ast.ExprStmt)
		switch {
		case !ok:
			return nil, errors.New("it is part of a larger statement")
		case op != c.Op:
			b.DeleteStmt(stmt)
		default:
			if behind := b.TakeStmt(stmt); behind != "" {
				code += " " + behind
			}
		}
	}
	if n := len(c.Lead); n > 0 {
		b.InsertAfter(c.Lead[n-1], code)
	} else {
		b.InsertFirst(c.Body.Body, code)
	}
	return b.Edits()
}

// handover reports a channel that the one goroutine that has it never closes.
func handover(pkg *refactor.Package, h *chanflow.Handover) refactor.Finding {
	name := h.Param.Name()
	return refactor.Finding{
		Span:    pkg.Span(h.Recv.Node.Pos(), h.Recv.Node.End()),
		Message: "this waits for ever: the goroutine that is handed the channel never closes it",
		Related: []refactor.Related{{Span: pkg.Span(h.Spawn.Stmt.Pos(), h.Spawn.Stmt.End()), Message: "handed over here"}},
		Fixes: []refactor.Fix{{
			Title: "Defer close of done channel", Safety: refactor.Review, Reason: "the wait then ends",
			Make: func() ([]refactor.Edit, error) {
				b := edit.New(pkg)
				b.InsertFirst(h.Spawn.Body.Body, "defer close("+name+")")
				return b.Edits()
			},
		}},
	}
}
