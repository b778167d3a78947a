package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// A Mutation is a change that a goroutine makes to something its parent can
// see.
type Mutation struct {
	Node ast.Node     // the assignment or call
	Obj  types.Object // the variable or field that changes, or that a method is called on
	Root types.Object // the variable, in the parent's terms, through which it is reached
	Call bool         // a method call or a call that is handed a pointer, as opposed to a write
}

// Mutations returns what the statements of a frame may change outside of it,
// in source order, in the frame's own terms: the Root may be a parameter.
// Printing, logging, locking and testing do not count.
func (m *Model) Mutations(f *Func, stmts []ast.Stmt) []Mutation {
	return m.mutations(f, stmts, map[*Func]bool{f: true})
}

// mutations does not look again into functions that it has seen.
func (m *Model) mutations(f *Func, stmts []ast.Stmt, seen map[*Func]bool) []Mutation {
	var out []Mutation
	visit := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return m.frames[n] == f
		case *ast.GoStmt:
			return false
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, lhs := range n.Lhs {
					out = m.addWrite(out, f, n, lhs)
				}
			}
		case *ast.IncDecStmt:
			out = m.addWrite(out, f, n, n.X)
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				out = m.addWrite(out, f, n, n.Key)
				if n.Value != nil {
					out = m.addWrite(out, f, n, n.Value)
				}
			}
		case *ast.CallExpr:
			out = m.addCall(out, f, n, seen)
		}
		return true
	}
	for _, s := range stmts {
		ast.Inspect(s, visit)
	}
	return out
}

// reaches reports whether a change through the root variable is seen outside
// of the frame: it is captured or global, or a parameter or receiver that
// refers to something.
func (f *Func) reaches(root types.Object) bool {
	if root == nil || isTesting(root.Type()) {
		return false
	}
	if !f.Owns(root) {
		return true
	}
	return (root == f.Recv() || slices.Contains(f.Params(), root)) && refers(root.Type())
}

// refers reports whether a copy of a value of type t shares state with it.
func refers(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Map, *types.Slice, *types.Chan, *types.Interface, *types.Signature:
		return true
	}
	return false
}

func (m *Model) addWrite(out []Mutation, f *Func, n ast.Node, lhs ast.Expr) []Mutation {
	root := m.Root(lhs)
	if !f.reaches(root) || f.Owns(root) && ast.Unparen(lhs) == identOf(lhs) {
		return out // a parameter itself is a copy
	}
	obj := m.Ref(lhs).Obj
	if obj == nil {
		obj = root
	}
	return append(out, Mutation{Node: n, Obj: obj, Root: root})
}

func identOf(e ast.Expr) ast.Expr {
	id, _ := ast.Unparen(e).(*ast.Ident)
	return id
}

func (m *Model) addCall(out []Mutation, f *Func, call *ast.CallExpr, seen map[*Func]bool) []Mutation {
	if id, ok := ast.Unparen(call.Fun).(*ast.Ident); ok {
		if b, ok := m.Pkg.Info.Uses.Of(id).(*types.Builtin); ok {
			if len(call.Args) > 0 && (b.Name() == "delete" || b.Name() == "copy" || b.Name() == "clear") {
				return m.addHandover(out, f, call, call.Args[0])
			}
			return out
		}
	}
	if tv := m.Pkg.Info.Types.Of(call.Fun); tv.IsType() {
		return out
	}
	for global := range m.globals(m.Callee(call), writes) {
		out = append(out, Mutation{Node: call, Obj: global, Root: global, Call: true})
	}
	static := m.Static(call)
	if static != nil && strings.HasPrefix(strings.ToLower(static.Name()), "listen") {
		out = m.addListen(out, f, call)
	}
	if static != nil && (inert(static) || static.Pkg() != nil && harmless(static)) {
		return out
	}
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && m.Pkg.Info.Selections.Of(sel) != nil {
		if root := m.Root(sel.X); root != nil && !isContext(root.Type()) && m.changes(call, -1, seen) {
			out = m.addHandover(out, f, call, sel.X)
		}
	}
	for i, arg := range call.Args {
		arg = ast.Unparen(arg)
		if t := m.Pkg.Info.TypeOf(arg); t == nil || !refers(t) || isContext(t) {
			continue
		} else if _, isFunc := t.Underlying().(*types.Signature); isFunc {
			continue
		} else if _, isChan := t.Underlying().(*types.Chan); isChan {
			continue
		}
		if m.changes(call, i, seen) {
			out = m.addHandover(out, f, call, arg)
		}
	}
	return out
}

