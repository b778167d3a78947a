// Package replyclose finds workers that close a channel on which they have
// answered already.
package replyclose

import (
	_ "embed"
	"errors"
	"go/ast"
	"regexp"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule removes the close of a reply channel that nobody can notice:
//
//	reply <- v; close(reply)   =>   reply <- v
//
// Every way to the close passes the one send, and all receivers together receive
// once: what they get is the reply, with or without the close. A receive that
// asks whether the channel is closed, ranges over it, or might come a second
// time would notice; the model excludes them, and all uses out of sight.
var Rule = &refactor.Rule{Name: "replyclose", Doc: readme, Severity: refactor.Hint, Run: run, Prove: prove.Rewrite}

const title = "Remove close of reply channel"

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, idle := range chanflow.Of(pkg).IdleCloses() {
		found = append(found, finding(pkg, idle))
	}
	return found
}

func finding(pkg *refactor.Package, idle chanflow.IdleClose) refactor.Finding {
	c, closed := idle.Chan, idle.Op
	at := func(op *chanflow.Op) refactor.Span { return pkg.Span(op.Node.Pos(), op.Node.End()) }
	f := refactor.Finding{
		Span:    at(closed),
		Message: "this close of the reply channel tells nobody anything: the reply has been sent by then",
		Related: []refactor.Related{
			{Span: at(c.Sends[0]), Message: "the reply"},
			{Span: at(c.Recvs[0]), Message: "whoever receives it does not look again"},
		},
	}
	if promised(closed.Fn) {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: "the comment of " + closed.Fn.Top().Name() + " says that it closes a channel"}}
		return f
	}
	fix := refactor.Fix{Title: title, Make: func() ([]refactor.Edit, error) { return remove(pkg, closed) }}
	if pkg.FileOf(closed.Node.Pos()).CommentsAt(closed.Stmt()) != "" {
		fix.Safety, fix.Reason = refactor.Review, "a comment may speak of the close"
	}
	f.Fixes = []refactor.Fix{fix}
	return f
}

// closing matches a comment that speaks of a close.
var closing = regexp.MustCompile(`(?i)\bclos(e|es|ed|ing)\b`)

// promised reports whether the comment of the function says that it closes
// something.
func promised(f *chanflow.Func) bool {
	decl := f.Top().Decl
	return decl != nil && closing.MatchString(decl.Doc.Text())
}

// remove deletes the close, and the deferred function that does nothing else.
func remove(pkg *refactor.Package, closed *chanflow.Op) ([]refactor.Edit, error) {
	stmt := closed.Stmt()
	ast.Inspect(closed.Fn.Body, func(n ast.Node) bool {
		if d, ok := n.(*ast.DeferStmt); ok {
			if lit, ok := ast.Unparen(d.Call.Fun).(*ast.FuncLit); ok && len(lit.Body.List) == 1 && lit.Body.List[0] == stmt {
				stmt = d
			}
		}
		return true
	})
	switch stmt.(type) {
	case *ast.ExprStmt, *ast.DeferStmt:
	default:
		return nil, errors.New("it is part of a larger statement")
	}
	b := edit.New(pkg)
	b.DeleteStmt(stmt)
	return b.Edits()
}
