package chanflow

import (
	"go/ast"
	"go/types"
	"slices"
)

// A BareWait is a wait for the other side of a handshake that nothing bounds:
// a receive from a channel that is known to signal, or that carries an answer,
// or the Wait of a sync.WaitGroup.
type BareWait struct {
	Op   *Op
	Stmt ast.Stmt // the innermost statement that contains it
	For  string   // what is waited for, as source text: "s.stopped", "wg"

	// Context is a context that can be referred to and that may end while the
	// frame waits, or "".
	Context string

	// Grow are the makes of unbuffered channels that need room for one value,
	// or else the sender of it stays behind.
	Grow []*ast.CallExpr

	Withheld string // why the frame must not give up waiting, or ""
}

// BareWaits returns the waits of frames that run in a goroutine of their
// caller's, in source order. Waits in deferred calls, in bubbles of
// testing/synctest, which tell by themselves, and in what a benchmark measures are
// not among them.
func (m *Model) BareWaits() []*BareWait {
	var out []*BareWait
	for _, f := range m.Funcs {
		if f.Use == Spawned || f.InBubble() {
			continue
		}
		for _, op := range f.Ops {
			if w := m.bareWait(op); w != nil {
				out = append(out, w)
			}
		}
	}
	return out
}

func (m *Model) bareWait(op *Op) *BareWait {
	if op.Deferred || op.Ref.Obj == nil || op.Ref.Context || m.measured(op) {
		return nil
	}
	w := &BareWait{Op: op, Stmt: op.Stmt(), For: m.source(op.Ref.Expr)}
	switch op.Kind {
	case Wait:
		if !isNamed(op.Ref.Obj.Type(), "sync", "WaitGroup") {
			return nil
		}
		if op.Ref.Base == nil || op.Ref.Elem || op.Ref.Base != op.Ref.Obj && m.Assigned(op.Ref.Base) {
			w.Withheld = "which group is waited for may change meanwhile"
		}
	case Recv:
		if op.Range || op.Select != nil {
			return nil
		}
		life := m.Life(op.Ref.Obj)
		role, _ := life.Role(m)
		switch role {
		case RoleStarted, RoleStopped, RoleDone, RoleReady, RoleReply:
		default:
			return nil
		}
		if op.Fn.Reports() == ByReturn {
			m.makeRoom(w, life)
		}
	default:
		return nil
	}
	w.Context = m.boundOf(op)
	switch {
	case op.Fn.Reports() == Nothing || op.Fn.Reports() == ByTest && !op.Fn.runsTest():
		w.Withheld = op.Fn.Name() + " has no way to report that it gave up waiting"
	case w.Withheld != "" || op.Fn.Reports() != ByReturn:
	case m.unbalanced(op.Fn, w.Stmt):
		w.Withheld = "a lock is held here that only the code behind it gives back"
	case m.setsResult(op.Fn):
		w.Withheld = "a goroutine sets a result of the function meanwhile"
	default:
		w.Withheld = m.obliged(op.Fn, slices.Collect(m.After(w.Stmt)))
	}
	return w
}

// measured reports whether the operation is in the loop that a benchmark measures.
func (m *Model) measured(op *Op) bool {
	for c := range op.cur().Enclosing((*ast.ForStmt)(nil), (*ast.RangeStmt)(nil), (*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		var head ast.Expr
		switch n := c.Node().(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			return false
		case *ast.ForStmt:
			head = n.Cond
		case *ast.RangeStmt:
			head = n.X
		}
		found := false
		if head != nil {
			ast.Inspect(head, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					pkg, name := named(m.Pkg.Info.TypeOf(sel.X))
					found = found || pkg == "testing" && (name == "B" || name == "PB")
				}
				return !found
			})
		}
		if found {
			return true
		}
	}
	return false
}

// runsTest reports whether the frame runs in the goroutine of its test, as far as
// the package shows: what is passed or stored may be called by others.
func (f *Func) runsTest() bool {
	return f.Use != Passed && f.Use != Returned || slices.Contains(f.Params(), f.TestHandle())
}

