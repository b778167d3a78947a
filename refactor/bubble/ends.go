package bubble

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"handshake/refactor/chanflow"
	"handshake/refactor/prove"
)

// survivors returns why a goroutine may not have ended when the test has, which
// the bubble takes for a deadlock; or "".
//
// A goroutine that the test itself waits for ends, or the test would not pass
// now. Of the others the state machine tells whether they are blocked for ever
// when the test is over; but it takes calls that leave the package to return.
func (t *Test) survivors() string {
	awaited := make(map[ast.Node]bool)
	open := false
	for _, sp := range t.m.Spawns {
		if !t.reach.runs(sp.Stmt) {
			continue
		}
		text := t.text(sp.Stmt)
		if f := sp.Static; sp.Body == nil && f != nil && !t.pkg.Declares(f) && !mayBlock(f, t.reach.pipes) && !letsPass(f) && !waitsForOthers(f) {
			continue // it returns
		}
		if sp.Body == nil {
			return fmt.Sprintf("it is not known whether the goroutine of %s ends with the test", text)
		}
		if t.m.Awaits(t.Fn, sp) {
			awaited[sp.Body.Node()] = true
			continue
		}
		if call := t.blocked(sp.Body, make(map[*chanflow.Func]bool)); call != nil {
			return fmt.Sprintf("it is not known whether %s in a goroutine returns when the test ends", t.text(call))
		}
		open = true
	}
	for _, f := range t.reach.waits {
		open = open || f.Name() == "AfterFunc"
	}
	if !open {
		return ""
	}
	left, doubt := prove.Survivors(t.pkg, t.Fn)
	for _, s := range left {
		if s.Body == nil || !awaited[s.Body] {
			return s.Reason
		}
	}
	if doubt != "" {
		return "it is not known whether every goroutine ends with the test: " + doubt
	}
	return ""
}

// waitsForOthers reports whether a method of package sync may block.
func waitsForOthers(f *types.Func) bool {
	switch f.Name() {
	case "Wait", "Lock", "RLock", "Do":
		return true
	}
	return false
}

// blocked returns a call of another package, in what the goroutine runs, that
// may wait for somebody.
func (t *Test) blocked(f *chanflow.Func, seen map[*chanflow.Func]bool) (found *ast.CallExpr) {
	if seen[f] {
		return nil
	}
	seen[f] = true
	ast.Inspect(f.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || found != nil {
			return found == nil
		}
		targets := t.m.Targets(call)
		for _, g := range targets {
			if at := t.blocked(g, seen); at != nil && found == nil {
				found = at
			}
		}
		if g := t.m.Static(call); g != nil && len(targets) == 0 && !t.pkg.Declares(g) && mayBlock(g, t.reach.pipes) {
			found = call
		}
		return found == nil
	})
	return found
}

// text returns the source of a node on one line, not too long.
func (t *Test) text(n ast.Node) string {
	text, _, _ := strings.Cut(t.pkg.FileOf(n.Pos()).Text(n.Pos(), n.End()), "\n")
	if len(text) > 40 {
		text = text[:40] + "…"
	}
	return strings.TrimSuffix(text, " {")
}

// locked returns why waiting for a lock may stop the clock, or "". To wait for
// a mutex is no reason for the clock of a bubble to go on: whoever holds one
// while it waits for the clock keeps the others, and so itself, waiting for
// ever. A sync.Cond gives its own lock back.
func (t *Test) locked() string {
	for _, f := range t.m.Funcs {
		if f != t.Fn && !t.reach.runs(f.Body) {
			continue
		}
		check := func(n ast.Node, cond bool) string {
			held := f.Held(n)
			if len(held) == 0 || cond && len(held) == 1 {
				return ""
			}
			return fmt.Sprintf("%s is held at %s: no time passes while another goroutine waits for it", held[0].Name(), t.text(n))
		}
		for _, s := range f.Sleeps {
			if why := check(s.Stmt, false); why != "" {
				return why
			}
		}
		for _, op := range f.Ops {
			var n ast.Node
			cond := false
			switch op.Kind {
			case chanflow.Send, chanflow.Recv:
				if op.Select == nil {
					n = op.Node
				}
			case chanflow.Select:
				sel := op.Node.(*ast.SelectStmt)
				n = sel
				for _, c := range sel.Body.List {
					if c.(*ast.CommClause).Comm == nil {
						n = nil
					}
				}
			case chanflow.Wait:
				n = op.Node
				cond = strings.Contains(fmt.Sprint(t.pkg.Info.TypeOf(op.Ref.Expr)), "sync.Cond")
			}
			if n == nil || op.Deferred {
				continue
			}
			if why := check(n, cond); why != "" {
				return why
			}
		}
	}
	return ""
}
