package chanflow

import (
	"cmp"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"time"

	"golang.org/x/tools/go/ast/inspector"
)

// A Sleep is a statement that does nothing but let time pass: time.Sleep(d),
// <-time.After(d), or a call of a function of the package that only sleeps.
type Sleep struct {
	Stmt *ast.ExprStmt
	Call *ast.CallExpr // the call of time.Sleep, time.After or the wrapper
	Arg  ast.Expr      // the duration, or the wrapper's argument
	Fn   *Func

	Wrapper *Func // the function of the package that sleeps, or nil

	// Duration is what is slept if that is a constant, else 0.
	Duration time.Duration
}

func (b *builder) sleep(stmt *ast.ExprStmt, call *ast.CallExpr, d ast.Expr) {
	ctx := b.top()
	if ctx == nil {
		return
	}
	s := &Sleep{Stmt: stmt, Call: call, Arg: d, Fn: ctx.fn, Duration: b.Duration(d)}
	b.sleeps = append(b.sleeps, s)
	ctx.fn.Sleeps = append(ctx.fn.Sleeps, s)
}

// wrappers adds the calls of functions that do nothing but sleep, such as
// func pause() { time.Sleep(tick) }, or that call one which does.
func (b *builder) wrappers() {
	sleeps := func(f *Func) bool {
		if f == nil || len(f.Sleeps) != 1 {
			return false
		}
		list := f.Body.List
		if len(list) == 2 && b.isHelper(list[0]) {
			list = list[1:]
		}
		return len(list) == 1 && f.Sleeps[0].Stmt == list[0]
	}
	known := make(map[*ast.CallExpr]bool)
	for grown := true; grown; {
		grown = false
		for _, f := range b.Funcs {
			for _, op := range f.Ops {
				if op.Kind != Call || op.Deferred || known[op.Node.(*ast.CallExpr)] || !sleeps(op.Callee) {
					continue
				}
				stmt, ok := op.cur().Parent().Node().(*ast.ExprStmt)
				if !ok {
					continue
				}
				s := &Sleep{Stmt: stmt, Call: op.Node.(*ast.CallExpr), Fn: f, Wrapper: op.Callee}
				if s.Duration = op.Callee.Sleeps[0].Duration; s.Duration == 0 {
					s.Duration = b.scaled(op.Callee, s.Call.Args)
				}
				for _, arg := range s.Call.Args {
					if t := b.Pkg.Info.TypeOf(arg); t == nil || !isTesting(t) {
						s.Arg = arg
					}
				}
				known[s.Call], grown = true, true
				b.Sleeps = append(b.Sleeps, s)
				f.Sleeps = append(f.Sleeps, s)
			}
		}
	}
	for _, f := range b.Funcs {
		sortSleeps(f.Sleeps)
	}
	sortSleeps(b.Sleeps)
}

// isHelper reports whether a statement is t.Helper().
func (b *builder) isHelper(st ast.Stmt) bool {
	x, ok := st.(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := x.X.(*ast.CallExpr)
	return ok && isFunc(b.Static(call), "testing", "Helper")
}

func sortSleeps(list []*Sleep) {
	slices.SortFunc(list, func(a, b *Sleep) int { return cmp.Compare(a.Stmt.Pos(), b.Stmt.Pos()) })
}

// scaled returns what a wrapper sleeps for a constant argument: the argument
// itself, or n units in time.Duration(n) * time.Millisecond; 0 if unknown.
func (b *builder) scaled(wrapper *Func, args []ast.Expr) time.Duration {
	params := wrapper.Params()
	for i, arg := range args {
		if i >= len(params) || params[i] == nil || b.Pkg.Info.Types.Of(arg).Value == nil {
			continue
		}
		if n, ok := constant.Int64Val(constant.ToInt(b.Pkg.Info.Types.Of(arg).Value)); ok {
			return b.sleepsFor(wrapper, params[i], n)
		}
	}
	return 0
}

func (b *builder) sleepsFor(wrapper *Func, param types.Object, n int64) time.Duration {
	sleep := wrapper.Sleeps[0]
	inner := sleep.Arg
	isParam := func(e ast.Expr) bool { // or a conversion of it
		if call, ok := ast.Unparen(e).(*ast.CallExpr); ok && len(call.Args) == 1 && b.Pkg.Info.Types.Of(call.Fun).IsType() {
			e = call.Args[0]
		}
		return b.Ref(e).Obj == param
	}
	if sleep.Wrapper != nil { // which may have it scaled
		for i, arg := range sleep.Call.Args {
			if params := sleep.Wrapper.Params(); isParam(arg) && i < len(params) && params[i] != nil {
				return b.sleepsFor(sleep.Wrapper, params[i], n)
			}
		}
		return 0
	}
	if isParam(inner) {
		return time.Duration(n)
	}
	if mul, ok := ast.Unparen(inner).(*ast.BinaryExpr); ok && mul.Op == token.MUL {
		switch {
		case isParam(mul.X):
			return time.Duration(n) * b.Duration(mul.Y)
		case isParam(mul.Y):
			return time.Duration(n) * b.Duration(mul.X)
		}
	}
	return 0
}

// Duration returns the value of a constant expression of type time.Duration,
// or 0.
func (m *Model) Duration(e ast.Expr) time.Duration {
	tv := m.Pkg.Info.Types.Of(e)
	if tv.Value == nil || !isNamed(tv.Type, "time", "Duration") {
		return 0
	}
	n, _ := constant.Int64Val(constant.ToInt(tv.Value))
	return time.Duration(n)
}

// Name returns what the sleep calls, as the source has it: "time.Sleep".
func (s *Sleep) Name() string {
	return s.Fn.File.Text(s.Call.Fun.Pos(), s.Call.Fun.End())
}

func (s *Sleep) cur() inspector.Cursor { return s.Fn.model.cursor(s.Stmt) }

// Loop returns the innermost loop of the frame around the sleep, or nil.
func (s *Sleep) Loop() ast.Stmt { return s.Fn.model.loopOf(s.cur()) }

// Conditional reports whether the frame can pass the sleep by.
func (s *Sleep) Conditional() bool { return s.Fn.model.conditional(s.cur()) }

// Words of a comment that speaks of a wait.
var waitWords = regexp.MustCompile(`(?i)\b(wait|sleep|give|gives|let|allow|time|enough|until|settle|moment|delay|pause|ready|second|seconds|bit|while|hope|hopefully)\w*\b`)

// SpeaksOfWait reports whether the comment is about a wait, as opposed to what
// follows it.
func SpeaksOfWait(comment string) bool { return waitWords.MatchString(comment) }

// Heir returns the statement that waits, once the sleep is gone, for what the
// sleep waited for: that of the frame with the node, or, if that is nil, what
// follows the sleep. nil if there is none.
func (m *Model) Heir(s *Sleep, node ast.Node) ast.Stmt {
	if node == nil {
		return m.next(s)
	}
	for st := range m.Before(s.Stmt) {
		if within(st, node) {
			return st
		}
	}
	return nil
}
