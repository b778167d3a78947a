package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/tools/go/ast/inspector"
)

// A Deaf is a sleep between the rounds of a loop, or before another try, that
// does not end when its goroutine is told to stop.
type Deaf struct {
	Sleep   *Sleep
	Signal  types.Object // the context, or the stop channel
	Context bool         // it is a context
	From    string       // the channel to receive from, as source text
	Heard   ast.Node     // where the loop looks at the signal, or nil
	For     ast.Expr     // how long is slept
	Param   types.Object // the parameter in For that stands for the one argument of a function that sleeps; nil without

	Leave    Leave
	Repeat   ast.Stmt // of Repeats: the statement
	Results  []string // of Returns: what is returned, as source text; $ctx stands for the context
	Loop     ast.Stmt // of Breaks: the loop
	Withheld string   // why the sleep cannot be woken, or ""
}

// Leave is what to do when the signal comes during the sleep.
type Leave int

const (
	Wakes   Leave = iota // nothing: what follows looks at the signal
	Repeats              // what the loop does elsewhere when the signal has come
	Returns              // return
	Breaks               // break out of a loop
)

// DeafSleeps returns the sleeps of production code that no stop signal in their
// reach wakes, in source order.
func (m *Model) DeafSleeps() []*Deaf {
	var out []*Deaf
	for _, s := range m.Sleeps {
		if d := m.deaf(s); d != nil {
			out = append(out, d)
		}
	}
	return out
}

// shortest is what is not worth waking from.
const shortest = 10 * time.Millisecond

func (m *Model) deaf(s *Sleep) *Deaf {
	if s.Duration > 0 && s.Duration <= shortest || !m.isProduction(s) {
		return nil
	}
	f := &deafFinder{Model: m, Deaf: &Deaf{Sleep: s}, loop: s.Loop()}
	if f.loop == nil && !f.again() {
		return nil
	}
	if f.deferred() || !f.hears() && !f.reaches() {
		return nil
	}
	if f.stopped() || f.paced() {
		return nil
	}
	f.For = f.duration()
	if f.Heard != nil {
		if !f.answer() {
			return nil
		}
	} else if f.pause {
		f.Leave = Wakes
	} else if !f.leave() {
		return nil
	}
	return f.Deaf
}

// A deafFinder finds out what a sleep ought to listen to.
type deafFinder struct {
	*Model
	*Deaf
	loop     ast.Stmt   // the innermost loop around the sleep, or nil
	pause    bool       // the sleep comes right before a plain return
	heardIn  ast.Stmt   // the loop that hears the signal
	reaction []ast.Stmt // what it does then; nil if its condition hears it
}

// Folders, functions, types and comments of code that is not made to be stopped:
// demonstrations, helpers of tests, clocks, simulated work.
var (
	demoFolder = regexp.MustCompile(`(?i)(^|/)_?(examples?|demos?|samples?|tests?|testing|testutils?|testdata|testhelpers?|e2e|integration|interop|mocks?|fakes?|bench(mark)?s?|testfiles)(/|$)|test$|test(util|ing)s?$|[-_]tests?(/|$)`)
	clockName  = regexp.MustCompile(`(?i)sleep|clock|mock|fake|simulat|example|demo`)
	pretends   = regexp.MustCompile(`(?i)\b(simulat\w*|pretend\w*|mock\w*|fake\w*|demo\w*|on purpose|intentional\w*|deliberate\w*|hang forever)\b`)
)

// isProduction reports whether the sleep is in code that does not only test or
// demonstrate something.
func (m *Model) isProduction(s *Sleep) bool {
	top := s.Fn.Top()
	name := top.Name()
	if strings.HasSuffix(s.Fn.File.Name, "_test.go") || demoFolder.MatchString(m.Pkg.Path) || clockName.MatchString(name) ||
		clockName.MatchString(filepath.Base(s.Fn.File.Name)) || top.IsMain() || s.Fn.Testing() != nil || reportsFailure(top) || s.Fn.InBubble() {
		return false
	}
	for _, spec := range s.Fn.File.Syntax.Imports {
		if strings.Trim(spec.Path.Value, `"`) == "testing" {
			return false
		}
	}
	return !m.commentMatches(s, pretends)
}

