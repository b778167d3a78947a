// Package adderror lets the goroutine that tells that it has started tell as
// well why it could not.
package adderror

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
	"handshake/refactor/idiom"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule turns a started channel into a ready channel that carries the error of
// a failed start:
//
//	if err != nil {                  if err != nil {
//		close(started)                   ready <- err
//		return                  =>       return
//	}                                }
//	close(started)                   close(ready)
//
// The channel has room for the one error, so the goroutine waits for nobody; a
// goroutine that has started closes it, so that the parent receives nil where
// it received the signal before. It handles an error as it handles its others.
var Rule = &refactor.Rule{Name: "adderror", Doc: readme, Severity: refactor.Hint, OnDemand: true, Run: run, Prove: prove.Rewrite}

func run(pkg *refactor.Package) []refactor.Finding {
	m := chanflow.Of(pkg)
	var found []refactor.Finding
	for _, h := range m.StartSignals() {
		if slices.ContainsFunc(h.Exits, func(op *chanflow.Op) bool { return m.FailedCheck(op) != nil }) {
			found = append(found, (&site{h, m, pkg}).finding())
		}
	}
	return found
}

// A site is a handshake that is looked at.
type site struct {
	*chanflow.StartSignal
	m   *chanflow.Model
	pkg *refactor.Package
}

func (s *site) finding() refactor.Finding {
	f := refactor.Finding{
		Span:    s.pkg.Span(s.Wait.Node.Pos(), s.Wait.Node.End()),
		Message: s.Var.Name() + " does not tell why the goroutine could not start",
	}
	if len(f.Message) > 100 {
		f.Message = "the signal does not tell why the goroutine could not start"
	}
	for _, op := range s.Exits {
		if id := s.m.FailedCheck(op); id != nil {
			f.Related = append(f.Related, refactor.Related{Span: s.pkg.Span(op.Node.Pos(), op.Node.End()), Message: "it ends here because of " + id.Name})
		}
	}
	const title = "Surface the start-up error through a ready channel"
	if reason := s.withhold(); reason != "" {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: reason}}
		return f
	}
	f.Fixes = []refactor.Fix{{Title: title, Safety: refactor.Review, Reason: "the parent handles the error", Make: s.surface}}
	return f
}

// withhold returns why the error cannot be told, or "".
func (s *site) withhold() string {
	parent := s.Make.Fn
	for _, op := range s.Exits {
		if s.m.FailedCheck(op) == nil {
			return "the goroutine can end before it has started for want of an error, too"
		}
	}
	switch {
	case parent.Reports() == chanflow.Nothing:
		return parent.Name() + " has no way to report an error"
	case parent.Reports() == chanflow.ByReturn && len(parent.Held(s.Wait.Stmt())) > 0:
		return "a lock may be held where the parent would return the error"
	}
	return ""
}

func (s *site) surface() ([]refactor.Edit, error) {
	b := edit.New(s.pkg)
	outer := idiom.Ready(b, s.Make.Fn, s.Var)
	inner := outer
	if s.Param != nil {
		inner = idiom.Ready(b, s.Spawn.Body, s.Param)
		if err := s.retype(b); err != nil {
			return nil, err
		}
	}
	b.ReplaceNode(s.Make.Node, "make(chan error, 1)")
	replaced := []ast.Node{}
	for _, op := range s.Exits {
		if early := s.EarlySignal(op); early != nil {
			b.ReplaceNode(early.Stmt(), inner+" <- "+s.m.FailedCheck(op).Name)
			replaced = append(replaced, early.Stmt())
		} else {
			idiom.SendFailure(b, s.m, op, inner)
		}
	}
	wait, err := s.wait(b, outer)
	if err != nil {
		return nil, err
	}
	replaced = append(replaced, wait)
	for _, id := range s.Idents() {
		if slices.ContainsFunc(replaced, func(n ast.Node) bool { return n.Pos() <= id.Pos() && id.End() <= n.End() }) {
			continue
		}
		name := outer
		if s.Param != nil && s.pkg.Info.ObjectOf(id) == s.Param {
			name = inner
		}
		b.Replace(id.Pos(), id.End(), name)
	}
	return b.Edits()
}

// retype changes the type of the parameter, which must have it to itself.
func (s *site) retype(b *edit.Builder) error {
	for _, field := range s.Spawn.Body.Type.Params.List {
		for _, id := range field.Names {
			if s.pkg.Info.Defs.Of(id) != s.Param {
				continue
			}
			ch, ok := ast.Unparen(field.Type).(*ast.ChanType)
			if !ok || len(field.Names) > 1 {
				return errors.New("the type of the parameter is not its own")
			}
			b.ReplaceNode(ch.Value, "error")
		}
	}
	return nil
}

// wait makes the parent handle the error, and returns what that replaces.
func (s *site) wait(b *edit.Builder, name string) (ast.Node, error) {
	parent, pos := s.Make.Fn, s.Wait.Node.Pos()
	st, ok := s.Wait.Stmt().(*ast.ExprStmt)
	if !ok || ast.Unparen(st.X) != s.Wait.Node {
		return nil, errors.New("the wait is part of a larger statement")
	}
	if s.Wait.Select == nil {
		code, err := idiom.ReceiveFailure(s.pkg, b, parent, pos, name)
		b.ReplaceNode(st, code)
		return st, err
	}
	for _, c := range s.Wait.Select.Body.List {
		clause := c.(*ast.CommClause)
		if clause.Comm != st {
			continue
		}
		failure, err := idiom.Failure(s.pkg, b, parent, pos, "err")
		if err != nil {
			return nil, err
		}
		b.ReplaceNode(st, "err := <-"+name)
		check := fmt.Sprintf("if err != nil {\n\t%s\n}", failure)
		if len(clause.Body) == 0 {
			if rest := parent.File.Text(clause.Colon+1, s.Wait.Select.Body.Rbrace); !strings.HasPrefix(strings.TrimLeft(rest, " \t\r"), "\n") {
				check += "\n" // a comment, or the next case
			}
			b.Insert(clause.Colon+1, "\n"+check)
			return st, nil
		}
		for _, in := range clause.Body {
			ast.Inspect(in, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && id.Name == "err" {
					err = errors.New("err means something else where the signal is received")
				}
				return err == nil
			})
		}
		b.InsertBefore(clause.Body[0], check)
		return st, err
	}
	return nil, errors.New("the wait is part of a larger statement")
}
