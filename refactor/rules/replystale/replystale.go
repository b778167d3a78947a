// Package replystale finds pooled reply channels that go back to their pool
// with a reply that nobody has received.
package replystale

import (
	_ "embed"
	"errors"
	"go/ast"
	"go/types"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule keeps a reply that nobody has received out of the pool. Where the sender
// may still be at work, only a channel whose reply was received goes back:
//
//	defer pool.Put(reply)          select {
//	…                              case v := <-reply:
//	select {                  =>       defer pool.Put(reply)
//	case v := <-reply:                 …
//	    …                          case <-ctx.Done():
//	case <-ctx.Done():                 …
//	    …                          }
//	}
//
// A pool may lose anything at any time, so that what is not put back is nothing
// but garbage. Where the goroutine that sends has been waited for, what it has
// sent is in the channel, and a receive that does not wait takes it out.
var Rule = &refactor.Rule{Name: "replystale", Doc: readme, Severity: refactor.Warning, Preview: true, Run: run, Prove: prove.Rewrite}

const drain, after = "Drain reply channel before Put", "Put reply channel back only after its reply"

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, s := range chanflow.Of(pkg).StaleReplies() {
		found = append(found, finding(pkg, s))
	}
	return found
}

func finding(pkg *refactor.Package, s *chanflow.StaleReply) refactor.Finding {
	f := refactor.Finding{
		Span:    pkg.Span(s.Put.Pos(), s.Put.End()),
		Message: "this reply channel goes back to the pool with its reply: the next user receives that",
		Related: []refactor.Related{
			{Span: pkg.Span(s.Away.Pos(), s.Away.Colon), Message: "goes without the reply"},
			{Span: pkg.Span(s.Send.Node.Pos(), s.Send.Node.End()), Message: "the reply comes all the same"},
		},
	}
	if s.Join != nil {
		if _, plain := s.Join.Stmt().(*ast.ExprStmt); !plain {
			f.Withheld = []refactor.Withheld{{Title: drain, Reason: "the sender is waited for in a larger statement"}}
			return f
		}
		f.Fixes = []refactor.Fix{{
			Title: drain, Safety: refactor.Review, Reason: "drops a reply that nobody has received",
			Make: func() ([]refactor.Edit, error) { return empty(pkg, s) },
		}}
		return f
	}
	f.Withheld = []refactor.Withheld{{Title: drain, Reason: "the reply may come only after that"}}
	f.Fixes = []refactor.Fix{{
		Title: after, Safety: refactor.Review, Reason: "else it is left to the garbage collector",
		Make: func() ([]refactor.Edit, error) { return later(pkg, s) },
	}}
	return f
}

// empty receives what is in the channel once its sender has ended.
func empty(pkg *refactor.Package, s *chanflow.StaleReply) ([]refactor.Edit, error) {
	if s.Send.Loop() != nil {
		return nil, errors.New("there may be several replies")
	}
	b := edit.New(pkg)
	ch := b.Text(s.Recv.Node.(*ast.UnaryExpr).X)
	b.InsertAfter(s.Join.Stmt(), "select {\ncase <-"+ch+":\ndefault:\n}")
	return b.Edits()
}

// later puts the channel back in the case that has received the reply.
func later(pkg *refactor.Package, s *chanflow.StaleReply) ([]refactor.Edit, error) {
	b := edit.New(pkg)
	var clause *ast.CommClause
	for _, c := range s.Recv.Select.Body.List {
		if c := c.(*ast.CommClause); c.Comm != nil && c.Comm.Pos() <= s.Recv.Node.Pos() && s.Recv.Node.End() <= c.Comm.End() {
			clause = c
		}
	}
	code := b.Text(s.Put)
	var stmt ast.Stmt = s.Deferred
	if s.Deferred == nil {
		if stmt = statement(s); stmt == nil {
			return nil, errors.New("it is part of a larger statement")
		}
		if inside(s.Away, stmt) {
			b.DeleteStmt(stmt)
			return b.Edits() // what the other cases do is right
		}
		if s.Used {
			return nil, errors.New(s.Var.Name() + " is used after its reply was received")
		}
	} else {
		code = "defer " + code
		if !sameLater(pkg, s) {
			return nil, errors.New("what it is called with may have changed by then")
		}
	}
	b.DeleteStmt(stmt)
	if len(clause.Body) > 0 {
		b.InsertBefore(clause.Body[0], code)
	} else {
		b.Insert(clause.Colon+1, "\n"+code)
	}
	return b.Edits()
}

func inside(clause *ast.CommClause, st ast.Stmt) bool {
	return clause.Pos() <= st.Pos() && st.End() <= clause.End()
}

// statement returns the statement that the call is, or nil.
func statement(s *chanflow.StaleReply) (found ast.Stmt) {
	ast.Inspect(s.Recv.Fn.Body, func(n ast.Node) bool {
		if st, ok := n.(*ast.ExprStmt); ok && st.X == s.Put {
			found = st
		}
		return found == nil
	})
	return found
}

// sameLater reports whether the operands of the call, which defer evaluates at
// once, have the same values where the reply is received.
func sameLater(pkg *refactor.Package, s *chanflow.StaleReply) bool {
	m := chanflow.Of(pkg)
	same := true
	ast.Inspect(s.Put, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if v, ok := pkg.Info.Uses.Of(id).(*types.Var); ok && !v.IsField() && v.Parent() != pkg.Types.Scope() && m.Assigned(v) {
				same = false
			}
		}
		return same
	})
	return same
}
