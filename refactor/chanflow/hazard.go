package chanflow

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"strings"
	"time"
)

// Callback returns a call on the goroutine of code that is supplied from
// elsewhere, which may do anything: a function value that is stored or handed
// in, or a method of an interface that others implement.
func (r *Run) Callback() *ast.CallExpr {
	var found *ast.CallExpr
	for _, s := range r.steps {
		s.calls(func(call *ast.CallExpr) {
			if found == nil && s.fn.model.callsBack(s.fn, call) {
				found = call
			}
		})
	}
	return found
}

func (m *Model) callsBack(f *Func, call *ast.CallExpr) bool {
	fun := ast.Unparen(call.Fun)
	tv := m.Pkg.Info.Types.Of(fun)
	if tv.IsType() || tv.IsBuiltin() || m.Callee(call) != nil {
		return false
	}
	callee := m.Static(call)
	if callee == nil {
		return m.supplied(fun)
	}
	if recv := callee.Signature().Recv(); recv != nil && types.IsInterface(recv.Type()) {
		return m.ImplementedByOthers(callee) && !m.partOfForeign(fun)
	}
	if !m.Pkg.Declares(callee) {
		for _, arg := range call.Args { // handed on, to be called there
			t := m.Pkg.Info.TypeOf(arg)
			if t == nil {
				continue
			}
			if _, ok := t.Underlying().(*types.Signature); ok && m.supplied(arg) {
				return true
			}
			if pkg, _ := named(t); pkg == "io" && types.IsInterface(t) && !m.partOfForeign(arg) {
				return true
			}
		}
	}
	return false
}

// partOfForeign reports whether a method is called on a field of a struct that
// another package made, such as resp.Body.
func (m *Model) partOfForeign(fun ast.Expr) bool {
	sel, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	root := m.Root(sel.X)
	if root == nil || types.IsInterface(root.Type()) {
		return false
	}
	pkg, _ := named(root.Type())
	return pkg != "" && pkg != m.Pkg.Types.Path()
}

// supplied reports whether a function value may come from a user of the
// package: a field, a parameter or an exported variable holds it, or something
// that cannot be told.
func (m *Model) supplied(fun ast.Expr) bool {
	if isNamed(m.Pkg.Info.TypeOf(fun), "context", "CancelFunc") {
		return false
	}
	switch x := ast.Unparen(fun).(type) {
	case *ast.FuncLit:
		return false
	case *ast.Ident:
		switch obj := m.Pkg.Info.Uses.Of(x).(type) {
		case *types.Nil, *types.Func:
			return false
		case *types.Var:
			if obj.Parent() == m.Pkg.Types.Scope() {
				return obj.Exported()
			}
			return m.byObj[obj] == nil
		}
	case *ast.SelectorExpr:
		switch obj := m.Pkg.Info.Uses.Of(x.Sel).(type) {
		case *types.Func:
			return false
		case *types.Var:
			return obj.IsField()
		}
	}
	return true
}

// Interfaces whose methods do not call back: by convention, loggers and
// metrics.
var inward = regexp.MustCompile(`(?i)log|metric|counter|gauge|histogram|observer|clock|tracer|span`)

// ImplementedByOthers reports whether a method of an interface may be code that
// is supplied from elsewhere: not where the interface is unexported, or one of
// those whose methods do not call back by convention.
func (m *Model) ImplementedByOthers(method *types.Func) bool {
	if method.Pkg() == nil {
		return false // error.Error
	}
	switch method.Pkg().Path() {
	case "context", "net", "hash", "reflect", "io/fs", "go/types", "go/ast", "os", "sync", "crypto":
		return false
	}
	_, name := named(method.Signature().Recv().Type())
	if m.Pkg.Declares(method) {
		return (name == "" || ast.IsExported(name)) && !inward.MatchString(name)
	}
	return !inward.MatchString(name) && !inward.MatchString(method.Pkg().Path())
}

// Blocker returns an operation on which the goroutine may stay although it was
// told to stop, and what it is; nil if there is none.
func (l *Leaver) Blocker() (at ast.Node, what string) {
	m := l.Spawn.Fn.model
	heeds := func(ref Ref) bool { return m.SameSignal(ref.Obj, l.signal) }
	selects := make(map[*ast.SelectStmt]bool)
	for op, ref := range l.Run.Ops() {
		if op.Kind == Recv && op.Select != nil && (heeds(ref) && m.leavesOn(op) || m.ticks(op)) {
			selects[op.Select] = true
		}
	}
	for op, ref := range l.Run.Ops() {
		switch {
		case op.Kind == Select:
			if sel := op.Node.(*ast.SelectStmt); !selects[sel] && !hasDefault(sel) {
				return sel, "a select without it"
			}
		case op.Kind == Recv && op.Select == nil && !heeds(ref) && !m.ticks(op):
			return op.Node, fmt.Sprintf("a receive from %s", m.source(op.Ref.Expr))
		case op.Kind == Send && op.Select == nil && (op.Loop() != nil || !m.buffered(op.Ref.Expr)):
			return op.Node, fmt.Sprintf("a send to %s", m.source(op.Ref.Expr))
		case op.Kind == Wait || op.Kind == Serve:
			return op.Node, "a call of " + m.source(op.Node.(*ast.CallExpr).Fun)
		}
	}
	for _, s := range l.Run.steps {
		s.calls(func(call *ast.CallExpr) {
			if at == nil && m.waitsOutside(call) && !(l.Op.Ref.Context && m.takesContext(call)) {
				at, what = call, "a call of "+m.source(call.Fun)
			}
		})
		if loop := l.endlessLoop(s.fn); loop != nil {
			return loop, "a loop without end"
		}
		for _, sleep := range s.fn.Sleeps {
			if at == nil && (sleep.Duration == 0 || sleep.Duration > time.Second) {
				at, what = sleep.Stmt, m.source(sleep.Call)
			}
		}
	}
	return at, what
}

