package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A place is where a channel is kept that two pieces of code both mean: a
// variable, or a field of the struct that a variable holds or points to.
type place struct {
	obj, base types.Object // equal for a plain variable
}

// placeOf returns the place that an expression names: x or x.f.
func (m *Model) placeOf(e ast.Expr) (place, bool) {
	e = ast.Unparen(e)
	if sel, ok := e.(*ast.SelectorExpr); ok && m.Pkg.Info.Selections.Of(sel) != nil {
		if _, ok := ast.Unparen(sel.X).(*ast.Ident); !ok {
			return place{}, false // x.y.f may be a field of another struct by then
		}
	}
	if m.throughAnother(e) {
		return place{}, false
	}
	r := m.Ref(e)
	return place{r.Obj, r.Base}, r.Obj != nil && r.Base != nil && !r.Elem && !r.Context
}

// placeOutside translates a place in f to the terms of a call of it.
func (f *Func) placeOutside(p place, fun ast.Expr, args []ast.Expr) (place, bool) {
	if !f.Owns(p.base) {
		return p, true // captured or global
	}
	var arg ast.Expr
	if recv := f.Recv(); recv != nil && p.base == recv {
		sel, ok := ast.Unparen(fun).(*ast.SelectorExpr)
		if !ok || f.model.Pkg.Info.Types.Of(sel.X).IsType() || f.model.throughAnother(sel) {
			return place{}, false
		}
		arg = sel.X
	} else {
		params := f.Params()
		i := slices.Index(params, p.base)
		if i < 0 || i >= len(args) || i == len(params)-1 && f.variadic() {
			return place{}, false
		}
		arg = args[i]
	}
	if u, ok := ast.Unparen(arg).(*ast.UnaryExpr); ok {
		arg = u.X
	}
	at, ok := f.model.placeOf(arg)
	switch {
	case !ok:
		return place{}, false
	case p.obj == p.base:
		return at, true
	case at.obj != at.base:
		return place{}, false
	}
	return place{p.obj, at.base}, true
}

// throughAnother reports whether a selector goes through an embedded pointer or
// interface, which may point to another struct by the next time.
func (m *Model) throughAnother(e ast.Expr) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	s := m.Pkg.Info.Selections.Of(sel)
	if s == nil {
		return false
	}
	t := s.Recv()
	for _, i := range s.Index()[:len(s.Index())-1] {
		st := structOfType(t)
		if st == nil {
			return true
		}
		t = st.Field(i).Type()
		if _, ok := t.Underlying().(*types.Struct); !ok {
			return true
		}
	}
	return false
}

// A closing is a statement of a frame that closes a channel whenever it is
// reached: a close, or the call of a function of the package that always does.
type closing struct {
	place
	op *Op // the close
	at *Op // the statement's operation: op itself, or a call
}

// closings returns the closings of the frame, conditional ones included, but
// none that knows, or may, whether the channel is closed already.
func (f *Func) closings() []closing {
	type key struct{ f *Func }
	m := f.model
	return m.Pkg.Memo(key{f}, func() any { return m.findClosings(f, []*Func{f}) }).([]closing)
}

func (m *Model) findClosings(f *Func, path []*Func) (out []closing) {
	for _, op := range f.Ops {
		switch {
		case op.Once:
		case op.Kind == Close && !op.Ref.Context && !m.skippedInLiteral(op):
			call := op.Node.(*ast.CallExpr)
			if p, ok := m.placeOf(call.Args[0]); ok && !m.unset(p.obj) {
				out = append(out, closing{p, op, op})
			}
		case op.Kind == Call && op.Callee != nil && op.Callee.MayDo(Close) && !slices.Contains(path, op.Callee) && len(path) < 4 && !m.skippedInLiteral(op):
			call := op.Node.(*ast.CallExpr)
			for _, c := range m.findClosings(op.Callee, append(path, op.Callee)) {
				if !c.certain() || m.rewritten(c.place, op.Callee, op.Callee.Body, nil) {
					continue // or of a channel of its own
				}
				if p, ok := op.Callee.placeOutside(c.place, m.called(call), call.Args); ok {
					out = append(out, closing{p, c.op, op})
				}
			}
		}
	}
	if len(out) > 0 && f.Recovers() {
		return nil
	}
	return out
}

// unset reports whether the variable or field is set to nil somewhere: whoever
// closes the channel may look at that.
func (m *Model) unset(obj types.Object) bool {
	return slices.ContainsFunc(m.stored()[obj], func(e ast.Expr) bool { return m.Pkg.Info.Types.Of(e).IsNil() })
}

// certain reports whether the frame comes to the closing unless it ends by a
// failure: no condition is around it, and no return ahead of it.
func (c closing) certain() bool {
	f := c.at.Fn
	if f.model.onCondition(c.at) {
		return false
	}
	for _, op := range f.Ops {
		if op.Kind == Exit && op.Exit == Return && op.Node.Pos() < c.at.Node.Pos() {
			return false
		}
	}
	return true
}

