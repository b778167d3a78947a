package chanflow

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
	"time"
)

// IsGuess reports whether the sleep may be a guess about another goroutine, as
// far as the sleep itself and its surroundings tell. It is not where sleeping
// is the behaviour: in a bubble with a virtual clock, for a computed or named
// interval, where time is measured, in an example, or where what follows
// proves that something has not happened.
func (s *Sleep) IsGuess() bool {
	switch {
	case s.Fn.InBubble(),
		s.Duration <= 0,
		namesInterval(s.Arg),
		isExample(s.Fn.Top()),
		s.Fn.model.measuresTime(s.Fn),
		s.ProvesNegative():
		return false
	}
	return true
}

// Words that name a duration after its meaning: the sleep is then about time.
var interval = regexp.MustCompile(`(?i)interval|timeout|ttl|expir|delay|backoff|period|jitter|deadline|window|lease|grace|rate|tick|cooldown|latency|poll|retry`)

// namesInterval reports whether the duration is given by a name that says what
// it means, as opposed to a bare number of milliseconds.
func namesInterval(e ast.Expr) bool {
	found := false
	if e == nil {
		return false
	}
	ast.Inspect(e, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" {
				return false
			}
		}
		if id, ok := n.(*ast.Ident); ok && interval.MatchString(id.Name) {
			found = true
		}
		return !found
	})
	return found
}

func isExample(f *Func) bool {
	return f.Decl != nil && f.Decl.Recv == nil && strings.HasPrefix(f.Decl.Name.Name, "Example") && f.isTest()
}

// isTest reports whether the frame is in a file that only tests see.
func (f *Func) isTest() bool { return strings.HasSuffix(f.File.Name, "_test.go") }

// measuresTime reports whether the frame compares points in time.
func (m *Model) measuresTime(f *Func) bool {
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return m.frames[n] == f
		case *ast.CallExpr:
			switch fullName(m.Static(n)) {
			case "time.Since", "time.Until", "(time.Time).Sub", "(time.Time).After", "(time.Time).Before":
				found = true
			}
		}
		return !found
	})
	return found
}

// FitsConfigured reports whether the function around the sleep mentions another
// constant duration that is not much longer than the sleep: a time-out, an
// expiry or a tick that the code under test was configured with. The sleep is
// then about that time, not about a goroutine's progress. Durations ten times
// as long are guards that never run out when all is well.
func (s *Sleep) FitsConfigured() bool {
	m := s.Fn.model
	slept := make(map[ast.Expr]bool)
	for _, other := range m.Sleeps {
		slept[other.Arg] = true
	}
	found := false
	ast.Inspect(s.Fn.Test().Node(), func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		if !ok || found {
			return !found
		}
		if slept[e] {
			return false
		}
		if d := m.Duration(e); d > 0 {
			if _, unit := e.(*ast.SelectorExpr); unit && isUnit(m, e) {
				return false // a bare unit, part of a computed duration
			}
			found = d < 10*s.Duration
			return false
		}
		return true
	})
	return found
}

func isUnit(m *Model, e ast.Expr) bool {
	switch m.Duration(e) {
	case time.Nanosecond, time.Microsecond, time.Millisecond:
		return true
	}
	return false
}

// Words, in a comment at the sleep or in the message of the check behind it,
// that tell of something that must not have happened.
var negative = regexp.MustCompile(`(?i)\b(should(n't| not)|must(n't| not)|mustnt|never|too early|prematurely|before it|still|not yet|nothing|no longer|haven't|hasn't|does(n't| not)|did(n't)? (fire|run|trigger)|expect(ed)? no|expecting no|unblocked|blocks?|blocked|stays?|remains?|parked|leak(s|ed)?)\b`)

// ProvesNegative reports whether the code behind the sleep asserts that
// something has not happened: no event could end such a wait.
func (s *Sleep) ProvesNegative() bool {
	m := s.Fn.model
	if m.commentMatches(s, negative) {
		return true
	}
	n := 0
	for st := range m.After(s.Stmt) {
		if n++; n > 3 {
			break
		}
		switch st := st.(type) {
		case *ast.SelectStmt:
			return m.negativeSelect(st)
		case *ast.IfStmt:
			if !m.fails(st.Body) {
				continue
			}
			return m.assertsAbsence(st.Cond) || negative.MatchString(literals(st.Body))
		case *ast.SwitchStmt:
			if m.negativeSwitch(st) {
				return true
			}
		case *ast.ExprStmt:
			if call, ok := st.X.(*ast.CallExpr); ok {
				if neg, is := m.negativeAssert(call); is {
					return neg || negative.MatchString(literals(call))
				}
				if m.negativeHelper(call) {
					return true
				}
			}
		}
		if m.waitsIn(s.Fn, st) {
			return false
		}
	}
	return false
}

// commentMatches looks at the comments on the line of the sleep and on the
// lines directly above it.
func (m *Model) commentMatches(s *Sleep, re *regexp.Regexp) bool {
	fset := m.Pkg.Fset
	line := fset.Position(s.Stmt.Pos()).Line
	for _, g := range s.Fn.File.Syntax.Comments {
		end := fset.Position(g.End()).Line
		if (end == line || end == line-1) && g.Pos() >= s.Fn.Node().Pos() {
			if re.MatchString(g.Text()) {
				return true
			}
		}
	}
	return false
}

// literals returns the string literals in a node, joined.
func literals(n ast.Node) string {
	var b strings.Builder
	ast.Inspect(n, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			b.WriteString(lit.Value)
			b.WriteByte(' ')
		}
		return true
	})
	return b.String()
}

// waitsIn reports whether a statement of the frame may wait for another
// goroutine, by itself or through functions of the package.
func (m *Model) waitsIn(f *Func, s ast.Stmt) bool {
	for op := range f.Within(s.Pos(), s.End()) {
		switch op.Kind {
		case Send, Recv, Select, Wait, Serve:
			if !op.Deferred {
				return true
			}
		case Call:
			if op.Callee != nil && !op.Deferred && op.Callee.MayDo(Recv, Wait, Send, Serve) {
				return true
			}
		}
	}
	return false
}