// reportsFailure reports whether a function gets what it reports a failed test
// to, under an interface of its own.
func reportsFailure(f *Func) bool {
	for _, p := range f.Params() {
		if p != nil && types.IsInterface(p.Type()) && hasMethod(p.Type(), "Errorf") && (hasMethod(p.Type(), "Logf") || hasMethod(p.Type(), "FailNow")) {
			return true
		}
	}
	return false
}

// again reports whether the frame sleeps before another try that no loop tells
// of: a jump back, a call of itself, or a return where a try has failed, upon
// which its caller tries again.
func (f *deafFinder) again() bool {
	list, i := siblings(f.Sleep.cur())
	if list[0] == nil || i+1 >= len(list) {
		return false
	}
	switch next := list[i+1].(type) {
	case *ast.BranchStmt:
		return next.Tok == token.GOTO && f.labeled(next.Label) != nil && f.labeled(next.Label).Pos() < f.Sleep.Stmt.Pos()
	case *ast.ReturnStmt:
		if len(next.Results) == 1 {
			call, ok := ast.Unparen(next.Results[0]).(*ast.CallExpr)
			return ok && f.Sleep.Fn.Decl != nil && f.Callee(call) == f.Sleep.Fn
		}
		check, ok := f.Sleep.cur().Parent().Parent().Node().(*ast.IfStmt)
		f.pause = ok && len(next.Results) == 0 && f.Sleep.Fn.Type.Results == nil && f.failed(check.Cond)
		return f.pause
	}
	return false
}

// failed reports whether a condition is err != nil.
func (m *Model) failed(cond ast.Expr) bool {
	b, ok := ast.Unparen(cond).(*ast.BinaryExpr)
	return ok && b.Op == token.NEQ && m.Pkg.Info.Types.Of(b.Y).IsNil() && IsError(m.Pkg.Info.TypeOf(b.X))
}

// labeled returns the statement with the label, which the sleep's frame has.
func (f *deafFinder) labeled(label *ast.Ident) (out *ast.LabeledStmt) {
	ast.Inspect(f.Sleep.Fn.Body, func(n ast.Node) bool {
		if l, ok := n.(*ast.LabeledStmt); ok && l.Label.Name == label.Name {
			out = l
		}
		return true
	})
	return out
}

// deferred reports whether the sleep is part of what runs when its frame ends.
func (f *deafFinder) deferred() bool {
	for c := range f.Sleep.cur().Enclosing((*ast.DeferStmt)(nil), (*ast.FuncDecl)(nil)) {
		_, ok := c.Node().(*ast.DeferStmt)
		return ok
	}
	return false
}

