package chanflow

import (
	"go/ast"
	"go/types"
	"slices"
)

// Exits returns the operations by which the frame may end while it runs the
// statements: returns, and calls that may end the goroutine but not the
// program. A panic counts where the frame recovers from it; there any call may
// panic, and the first one stands for them all.
func (f *Func) Exits(stmts []ast.Stmt) []*Op {
	if len(stmts) == 0 {
		return nil
	}
	m := f.model
	recovers := f.Recovers()
	var out []*Op
	for op := range f.Within(stmts[0].Pos(), stmts[len(stmts)-1].End()) {
		switch {
		case op.Deferred:
		case op.Kind == Exit && op.Exit == Halt:
		case op.Kind == Exit && op.Exit == Panic && !recovers:
		case op.Kind == Exit:
			out = append(out, op)
		case op.Kind == Call && op.Callee != nil && op.Callee.mayGoexit(nil):
			out = append(out, &Op{Kind: Exit, Exit: MayGoexit, Node: op.Node, Fn: f})
		}
	}
	panics := false // a call that may panic is among the exits
	for _, s := range stmts {
		ast.Inspect(s, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return m.frames[n] == f
			case *ast.DeferStmt, *ast.GoStmt:
				return false
			case *ast.CallExpr:
				if recovers && !panics || m.handsTesting(n) {
					panics = true
					out = append(out, &Op{Kind: Exit, Exit: MayGoexit, Node: n, Fn: f})
				}
			}
			return true
		})
	}
	return out
}

// neverReturns reports whether a call of f ends the program or the goroutine: its
// last statement does, and none before returns.
func (f *Func) neverReturns() bool {
	if f.Body == nil || len(f.Body.List) == 0 || f.Recovers() {
		return false
	}
	last := f.Body.List[len(f.Body.List)-1]
	ends := false
	for _, op := range f.Ops {
		if op.Kind != Exit || op.Exit == MayGoexit {
			continue
		}
		if op.Exit == Return {
			return false
		}
		ends = ends || !op.Deferred && op.Stmt() == last
	}
	return ends
}

// handsTesting reports whether a call hands the test to another package that
// is not known to return: it may call FailNow.
func (m *Model) handsTesting(call *ast.CallExpr) bool {
	if m.Callee(call) != nil {
		return false
	}
	f := m.Static(call)
	if f != nil && f.Pkg() != nil {
		if m.Pkg.Declares(f) || f.Pkg().Path() == "testing" || exitOf(f) != NoExit {
			return false // looked at, or known
		}
		if path := f.Pkg().Path(); len(path) > 7 && path[len(path)-7:] == "/assert" {
			return false
		}
	}
	for _, arg := range call.Args {
		if t := m.Pkg.Info.TypeOf(arg); t != nil && isTesting(t) {
			return true
		}
	}
	return false
}

// mayGoexit reports whether a call of f may end the calling goroutine.
func (f *Func) mayGoexit(seen map[*Func]bool) bool {
	if seen == nil {
		seen = make(map[*Func]bool)
	}
	if seen[f] {
		return false
	}
	seen[f] = true
	for _, op := range f.Ops {
		switch {
		case op.Kind == Exit && (op.Exit == Goexit || op.Exit == MayGoexit):
			return true
		case op.Kind == Call && op.Callee != nil && op.Callee.mayGoexit(seen):
			return true
		}
	}
	return false
}

// Recovers reports whether the frame has a deferred function that calls
// recover, or what runs it has, so that it may end by a panic without the
// program ending.
func (f *Func) Recovers() bool {
	m := f.model
	found := f.guarded
	ast.Inspect(f.Body, func(n ast.Node) bool {
		d, ok := n.(*ast.DeferStmt)
		if !ok {
			if lit, ok := n.(*ast.FuncLit); ok {
				return m.frames[lit] == f
			}
			return !found
		}
		var body ast.Node
		if lit, ok := ast.Unparen(d.Call.Fun).(*ast.FuncLit); ok {
			body = lit.Body
		} else if callee := m.Callee(d.Call); callee != nil {
			body = callee.Body
		}
		if body != nil {
			ast.Inspect(body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.FuncLit:
					return false // recover works in the deferred function itself only
				case *ast.Ident:
					if b, ok := m.Pkg.Info.Uses.Of(n).(*types.Builtin); ok && b.Name() == "recover" {
						found = true
					}
				}
				return !found
			})
		}
		return !found
	})
	return found
}

// FailedCheck returns the error variable whose check a return answers, in
//
//	if err != nil { …; return }
//
// or nil if the return is no such exit.
func (m *Model) FailedCheck(exit *Op) *ast.Ident {
	if exit.Exit != Return {
		return nil
	}
	ret := exit.Node.(*ast.ReturnStmt)
	block, ok := exit.cur().Parent().Node().(*ast.BlockStmt)
	if !ok || block.List[len(block.List)-1] != ret {
		return nil
	}
	check, ok := exit.cur().Parent().Parent().Node().(*ast.IfStmt)
	if !ok || check.Body != block {
		return nil
	}
	cond, ok := ast.Unparen(check.Cond).(*ast.BinaryExpr)
	if !ok || cond.Op.String() != "!=" || !m.Pkg.Info.Types.Of(cond.Y).IsNil() {
		return nil
	}
	id, ok := ast.Unparen(cond.X).(*ast.Ident)
	if !ok || !IsError(m.Pkg.Info.TypeOf(id)) {
		return nil
	}
	for _, s := range block.List { // it must still hold the error at the return
		if a, ok := s.(*ast.AssignStmt); ok && m.Mentions(m.Pkg.Info.Uses.Of(id), exprs(a.Lhs)...) {
			return nil
		}
	}
	return id
}

