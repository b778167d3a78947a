// Package doubleclose finds channels that are closed twice.
package doubleclose

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

// Rule guards all closes of a channel with one sync.Once:
//
//	close(s.stop)   =>   s.stopOnce.Do(func() { close(s.stop) })
//
// The first close happens where it did. Each further one was a panic, and is
// nothing now: Do waits at most for a close, which waits for nobody.
var Rule = &refactor.Rule{Name: "doubleclose", Doc: readme, Severity: refactor.Warning, Run: run, Prove: prove.Rewrite}

const title = "Guard close with sync.Once"

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, c := range chanflow.Of(pkg).DoubleCloses() {
		found = append(found, finding(pkg, c))
	}
	return found
}

func finding(pkg *refactor.Package, c *chanflow.DoubleClose) refactor.Finding {
	f := refactor.Finding{Span: pkg.Span(c.Op.Node.Pos(), c.Op.Node.End())}
	at := refactor.Related{Span: pkg.Span(c.At.Pos(), c.At.End())}
	switch c.How {
	case chanflow.InTurn:
		f.Message = "this closes the channel a second time, which panics"
		at.Message = "it is closed here before"
	case chanflow.InLoop:
		f.Message = "the second round of the loop closes the channel again, which panics"
		at.Message = "every round closes the same channel"
	case chanflow.ByEach:
		f.Message = "each of the goroutines closes this channel: the second close panics"
		at.Message = "they are started here"
	case chanflow.ByBoth:
		f.Message = "two goroutines close this channel: the second close panics"
		at.Message = "the other goroutine is started here"
	case chanflow.ByUsers:
		f.Message = fmt.Sprintf("callers of %s close this channel, and so does a goroutine: the second close panics", c.Op.Fn.Obj.Name())
		at.Message = "the goroutine closes it here"
	}
	if len(f.Message) > 100 {
		f.Message = "callers of this close the channel, and so does a goroutine: the second close panics"
	}
	if c.How == chanflow.InLoop {
		at.End = at.Start + 3 // for
	}
	f.Related = append(f.Related, at)
	if c.Other != c.Op && c.Other.Node != c.At {
		f.Related = append(f.Related, refactor.Related{Span: pkg.Span(c.Other.Node.Pos(), c.Other.Node.End()), Message: "the other close"})
	}
	if c.Withheld != "" {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: c.Withheld}}
		return f
	}
	f.Fixes = []refactor.Fix{{
		Title: title, Safety: refactor.Review, Reason: "the first close counts",
		Make: func() ([]refactor.Edit, error) { return guard(pkg, c) },
	}}
	return f
}

// guard writes the sync.Once beside the channel, and has it do all closes.
func guard(pkg *refactor.Package, c *chanflow.DoubleClose) ([]refactor.Edit, error) {
	b := edit.New(pkg)
	name := c.Obj.Name() + "Once"
	if c.Owner == nil {
		once := b.Fresh(c.Decl.Pos(), name)
		b.InsertAfter(c.Decl, fmt.Sprintf("var %s %s.Once", once, b.Import(c.Decl.Pos(), "sync")))
		for _, op := range c.All {
			b.ReplaceNode(op.Node, fmt.Sprintf("%s.Do(func() { %s })", once, b.Text(op.Node)))
		}
		return b.Edits()
	}
	once := b.FreshField(c.Owner.Type(), name)
	st, literals := chanflow.Of(pkg).Layout(c.Owner)
	for _, lit := range literals {
		b.Insert(lit.Elts[len(lit.Elts)-1].End(), ", "+b.Import(lit.Pos(), "sync")+".Once{}")
	}
	b.AddField(st, "", once+" "+b.Import(st.Pos(), "sync")+".Once")
	for _, op := range c.All {
		sel, ok := ast.Unparen(op.Node.(*ast.CallExpr).Args[0]).(*ast.SelectorExpr)
		if !ok {
			return nil, fmt.Errorf("%s is not a field of a variable", b.Text(op.Node))
		}
		b.ReplaceNode(op.Node, fmt.Sprintf("%s.%s.Do(func() { %s })", b.Text(sel.X), once, b.Text(op.Node)))
	}
	return b.Edits()
}