// stopped reports whether the signal has come before the sleep begins: what runs
// then is clean-up.
func (f *deafFinder) stopped() bool {
	s := f.Sleep
	for _, op := range s.Fn.Ops {
		if op.Node.End() > s.Stmt.Pos() || op.Deferred || !f.SameSignal(op.Ref.Obj, f.Signal) {
			continue
		}
		switch {
		case op.Kind == Close || op.Kind == Cancel || op.Kind == Recv && op.Select == nil:
			if !f.passedBy(op.cur(), s.Stmt) {
				return true
			}
		case op.Kind == Recv && op.Select != nil:
			for c := range op.cur().Enclosing((*ast.CommClause)(nil)) {
				if within(c.Node(), s.Stmt) {
					return true
				}
				break
			}
		}
	}
	for c := range s.cur().Enclosing((*ast.IfStmt)(nil), (*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		st, ok := c.Node().(*ast.IfStmt)
		if !ok {
			break
		}
		if within(st.Body, s.Stmt) && f.checksErr(st) != nil {
			return true
		}
	}
	return false
}

// paced reports whether the loop waits for the same time elsewhere, where the
// signal wakes it, in rounds in which it does not sleep.
func (f *deafFinder) paced() bool {
	if f.loop == nil {
		return false
	}
	found := false
	for op := range f.Sleep.Fn.Within(f.loop.Pos(), f.loop.End()) {
		if op.Kind != Select || f.sameRound(op.Node.(ast.Stmt)) {
			continue
		}
		hears, waits := false, false
		for _, c := range op.Node.(*ast.SelectStmt).Body.List {
			recv, _ := received(c.(*ast.CommClause).Comm).(*ast.UnaryExpr)
			if recv == nil {
				continue
			}
			hears = hears || f.SameSignal(f.Ref(recv.X).Obj, f.Signal)
			if call, ok := ast.Unparen(recv.X).(*ast.CallExpr); ok && fullName(f.Static(call)) == "time.After" && f.Sleep.Arg != nil {
				waits = waits || f.source(call.Args[0]) == f.source(f.Sleep.Arg)
			}
		}
		found = found || hears && waits
	}
	return found
}

// sameRound reports whether a round of the loop that sleeps comes by the
// statement, too.
func (f *deafFinder) sameRound(st ast.Stmt) bool {
	for before := range f.Before(f.Sleep.Stmt) {
		if before == st {
			return true
		}
	}
	for after := range f.After(f.Sleep.Stmt) {
		if _, leaves := after.(*ast.BranchStmt); leaves || after == st {
			return !leaves
		}
	}
	return false
}

// duration returns how long is slept, as an expression that means the same
// where the sleep is, but for the parameter of a function of the package that
// sleeps; nil if such a function computes it from something else.
func (f *deafFinder) duration() ast.Expr {
	s := f.Sleep
	if s.Wrapper == nil {
		return s.Arg
	}
	inner := s.Wrapper.Sleeps[0].Arg
	if params := s.Wrapper.Params(); s.Wrapper.Sleeps[0].Wrapper == nil && len(params) == 1 && params[0] != nil && len(s.Call.Args) == 1 && f.scales(inner, params[0]) == 1 {
		f.Param = params[0]
		return inner
	}
	f.Withheld = s.Wrapper.Name() + " sleeps: it has to get the signal"
	return nil
}

// scales returns how often an expression mentions the variable, if besides that
// it is made of literals, operators, package time and conversions; else -1.
func (f *deafFinder) scales(e ast.Expr, v types.Object) int {
	n := 0
	ast.Inspect(e, func(node ast.Node) bool {
		ok := n >= 0
		switch node := node.(type) {
		case nil, *ast.ParenExpr, *ast.BasicLit, *ast.BinaryExpr:
		case *ast.CallExpr:
			ok = ok && f.Pkg.Info.Types.Of(node.Fun).IsType()
		case *ast.SelectorExpr:
			obj := f.Pkg.Info.Uses.Of(node.Sel)
			if ok && obj != nil && obj.Pkg() != nil && obj.Pkg().Path() == "time" && f.Pkg.Info.Selections.Of(node) == nil {
				return false
			}
			ok = false
		case *ast.Ident:
			if obj := f.Pkg.Info.Uses.Of(node); obj == v {
				n++
			} else {
				ok = ok && obj != nil && obj.Parent() == types.Universe
			}
		default:
			ok = false
		}
		if !ok {
			n = -1
		}
		return ok
	})
	return n
}

// enclosingLoops yields the loops of the frame around a node, innermost first.
func (m *Model) enclosingLoops(cur inspector.Cursor) (out []ast.Stmt) {
	for loop := m.loopOf(cur); loop != nil; loop = m.loopOf(m.cursor(loop)) {
		out = append(out, loop)
	}
	return out
}