// skippedInLiteral reports whether the operation is in a literal that runs in
// its frame, and that may pass it by.
func (m *Model) skippedInLiteral(op *Op) bool {
	for c := range op.cur().Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		if c.Node() == op.Fn.Node() {
			return false
		}
		if k, _ := c.ParentEdge(); k != edge.CallExpr_Fun {
			return true
		}
		body := c.Node().(*ast.FuncLit).Body
		skips := m.passedBy(op.cur(), body)
		ast.Inspect(body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.ReturnStmt:
				skips = skips || n.Pos() < op.Node.Pos()
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "recover" {
					skips = true
				}
			}
			return true
		})
		if skips {
			return true
		}
	}
	return false
}

// together reports whether the frame runs both nodes in one go, as far as its
// conditions tell: one of them cannot be passed by on the way to, or from, the
// other, and one may follow the other.
func (m *Model) together(f *Func, base types.Object, a, b ast.Node) bool {
	x, ok := m.root.FindNode(a)
	y, ok2 := m.root.FindNode(b)
	if !ok || !ok2 || m.passedBy(x, b) && m.passedBy(y, a) {
		return false
	}
	g := f.graph()
	p, q := g.at(m.outermostStmt(x, f)), g.at(m.outermostStmt(y, f))
	if p == nil || q == nil {
		return false
	}
	// A round of a loop that declares the variable has a channel of its own.
	same := func(s *point) bool { return base == nil || s.node == nil || !covers(s.node, base.Pos()) }
	return p.leads(same, func(s *point) bool { return s == q }) != nil || q.leads(same, func(s *point) bool { return s == p }) != nil
}

// outermostStmt returns the node, or the statement of the frame that holds the
// literal around it.
func (m *Model) outermostStmt(cur inspector.Cursor, f *Func) ast.Node {
	at := cur.Node()
	for c := range cur.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		if c.Node() == f.Node() {
			break
		}
		at = stmtOf(c)
	}
	return at
}

// rewritten reports whether the frame, or a function that it calls, stores
// something in the place, or in the variable that it starts with, behind one of
// its statements, or in a loop.
func (m *Model) rewritten(p place, f *Func, from ast.Node, loop ast.Stmt) bool {
	for _, as := range f.assigns() {
		if as.Pos() < from.Pos() && (loop == nil || !within(loop, as)) {
			continue
		}
		for _, lhs := range as.Lhs {
			if r := m.Ref(lhs); r.Obj == p.obj || r.Obj == p.base {
				return true
			}
		}
	}
	for _, op := range f.Ops {
		if op.Kind != Call || op.Callee == nil || op.Node.Pos() < from.Pos() && (loop == nil || !within(loop, op.Node)) {
			continue
		}
		if stored := op.Callee.storesIn(); stored[p.obj] || stored[p.base] {
			return true
		}
	}
	return false
}

// storesIn returns the variables and fields in which f stores something, itself
// or through functions of the package that it calls.
func (f *Func) storesIn() map[types.Object]bool {
	type key struct{ f *Func }
	m := f.model
	return m.Pkg.Memo(key{f}, func() any {
		out := make(map[types.Object]bool)
		seen := map[*Func]bool{f: true}
		for work := []*Func{f}; len(work) > 0; work = work[1:] {
			for _, as := range work[0].assigns() {
				for _, lhs := range as.Lhs {
					if r := m.Ref(lhs); r.Obj != nil {
						out[r.Obj] = true
					}
				}
			}
			for _, op := range work[0].Ops {
				if op.Kind == Call && op.Callee != nil && !seen[op.Callee] {
					seen[op.Callee] = true
					work = append(work, op.Callee)
				}
			}
		}
		return out
	}).(map[types.Object]bool)
}

// assigns returns the assignments in the body of the frame, those in literals
// included.
func (f *Func) assigns() []*ast.AssignStmt {
	type key struct{ f *Func }
	m := f.model
	return m.Pkg.Memo(key{f}, func() any {
		var out []*ast.AssignStmt
		for _, n := range m.stores {
			if as, ok := n.(*ast.AssignStmt); ok && within(f.Body, as) {
				out = append(out, as)
			}
		}
		return out
	}).([]*ast.AssignStmt)
}

// outlives reports whether the loop's rounds share the place.
func (m *Model) outlives(p place, loop ast.Stmt) bool {
	return !covers(loop, p.base.Pos()) && !covers(loop, p.obj.Pos())
}

// everyRound reports whether each round of the loop that is not its last comes
// to the node, and goes on to the next one.
func (m *Model) everyRound(f *Func, n ast.Node, loop ast.Stmt) bool {
	body := LoopBody(loop)
	cur, ok := m.root.FindNode(n)
	if !ok || m.passedBy(cur, body) {
		return false
	}
	skips := false
	ast.Inspect(body, func(x ast.Node) bool {
		br, ok := x.(*ast.BranchStmt)
		skips = skips || ok && br.Tok == token.CONTINUE && br.Pos() < n.Pos()
		return !skips
	})
	p := f.graph().at(m.outermostStmt(cur, f))
	all := func(*point) bool { return true }
	return !skips && p != nil && p.leads(all, func(s *point) bool { return s == p }) != nil
}
