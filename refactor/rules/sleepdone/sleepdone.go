// Package sleepdone finds sleeps that guess when a goroutine has finished, and
// replaces them by a channel or a WaitGroup that tells.
package sleepdone

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/types"
	"go/version"

	"handshake/refactor"
	"handshake/refactor/bubble"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule reports a sleep between starting finite goroutines and looking at what
// they have done.
var Rule = &refactor.Rule{Name: "sleepdone", Doc: readme, Severity: refactor.Warning, ByTest: true, Run: run, Prove: prove.Rewrite}

func run(pkg *refactor.Package) []refactor.Finding {
	m := chanflow.Of(pkg)
	var out []refactor.Finding
	for _, g := range m.Guesses() {
		s := &site{Guess: g, m: m, pkg: pkg}
		var f refactor.Finding
		switch g.Event {
		case chanflow.Finished:
			f = s.finished()
		case chanflow.Joined:
			f = s.joined()
		default:
			continue // another rule's
		}
		f.Span = pkg.Span(g.Sleep.Stmt.Pos(), g.Sleep.Stmt.End())
		f.Related = s.related()
		bubble.Offer(pkg, g.Sleep, &f)
		out = append(out, f)
	}
	return out
}

// A site is a sleep that is looked at, with what it waits for.
type site struct {
	*chanflow.Guess
	m   *chanflow.Model
	pkg *refactor.Package
}

func (s *site) related() []refactor.Related {
	out := s.Related("it changes %s here", "which is looked at here")
	if s.Checks != nil {
		out = append(out, refactor.Related{Span: s.pkg.Span(s.Checks.Pos(), s.Checks.End()), Message: "it checks something here, for which nobody waits"})
	}
	return out
}

// joined offers to delete a sleep right before the statement that waits for the
// goroutine anyway, and that returns no earlier for the sleep.
func (s *site) joined() refactor.Finding {
	safety, reason := refactor.Safe, ""
	if !s.Exclusive {
		safety, reason = refactor.Review, "another goroutine may rely on the sleep"
	}
	return refactor.Finding{
		Message: fmt.Sprintf("%s is not needed: the %s behind it waits for the goroutine", s.Sleep.Name(), s.Next.Kind),
		Fixes: []refactor.Fix{{Title: "Remove " + s.Sleep.Name(), Safety: safety, Reason: reason, Make: func() ([]refactor.Edit, error) {
			b := edit.New(s.pkg)
			b.DeleteStmtFor(s.Sleep.Stmt, s.m.Heir(s.Sleep, nil), chanflow.SpeaksOfWait)
			return b.Edits()
		}}},
	}
}

// finished offers a join. The bodies are finite as far as syntax can tell (no
// channel operation, Wait or endless loop, also not in functions of the
// package), and the parent holds no lock that they take, so the join returns;
// but a call out of the package may block, which only a run can tell: hence
// review.
func (s *site) finished() refactor.Finding {
	several := s.several()
	f := refactor.Finding{Message: s.Sleep.Name() + " only guesses that the goroutine has finished"}
	title := fmt.Sprintf("Replace %s with done channel", s.Sleep.Name())
	fix := s.channel
	if several {
		f.Message = s.Sleep.Name() + " only guesses that the goroutines have finished"
		title, fix = "Wait for the goroutines with sync.WaitGroup", s.group
	}
	for _, sp := range s.Spawns {
		if reason := s.hazard(sp, several); reason != "" {
			f.Withheld = []refactor.Withheld{{Title: title, Reason: reason}}
			return f
		}
	}
	reason := "waits until the work is done"
	if race := s.race(); race != "" {
		reason = "the goroutines still race on " + race
	}
	f.Fixes = []refactor.Fix{{Title: title, Safety: refactor.Review, Reason: reason, Make: fix}}
	return f
}

// several reports whether more than one goroutine is waited for.
func (s *site) several() bool {
	return len(s.Spawns) > 1 || s.Spawns[0].Loop() != s.Sleep.Loop()
}

// hazard returns why the parent must not wait for the goroutine.
func (s *site) hazard(sp *chanflow.Spawn, several bool) string {
	if l := sp.Takes(sp.Fn.Held(s.Sleep.Stmt), sp.Body.Body.List); l != nil {
		return fmt.Sprintf("%s may be held there, which the goroutine takes", l.Name())
	}
	if s.m.Anchor(sp.Stmt, s.Sleep.Stmt) == nil {
		return "the sleep is out of the scope of the spawn"
	}
	if sp.Body.DefersWait() {
		return "a deferred call of the goroutine may wait"
	}
	if sp.Body.MayFill(sp.Body.Body.List) != nil {
		return "the goroutine sends, and may wait there for room"
	}
	for _, other := range sp.Body.Starts() {
		if other.Body == nil || other.Body.MayStay() {
			return "the goroutine starts others, for which it may wait, and they for the parent"
		}
	}
	if sp.Counted() && (several || sp.Kind != chanflow.GroupGo) {
		return "the goroutine belongs to a group: wait for that"
	}
	if sp.Kind == chanflow.Starter && sp.Lit() == nil {
		return "the body is passed as a function value"
	}
	return ""
}

// race returns the name of a variable that several goroutines change without
// holding a lock, or "".
func (s *site) race() string {
	if !s.several() {
		return ""
	}
	for _, sp := range s.Spawns {
		locks := false
		for _, op := range sp.Body.Ops {
			locks = locks || op.Kind == chanflow.Lock
		}
		if locks || len(s.Spawns) > 1 && sp.Loop() == s.Sleep.Loop() {
			continue
		}
		for _, mu := range s.m.Mutations(sp.Body, sp.Body.Body.List) {
			if !mu.Call && !indexed(mu.Node) {
				return mu.Obj.Name()
			}
			if !mu.Call && isMap(mu.Obj.Type()) {
				return mu.Obj.Name()
			}
		}
	}
	return ""
}

