// Package replyshared finds reply channels that serve several outstanding
// requests.
package replyshared

import (
	_ "embed"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
)

//go:embed README.md
var readme string

// Rule makes a reply channel for each request:
//
//	s.requests <- request{n, s.reply}     reply := make(chan int, 1)
//	select {                          =>  s.requests <- request{n, reply}
//	case v := <-s.reply:                  select {
//	case <-ctx.Done():                    case v := <-reply:
//	}                                     case <-ctx.Done():
//	                                      }
//
// Whoever answers uses the channel that the request carries, once per request.
// The channel has room for that reply, so that this send never waits; it used to
// wait for the next request where this one was given up, and gave that the wrong
// reply. Requests are sent as before, and as many receivers get a reply as
// before: those whose request is answered. So no goroutine waits that did not,
// and what has to be proved is the number of replies. (The state machine takes the
// request, which is sent with another channel in it, for a new operation.)
var Rule = &refactor.Rule{Name: "replyshared", Doc: readme, Severity: refactor.Warning, Preview: true, Run: run, Prove: once}

const title = "Make a reply channel per request"

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, s := range chanflow.Of(pkg).SharedReplies() {
		found = append(found, finding(pkg, s))
	}
	return found
}

func finding(pkg *refactor.Package, s *chanflow.SharedReply) refactor.Finding {
	span := func(n ast.Node) refactor.Span {
		end := n.End()
		if clause, ok := n.(*ast.CommClause); ok {
			end = clause.Colon
		}
		return pkg.Span(n.Pos(), end)
	}
	f := refactor.Finding{Span: span(s.Recv.Node)}
	var why refactor.Related
	if s.Away != nil {
		f.Message = "this can receive the late reply to an earlier request, which was given up"
		why = refactor.Related{Span: span(s.Away), Message: "a request is given up here; its reply is still to come"}
	} else {
		f.Message = "this can receive the reply to another request: all share one channel"
		why = refactor.Related{Span: span(s.Spawn.Call), Message: "several are started here"}
	}
	if _, ok := s.Ask.(*ast.SendStmt); ok || s.Away != nil {
		f.Related = append(f.Related, why)
	}
	f.Related = append(f.Related, refactor.Related{Span: span(s.Chan.Make.Node), Message: "made once for all requests"})
	if s.Withheld != "" {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: s.Withheld}}
		return f
	}
	reason := "each request gets its own reply"
	if s.Away != nil {
		reason = "a late reply is dropped"
	}
	f.Fixes = []refactor.Fix{{Title: title, Safety: refactor.Review, Reason: reason, Make: func() ([]refactor.Edit, error) { return own(pkg, s) }}}
	return f
}

// once counts the replies to a request after the edits.
func once(_, after *refactor.Package, edits []refactor.Edit) error {
	m := chanflow.Of(after)
	for _, f := range m.Funcs {
		for _, op := range f.Ops {
			if op.Kind != chanflow.Make || !written(after, edits, op.Node) {
				continue
			}
			if most, ok := m.Chan(op).MostSends(); !ok || !most.Fits(1) {
				return errors.New("a request may get more than one reply")
			}
		}
	}
	return nil
}

// written reports whether the edits have written the node, or a part of it.
func written(after *refactor.Package, edits []refactor.Edit, n ast.Node) bool {
	span := after.Span(n.Pos(), n.End())
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b refactor.Edit) int { return a.Start - b.Start })
	shift := 0
	for _, e := range edits {
		if e.File != span.File {
			continue
		}
		if start := e.Start + shift; start < span.End && span.Start < start+len(e.New) {
			return true
		}
		shift += len(e.New) - (e.End - e.Start)
	}
	return false
}

// own makes a channel before the request and uses it for this one.
func own(pkg *refactor.Package, s *chanflow.SharedReply) ([]refactor.Edit, error) {
	b := edit.New(pkg)
	mk := s.Chan.Make.Node.(*ast.CallExpr)
	typ := b.Text(mk.Args[0])
	if pkg.FileOf(mk.Pos()) != pkg.FileOf(s.Anchor.Pos()) {
		var err error
		if typ, err = b.TypeName(s.Anchor, pkg.Info.TypeOf(mk)); err != nil {
			return nil, err
		}
	}
	name := s.Recv.Ref.Obj.Name()
	if s.Recv.Ref.Obj.(*types.Var).IsField() {
		if !free(pkg, s, name) {
			name = b.Fresh(s.Anchor.Pos(), name, "reply")
		}
		for _, use := range s.Uses {
			b.ReplaceNode(use, name)
		}
		if s.Alone {
			forget(pkg, b, s)
		}
	} else if err := undeclare(b, s); err != nil {
		return nil, err
	}
	b.InsertBefore(s.Anchor, fmt.Sprintf("%s := make(%s, 1)", name, typ))
	return b.Edits()
}

// free reports whether a variable can have the name of the field: in the whole
// function the name means nothing else than a field, and nothing around it.
func free(pkg *refactor.Package, s *chanflow.SharedReply, name string) bool {
	scope := pkg.ScopeAt(s.Anchor.Pos())
	if scope == nil {
		return false
	}
	if _, obj := scope.LookupParent(name, token.NoPos); obj != nil {
		return false
	}
	free := true
	ast.Inspect(s.Recv.Fn.Top().Node(), func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == name {
			v, ok := pkg.Info.ObjectOf(id).(*types.Var)
			free = free && ok && v.IsField()
		}
		return free
	})
	return free
}

// undeclare removes the declaration of the shared variable.
func undeclare(b *edit.Builder, s *chanflow.SharedReply) error {
	switch st := s.Chan.Make.Stmt().(type) {
	case *ast.AssignStmt:
		if len(st.Lhs) == 1 {
			b.DeleteStmt(st)
			return nil
		}
	case *ast.DeclStmt:
		if d := st.Decl.(*ast.GenDecl); len(d.Specs) == 1 && len(d.Specs[0].(*ast.ValueSpec).Names) == 1 {
			b.DeleteStmt(st)
			return nil
		}
	}
	return fmt.Errorf("%s is declared together with others", s.Recv.Ref.Obj.Name())
}
