package bubble

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
)

// Move returns the edits that move the test, whether it is withheld or not. It
// writes
//
//	func TestX(t *testing.T) {        func TestX(t *testing.T) {
//		…                                 synctest.Test(t, func(t *testing.T) {
//		time.Sleep(d)        =>               …
//		…                                     synctest.Wait()
//	}                                         …
//	                                      })
//	                                  }
//
// A sleep in a bubble returns when all other goroutines are blocked and the clock
// has moved on. Where nobody but the test itself waits for the clock, and nobody
// looks at it, nothing can happen on the way: the sleep is a Wait, and says so
// afterwards. All other sleeps stay; they are exact now, and take no time. Where one
// is a guess about a goroutine, a Wait behind it gives that the last word: what is
// due at the same moment has been done, also for the race detector.
func (t *Test) Move() ([]refactor.Edit, error) {
	b := edit.New(t.pkg)
	body := t.Fn.Body
	pkg := b.Import(body.Lbrace+1, "testing/synctest")
	param := t.Fn.Decl.Type.Params.List[0]
	open := fmt.Sprintf("%s.Test(%s, func(%s) {", pkg, param.Names[0].Name, b.Text(param))
	if first := t.body()[0]; first == body.List[0] {
		b.Insert(t.opened(), "\n"+open)
	} else {
		var last ast.Stmt
		for _, s := range body.List {
			if s == first {
				break
			}
			last = s
		}
		b.InsertAfter(last, open)
	}
	b.InsertLast(body, "})")
	timed := t.timed()
	for _, s := range t.Fn.Sleeps {
		switch {
		case !t.reach.runs(s.Stmt):
		case !timed && s.Loop() == nil: // in a loop, it may pace something
			b.ReplaceNode(s.Stmt, pkg+".Wait()")
		case t.guesses(s):
			b.InsertAfter(s.Stmt, pkg+".Wait()")
		}
	}
	return b.Edits()
}

// opened returns the end of what is on the line of the opening brace: a comment
// there is about the test.
func (t *Test) opened() token.Pos {
	brace, tok := t.Fn.Body.Lbrace, t.Fn.File.Tok
	for _, g := range t.Fn.File.Syntax.Comments {
		if brace < g.Pos() && tok.Line(g.Pos()) == tok.Line(brace) && g.Pos() < t.body()[0].Pos() {
			return g.List[0].End()
		}
	}
	return brace + 1
}

// guesses reports whether the sleep is known to be a guess about goroutines.
func (t *Test) guesses(s *chanflow.Sleep) bool {
	return t.m.GuessStop(s) != nil || slices.ContainsFunc(t.m.Guesses(), func(g *chanflow.Guess) bool { return g.Sleep == s })
}

// timed reports whether code in reach reads the clock, or waits for it other than
// in a sleep of the test itself or in a guard that fails it.
func (t *Test) timed() bool {
	if t.reach.now {
		return true
	}
	own := make(map[ast.Node]bool)
	for _, s := range t.Fn.Sleeps {
		own[s.Call] = true
	}
	found := false
	for _, code := range t.reach.code {
		ast.Inspect(code, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || found {
				return !found
			}
			f := t.m.Static(call)
			found = f != nil && letsPass(f) && !own[call] && !t.m.FailsWhen(call)
			return !found
		})
	}
	return found
}