// indexed reports whether a write goes to an element: each goroutine may have
// its own.
func indexed(n ast.Node) bool {
	a, ok := n.(*ast.AssignStmt)
	if !ok {
		return false
	}
	_, ok = ast.Unparen(a.Lhs[0]).(*ast.IndexExpr)
	return ok
}

func isMap(t types.Type) bool {
	_, ok := t.Underlying().(*types.Map)
	return ok
}

// channel writes, for one goroutine,
//
//	go func() { … }()              done := make(chan struct{})
//	time.Sleep(d)                  go func() {
//	                          =>       defer close(done)
//	                                   …
//	                               }()
//	                               <-done
//
// The close is deferred first, so it runs last and on every way out. The body
// of a goroutine in a WaitGroup is left alone: the group is waited for.
func (s *site) channel() ([]refactor.Edit, error) {
	b := edit.New(s.pkg)
	sp := s.Spawns[0]
	if sp.Kind == chanflow.GroupGo {
		b.ReplaceNode(s.Sleep.Stmt, fmt.Sprintf("%s.Wait()", b.Text(sp.Group.Expr)))
		return b.Edits()
	}
	name := b.Fresh(sp.Stmt.Pos(), "done")
	b.InsertBefore(s.m.Anchor(sp.Stmt, s.Sleep.Stmt), name+" := make(chan struct{})")
	s.first(b, sp, "defer close("+name+")")
	b.ReplaceNode(s.Sleep.Stmt, "<-"+name)
	return b.Edits()
}

// group writes, for several goroutines,
//
//	for … {                        var wg sync.WaitGroup
//		go func() { … }()          for … {
//	}                         =>       wg.Go(func() { … })
//	time.Sleep(d)                  }
//	                               wg.Wait()
//
// or Add and a deferred Done where the language has no Go method yet or the
// literal has parameters. Add happens before the go statement and so before
// Wait.
func (s *site) group() ([]refactor.Edit, error) {
	b := edit.New(s.pkg)
	first := s.m.Anchor(s.Spawns[0].Stmt, s.Sleep.Stmt)
	name := b.Fresh(first.Pos(), "wg")
	b.InsertBefore(first, fmt.Sprintf("var %s %s.WaitGroup", name, b.Import(first.Pos(), "sync")))
	for _, sp := range s.Spawns {
		if stmt, ok := sp.Stmt.(*ast.GoStmt); ok && s.hasGo(sp) && s.groupGo(b, stmt, name) {
			continue
		}
		b.InsertBefore(sp.Stmt, name+".Add(1)")
		s.first(b, sp, "defer "+name+".Done()")
	}
	b.ReplaceNode(s.Sleep.Stmt, name+".Wait()")
	return b.Edits()
}

// first makes a goroutine begin with a statement. A literal that the package's
// own function starts does so itself.
func (s *site) first(b *edit.Builder, sp *chanflow.Spawn, stmt string) {
	if g, ok := sp.Stmt.(*ast.GoStmt); ok {
		b.WrapGo(g, stmt, s.stable)
	} else {
		b.InsertFirst(sp.Lit().Body, stmt)
	}
}

// groupGo turns a go statement into a call of WaitGroup.Go where nothing has
// to be evaluated before the goroutine starts.
func (s *site) groupGo(b *edit.Builder, stmt *ast.GoStmt, name string) bool {
	if lit, ok := ast.Unparen(stmt.Call.Fun).(*ast.FuncLit); ok {
		if len(lit.Type.Params.List) > 0 || lit.Type.Results != nil {
			return false
		}
		if b.HasComment(stmt.Pos(), lit.Pos()) || b.HasComment(lit.End(), stmt.End()) {
			return false // it would be lost
		}
		b.Replace(stmt.Pos(), lit.Pos(), name+".Go(")
		b.Replace(lit.End(), stmt.End(), ")")
		return true
	}
	call, params, _, err := b.Deferrable(stmt.Call, s.stable)
	if err != nil || len(params) > 0 {
		return false
	}
	if len(stmt.Call.Args) == 0 && s.m.Static(stmt.Call) != nil && s.m.Static(stmt.Call).Signature().Results().Len() == 0 {
		b.ReplaceNode(stmt, fmt.Sprintf("%s.Go(%s)", name, b.Text(stmt.Call.Fun)))
		return true
	}
	b.ReplaceNode(stmt, fmt.Sprintf("%s.Go(func() { %s })", name, call))
	return true
}

// hasGo reports whether the language version has WaitGroup.Go.
func (s *site) hasGo(sp *chanflow.Spawn) bool {
	v := sp.Fn.File.GoVersion
	return v != "" && version.Compare(v, "go1.25") >= 0
}

// stable reports whether a variable keeps the value that it has now for as
// long as the goroutine may look at it: it is never assigned again and, in a
// loop, new in every iteration (Go 1.22).
func (s *site) stable(obj types.Object) bool {
	if v, ok := obj.(*types.Var); !ok || v.IsField() || s.m.Assigned(obj) {
		return false
	}
	if obj.Parent() == s.pkg.Types.Scope() {
		return false
	}
	v := s.pkg.FileOf(obj.Pos()).GoVersion
	return !s.m.IsLoopVar(obj) || v != "" && version.Compare(v, "go1.22") >= 0
}