// changes reports whether a call may change what its i-th argument refers to,
// or its receiver if i is -1: a function of the package does, or the name of
// another says so.
func (m *Model) changes(call *ast.CallExpr, i int, seen map[*Func]bool) bool {
	targets := m.Targets(call)
	for _, t := range targets {
		if seen[t] {
			return true // it is being looked into, and may
		}
		seen[t] = true
		var param types.Object
		if i < 0 {
			if recv := t.Recv(); recv != nil {
				param = recv
			}
		} else if params := t.Params(); i < len(params) {
			param = params[i]
		}
		list := m.mutations(t, t.Body.List, seen)
		delete(seen, t)
		if param != nil && slices.ContainsFunc(list, func(mu Mutation) bool { return mu.Root == param }) {
			return true
		}
	}
	if len(targets) > 0 {
		return false
	}
	static := m.Static(call)
	if static == nil {
		return false
	}
	if i >= 0 {
		if u, ok := ast.Unparen(call.Args[i]).(*ast.UnaryExpr); ok && u.Op == token.AND {
			return true
		}
	}
	return changesByName(static)
}

// addHandover records that a call may change what it is handed.
func (m *Model) addHandover(out []Mutation, f *Func, call *ast.CallExpr, arg ast.Expr) []Mutation {
	root := m.Root(arg)
	if !f.reaches(root) {
		return out
	}
	obj := m.Ref(arg).Obj
	if obj == nil {
		obj = root
	}
	return append(out, Mutation{Node: call, Obj: obj, Root: root, Call: true})
}

// addListen records that a call opens a listener at an address: whoever knows
// the address can tell.
func (m *Model) addListen(out []Mutation, f *Func, call *ast.CallExpr) []Mutation {
	for _, arg := range call.Args {
		addr := m.Ref(arg).Obj
		if addr == nil || addr.Parent() == m.Pkg.Types.Scope() {
			continue
		}
		if b, ok := addr.Type().Underlying().(*types.Basic); ok && b.Kind() == types.String && (!f.Owns(addr) || slices.Contains(f.Params(), addr)) {
			out = append(out, Mutation{Node: call, Obj: addr, Root: addr, Call: true})
		}
	}
	return out
}

// inert reports whether a function of another package changes nothing that a
// parent would wait to see: synchronisation (which is modelled), contexts,
// reading of atomics and of time.
func inert(f *types.Func) bool {
	if f.Pkg() == nil {
		return true // error.Error
	}
	switch f.Pkg().Path() {
	case "sync", "context", "time", "os/signal", "runtime":
		return true
	case "sync/atomic":
		return len(f.Name()) >= 4 && f.Name()[:4] == "Load"
	}
	return false
}

// observed returns the last mutation by the statements of the goroutine that
// the sleep's frame refers to after the sleep, and where it does.
func (m *Model) observed(sp *Spawn, stmts []ast.Stmt, g *Guess) (*Mutation, ast.Node) {
	list := m.Mutations(sp.Body, stmts)
	for i := len(list) - 1; i >= 0; i-- {
		mu := list[i]
		root := m.parents(sp, g, mu.Root)
		if root == nil {
			continue
		}
		if use := m.usedAfter(root, mu, g.Sleep); use != nil {
			mu.Root = root
			return &mu, use
		}
	}
	return nil, nil
}

// parents returns what a variable of the goroutine is in the frame of the sleep,
// or nil.
func (m *Model) parents(sp *Spawn, g *Guess, v types.Object) types.Object {
	if sp.Body.Owns(v) {
		v = sp.Outside(Ref{Obj: v, Base: v}).Base
	}
	if g.Via != nil && sp.Fn.Owns(v) { // in the terms of the one who calls the spawner
		if x := m.resultIn(g.Via, sp.Fn, v); x != nil {
			return m.Root(x)
		}
		v = sp.Fn.outside(Ref{Obj: v, Base: v}, g.Via.Node.(*ast.CallExpr)).Base
	}
	return v
}

// helped reports whether the statements of a goroutine may wait for what the
// parent does between the sleep and a place that relies on them: they make a call
// that can wait, and the parent has called something on one of its variables by
// then. The sleep may be there for that call, and what relies on the statements
// be right with any sleep or none:
//
//	go func() { v = queue.Next(); … }()
//	time.Sleep(d) // until somebody takes what is pushed
//	queue.Push(1)
//	use(v)
func (m *Model) helped(sp *Spawn, stmts []ast.Stmt, g *Guess, use ast.Node) bool {
	if m.mayWait(stmts, nil) == nil {
		return false
	}
	shared := make(map[types.Object]bool)
	for _, st := range stmts {
		ast.Inspect(st, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if v, ok := m.Pkg.Info.Uses.Of(id).(*types.Var); ok && !v.IsField() && !isTesting(v.Type()) && !isSync(v.Type()) {
					if v := m.parents(sp, g, v); v != nil {
						shared[v] = true
					}
				}
			}
			return true
		})
	}
	helped := false
	for st := range m.After(g.Sleep.Stmt) {
		if helped || st.Pos() >= use.Pos() {
			break
		}
		ast.Inspect(st, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || helped || call.End() > use.Pos() {
				return !helped
			}
			if f := m.Static(call); f != nil && (inert(f) || f.Pkg() != nil && harmless(f)) {
				return false
			}
			if tv := m.Pkg.Info.Types.Of(call.Fun); !tv.IsType() && !tv.IsBuiltin() {
				for v := range shared {
					helped = helped || m.Mentions(v, call)
				}
			}
			return !helped
		})
	}
	return helped
}