// makeRoom finds the channels whose sender would wait for ever for a receiver
// that has left.
func (m *Model) makeRoom(w *BareWait, life *Life) {
	if !slices.ContainsFunc(life.Sends, (*Op).Bare) {
		return
	}
	const behind = "the sender may stay behind"
	if len(life.Chans) == 0 || len(life.Chans) < len(life.Makes) || len(life.Inits)+len(life.From) > 0 || life.Inlet != nil {
		w.Withheld = behind
		return
	}
	for _, c := range life.Chans {
		mk := c.Make.Node.(*ast.CallExpr)
		size, ok := m.MakeCap(mk)
		most, counted := c.MostSends()
		switch {
		case !ok || !counted:
			w.Withheld = behind
		case most.Fits(size):
		case size == 0 && most.Fits(1) && len(c.Measured) == 0:
			w.Grow = append(w.Grow, mk)
		default:
			w.Withheld = behind
		}
	}
}

// boundOf returns a context that bounds what the frame does: a parameter, or a
// variable with a deadline, that is not over when the wait begins, and that the
// goroutine which is waited for does not leave by.
func (m *Model) boundOf(op *Op) string {
	var list []types.Object
	for s := range m.InReach(op.Fn, op.Node.Pos()) {
		if s.Context != "" && s.base == s.Obj {
			list = append(list, s.Obj)
		}
	}
	list = append(m.deadlines(op), list...)
	if m.endsByContext(op) {
		return ""
	}
	for _, ctx := range list {
		if !m.looksAt(ctx, op) {
			return ctx.Name()
		}
	}
	return ""
}

// deadlines returns the contexts with a deadline that the frame makes itself
// and that its names mean at the operation, the last one first.
func (m *Model) deadlines(op *Op) (out []types.Object) {
	ast.Inspect(op.Fn.Body, func(n ast.Node) bool {
		as, ok := n.(*ast.AssignStmt)
		if !ok || as.End() > op.Node.Pos() || len(as.Rhs) != 1 {
			return true
		}
		call, ok := ast.Unparen(as.Rhs[0]).(*ast.CallExpr)
		if !ok {
			return true
		}
		switch fullName(m.Static(call)) {
		case "context.WithTimeout", "context.WithDeadline", "context.WithTimeoutCause", "context.WithDeadlineCause", "os/signal.NotifyContext", "(*testing.common).Context":
			if id, ok := as.Lhs[0].(*ast.Ident); ok {
				if obj := m.Pkg.Info.ObjectOf(id); obj != nil && m.meansAt(obj, op.Node.Pos()) {
					out = append([]types.Object{obj}, out...)
				}
			}
		}
		return true
	})
	return out
}

// looksAt reports whether the frame has cancelled the context before the
// operation, or has looked whether it is over, or one that may be derived from it.
func (m *Model) looksAt(ctx types.Object, op *Op) bool {
	for _, other := range op.Fn.Ops {
		if other.Kind == Cancel && !other.Deferred && other.Node.Pos() < op.Node.Pos() && m.ctxOf[other.Ref.Obj] == ctx {
			return true
		}
	}
	looked := false
	ast.Inspect(op.Fn.Body, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Pos() < op.Node.Pos() && (sel.Sel.Name == "Done" || sel.Sel.Name == "Err") && isContext(m.Pkg.Info.TypeOf(sel.X)) {
			looked = true
		}
		return !looked
	})
	return looked
}

// endsByContext reports whether a goroutine whose end is waited for may be told
// by a context to end: that takes a while yet when the context is over.
func (m *Model) endsByContext(op *Op) bool {
	if op.Kind == Recv {
		if role, _ := m.Life(op.Ref.Obj).Role(m); role != RoleStopped && role != RoleDone {
			return false
		}
	}
	found := false
	for _, sp := range op.Fn.Spawns {
		ast.Inspect(sp.Stmt, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && isContext(m.Pkg.Info.TypeOf(id)) {
				found = true
			}
			return !found
		})
	}
	return found
}

// setsResult reports whether a goroutine that the frame starts assigns to one of
// its results, which an early return would do as well.
func (m *Model) setsResult(f *Func) bool {
	for _, sp := range f.Spawns {
		if sp.Lit() == nil {
			continue
		}
		for _, change := range m.Mutations(sp.Body, sp.Body.Body.List) {
			if f.Type.Results != nil && change.Root != nil && covers(f.Type.Results, change.Root.Pos()) {
				return true
			}
		}
	}
	return false
}