// endlessLoop returns a loop of the frame that goes on until something happens
// which is not the stop signal, or nil.
func (l *Leaver) endlessLoop(f *Func) (found ast.Stmt) {
	m := f.model
	heeds := func(loop ast.Node) bool {
		for op, ref := range l.Run.Ops() {
			if op.Kind == Recv && m.SameSignal(ref.Obj, l.signal) && within(loop, op.Node) {
				return true
			}
		}
		for _, op := range f.Ops { // in a function that is called
			if op.Kind == Call && op.Callee != nil && within(loop, op.Node) && l.Run.Has(op.Callee) && op.Callee.Body != nil && within(op.Callee.Body, l.Op.Node) {
				return true
			}
		}
		return false
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return m.frames[n] == f
		case *ast.ForStmt:
			if n.Post == nil && !heeds(n) && (n.Cond == nil && !breaks(n.Body) || n.Cond != nil && m.sleepsIn(f, n)) {
				found = n
			}
		}
		return found == nil
	})
	return found
}

// ticks reports whether a receive is answered by time alone.
func (m *Model) ticks(op *Op) bool {
	if op.Ref.Expr == nil {
		return false
	}
	ch := IsChan(m.Pkg.Info.TypeOf(op.Ref.Expr))
	return ch != nil && isNamed(ch.Elem(), "time", "Time")
}

func (m *Model) source(e ast.Expr) string {
	if e == nil {
		return "a channel"
	}
	return types.ExprString(e)
}

// Methods of other packages that wait for a peer for as long as that likes.
var awaits = regexp.MustCompile(`^(Read|ReadFrom\w*|ReadMsg\w*|ReadByte|ReadRune|ReadString|ReadBytes|ReadLine|ReadSlice|ReadMessage|ReadJSON|ReadPacket|Peek|Recv\w*|Receive\w*|Scan|Accept\w*|Wait\w*|Await\w*|Next\w*|B?[LR]?Pop\w*|Take\w*|Dequeue\w*|Consume\w*|Poll\w*|Pull\w*|Fetch\w*)$`)

// Types whose Get waits until there is something to get.
var queues = regexp.MustCompile(`(?i)queue|mailbox|inbox|stream|subscription|consumer|broker`)

// waitsOutside reports whether a call whose code is not in this package may wait
// for a peer without end. Reading from memory and from regular files does not.
func (m *Model) waitsOutside(call *ast.CallExpr) bool {
	f := m.Static(call)
	if f == nil || f.Pkg() == nil {
		return false
	}
	recv := f.Signature().Recv()
	if recv == nil {
		return m.reads(f, call) || !m.Pkg.Declares(f) && m.writesOut(f, call)
	}
	if m.Pkg.Declares(f) && !types.IsInterface(recv.Type()) {
		return false // what it does is known
	}
	if _, ok := syncKind(f); ok {
		return false
	}
	pkg, name := named(recv.Type())
	switch pkg {
	case "bytes", "strings", "hash", "math/rand", "crypto/rand", "encoding/csv", "archive/zip", "archive/tar", "database/sql":
		return false
	case "os/exec":
		return name == "Cmd" && f.Name() != "Start"
	case "io":
		if name == "PipeWriter" || name == "PipeReader" {
			return f.Name() != "Close" && f.Name() != "CloseWithError"
		}
	}
	if results := f.Signature().Results(); strings.HasSuffix(name, "Client") && results.Len() > 0 && IsError(results.At(results.Len()-1).Type()) {
		return f.Name() != "Close" // it asks a server, which may not answer
	}
	return awaits.MatchString(f.Name()) || m.writesOut(f, call) || f.Name() == "Get" && queues.MatchString(pkg+"."+name)
}

// reads reports whether a function reads from its arguments, or from standard
// input, until that ends.
func (m *Model) reads(f *types.Func, call *ast.CallExpr) bool {
	switch f.FullName() {
	case "fmt.Scan", "fmt.Scanf", "fmt.Scanln":
		return true
	case "io.Copy", "io.CopyN", "io.CopyBuffer", "io.ReadAll", "io.ReadFull", "io.ReadAtLeast":
	default:
		return false
	}
	for _, arg := range call.Args {
		if pkg, _ := named(m.Pkg.Info.TypeOf(arg)); pkg == "bytes" || pkg == "strings" {
			return false
		}
		if m.partOfForeign(arg) {
			return false
		}
	}
	return true
}

// takesContext reports whether a call gets a context, so that it ends with that.
func (m *Model) takesContext(call *ast.CallExpr) bool {
	for _, arg := range call.Args {
		if isContext(m.Pkg.Info.TypeOf(arg)) {
			return true
		}
	}
	return false
}

// breaks reports whether the body of a loop has a way out of it.
func breaks(body *ast.BlockStmt) bool {
	if leavesLoopIn(body.List) {
		return true
	}
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
			return false
		case *ast.BranchStmt:
			found = found || n.Tok == token.BREAK
		}
		return !found
	})
	return found
}