// usedAfter returns the first reference to the variable that the frame makes
// after the sleep, if it may show the mutation: for a write to a field, the
// field itself or a method call; a plain assignment to the variable does not
// look at it. The testing handle and locks never do.
func (m *Model) usedAfter(root types.Object, mu Mutation, s *Sleep) ast.Node {
	for st := range m.After(s.Stmt) {
		if use := m.useIn(root, mu, st); use != nil {
			return use
		}
		if a, ok := st.(*ast.AssignStmt); ok && slices.ContainsFunc(a.Lhs, func(e ast.Expr) bool { return m.isVar(e, root) }) {
			return nil // what is read from here on is another value
		}
	}
	return nil
}

// isVar reports whether an expression is but the name of the variable.
func (m *Model) isVar(e ast.Expr, v types.Object) bool {
	id, ok := ast.Unparen(e).(*ast.Ident)
	return ok && m.Pkg.Info.Uses.Of(id) == v
}

func (m *Model) useIn(root types.Object, mu Mutation, st ast.Stmt) (use ast.Node) {
	ast.Inspect(st, func(n ast.Node) bool {
		if use != nil {
			return false
		}
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.ASSIGN || n.Tok == token.DEFINE {
				for _, r := range n.Rhs {
					if use = m.useInExpr(root, mu, r); use != nil {
						return false
					}
				}
				for _, l := range n.Lhs {
					if !m.isVar(l, root) {
						if use = m.useInExpr(root, mu, l); use != nil {
							return false
						}
					}
				}
				return false
			}
		case *ast.ReturnStmt:
			if f := m.FuncOf(n.Pos()); n.Results == nil && f != nil && f.returns(root) {
				use = n
			}
		case *ast.CallExpr:
			if kind, ok := syncKindOf(m, n); ok && kind != Wait {
				return false
			}
			if m.globals(m.Callee(n), reads)[root] {
				use = n
			}
		case ast.Expr:
			use = m.refersTo(root, mu, n)
		}
		return use == nil
	})
	return use
}

// returns reports whether the variable is a named result of the frame, which a
// bare return reads.
func (f *Func) returns(obj types.Object) bool {
	if f.Type.Results == nil {
		return false
	}
	for _, field := range f.Type.Results.List {
		for _, name := range field.Names {
			if f.model.Pkg.Info.Defs.Of(name) == obj {
				return true
			}
		}
	}
	return false
}

func (m *Model) useInExpr(root types.Object, mu Mutation, e ast.Expr) ast.Node {
	return m.useIn(root, mu, &ast.ExprStmt{X: e})
}

// refersTo returns e if it is a reference to the root that may show the
// mutation.
func (m *Model) refersTo(root types.Object, mu Mutation, e ast.Expr) ast.Node {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		sel := m.Pkg.Info.Selections.Of(e)
		if sel == nil || sel.Kind() != types.FieldVal || m.Root(e) != root {
			return nil
		}
		if origin(sel.Obj()) == mu.Obj {
			return e
		}
	case *ast.Ident:
		if m.Pkg.Info.Uses.Of(e) != root {
			return nil
		}
		if v, ok := mu.Obj.(*types.Var); ok && v.IsField() && m.selectsOther(e, v) {
			return nil
		}
		return e
	}
	return nil
}

// selectsOther reports whether the identifier is the operand of a selector of
// a field other than v.
func (m *Model) selectsOther(id *ast.Ident, v *types.Var) bool {
	cur, ok := m.root.FindNode(id)
	if !ok {
		return false
	}
	sel, ok := cur.Parent().Node().(*ast.SelectorExpr)
	if !ok {
		return false
	}
	s := m.Pkg.Info.Selections.Of(sel)
	return s != nil && s.Kind() == types.FieldVal && origin(s.Obj()) != v
}

func syncKindOf(m *Model, call *ast.CallExpr) (OpKind, bool) {
	f := m.Static(call)
	if f == nil {
		return 0, false
	}
	return syncKind(f)
}