func exprs(list []ast.Expr) []ast.Node {
	out := make([]ast.Node, len(list))
	for i, e := range list {
		out[i] = e
	}
	return out
}

// Held returns the locks that may be held when the frame reaches the node: by
// the frame, or by those of the package that call it, directly or not.
func (f *Func) Held(at ast.Node) []types.Object {
	var out []types.Object
	seen := map[*Func]bool{f: true}
	var visit func(*Func, ast.Node)
	visit = func(f *Func, at ast.Node) {
		for _, h := range f.model.held(f, at) {
			if !slices.Contains(out, h.lock) {
				out = append(out, h.lock)
			}
		}
		for _, caller := range f.model.Funcs {
			for _, op := range caller.Ops {
				if op.Kind == Call && op.Callee == f && !seen[caller] {
					seen[caller] = true
					visit(caller, op.Stmt())
				}
			}
		}
	}
	visit(f, at)
	return out
}

// Takes returns the first of the locks that the frame may take while it runs
// the statements, itself or in functions of the package, or nil.
func (f *Func) Takes(locks []types.Object, stmts []ast.Stmt) types.Object {
	if len(locks) == 0 || len(stmts) == 0 {
		return nil
	}
	for op := range f.Within(stmts[0].Pos(), stmts[len(stmts)-1].End()) {
		for _, l := range locks {
			switch op.Kind {
			case Lock, RLock:
				if op.Ref.Obj == l {
					return l
				}
			case Call:
				if op.Callee != nil && (op.Callee.Does(Lock, l) || op.Callee.Does(RLock, l)) {
					return l
				}
			}
		}
	}
	return nil
}

// Takes returns the first of the spawner's locks that the goroutine may take
// while it runs the statements of its body, or nil. A lock that it is handed
// from out of sight may be any of them.
func (s *Spawn) Takes(locks []types.Object, stmts []ast.Stmt) types.Object {
	if l := s.Body.Takes(locks, stmts); l != nil || len(locks) == 0 || len(stmts) == 0 {
		return l
	}
	handed := func(r Ref) types.Object {
		if r.Base != nil && slices.Contains(s.Body.Params(), r.Base) {
			obj := s.Outside(r).Obj
			if i := slices.Index(locks, obj); i >= 0 || obj == nil {
				return locks[max(0, i)]
			}
		}
		return nil
	}
	for op := range s.Body.Within(stmts[0].Pos(), stmts[len(stmts)-1].End()) {
		switch {
		case op.Kind == Lock || op.Kind == RLock:
			if l := handed(op.Ref); l != nil {
				return l
			}
		case op.Kind == Call && op.Callee != nil:
			for e := range op.Callee.Effects() {
				if e.Kind != Lock && e.Kind != RLock {
					continue
				}
				obj := op.Callee.translate(e.Obj, op)
				if slices.Contains(locks, obj) {
					return obj
				}
				if l := handed(Ref{Obj: obj, Base: obj}); l != nil {
					return l
				}
			}
		}
	}
	return nil
}

// Anchor returns the statement that contains inner and stands in the same
// list as later or as a statement around it: what must be inserted before to
// be seen by both.
func (m *Model) Anchor(inner, later ast.Stmt) ast.Stmt {
	for st := range m.Before(later) {
		if st.Pos() <= inner.Pos() && inner.End() <= st.End() {
			return st
		}
	}
	return nil
}

// Assigned reports whether a variable is assigned after its declaration, or
// has its address taken, so that reading it later may give another value.
func (m *Model) Assigned(obj types.Object) bool {
	if obj == nil {
		return false
	}
	among := m.assigned
	if local(obj, m.Pkg.Types) {
		if d := m.root.decl(obj.Pos()); d != nil {
			among = among[d.walked[0].assigned:d.walked[1].assigned]
		}
	}
	count := 0
	for _, id := range among {
		if id.Name == obj.Name() && m.Pkg.Info.ObjectOf(id) == obj {
			if count++; count > 1 {
				return true
			}
		}
	}
	return false
}

// Callers returns the calls of a declared function or method of the package in
// source order. all is false if it is also used as a value, or may be called
// through an interface of the package.
func (m *Model) Callers(f *Func) (calls []*ast.CallExpr, all bool) {
	if f.Obj == nil {
		return nil, false
	}
	value := m.mentions().funcs[f.Obj] > len(f.calls)
	return f.calls, !value && !(f.Recv() != nil && m.inInterface(f.Obj.Name()))
}

// inInterface reports whether an interface that the package writes down has a
// method of that name.
func (m *Model) inInterface(name string) bool {
	for _, n := range m.interfaces {
		t := m.Pkg.Info.TypeOf(n)
		if t == nil {
			continue
		}
		if obj, _, _ := types.LookupFieldOrMethod(t, false, m.Pkg.Types, name); obj != nil {
			return true
		}
	}
	return false
}
