package chanflow

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A channel that is the field of a struct is known to whoever has the struct.
// follow goes after the two ways in which that can be seen: the function that
// makes it returns it, and its caller starts what sends; or it is a request
// that is sent once to a goroutine that answers it.
func (k *counter) follow() bool {
	k.holders = make(map[types.Object]bool)
	for _, h := range k.Holders {
		if !k.hold(h) {
			return false
		}
	}
	if len(k.handed) > 0 {
		return k.answered()
	}
	return k.directly()
}

// hold records what becomes of the value of an expression that has the channel
// as a field.
func (k *counter) hold(h ast.Expr) bool {
	if root := k.model.Ref(h).Obj; root != nil {
		return k.holdVar(root)
	}
	cur, ok := k.model.root.FindNode(h)
	return ok && k.holdUse(cur)
}

func (k *counter) holdUse(cur inspector.Cursor) bool {
	e, i := cur.ParentEdge()
	switch p := cur.Parent().Node().(type) {
	case *ast.AssignStmt:
		if e == edge.AssignStmt_Rhs && len(p.Lhs) == len(p.Rhs) {
			if obj := k.model.Ref(p.Lhs[i]).Obj; obj != nil {
				return k.holdVar(obj)
			}
		}
	case *ast.ValueSpec:
		if e == edge.ValueSpec_Values && len(p.Names) == len(p.Values) {
			return k.holdVar(k.model.Pkg.Info.Defs.Of(p.Names[i]))
		}
	case *ast.SendStmt:
		if e == edge.SendStmt_Value {
			k.handed = append(k.handed, p)
			return true
		}
	case *ast.ReturnStmt:
		return len(p.Results) > 0 && k.returned(cur)
	case *ast.ExprStmt:
		return true
	}
	return false
}

// holdVar follows a local variable that holds the channel in a field.
func (k *counter) holdVar(obj types.Object) bool {
	v, ok := obj.(*types.Var)
	if !ok || v.IsField() || v.Parent() == k.model.Pkg.Types.Scope() {
		return false
	}
	if k.holders[obj] {
		return true
	}
	k.holders[obj] = true
	for cur := range k.model.within(obj, (*ast.Ident)(nil)) {
		if k.model.Pkg.Info.Uses.Of(cur.Node().(*ast.Ident)) != obj {
			continue
		}
		if u, ok := cur.Parent().Node().(*ast.UnaryExpr); ok {
			cur, _ = k.model.root.FindNode(u)
		}
		switch p := cur.Parent().Node().(type) {
		case *ast.SendStmt, *ast.ReturnStmt:
			if !k.holdUse(cur) {
				return false
			}
		case *ast.SelectorExpr, *ast.BinaryExpr:
			// a field or method, or a comparison
		case *ast.CallExpr:
			if k.model.Callee(p) == nil {
				return false
			}
		default:
			if e, _ := cur.ParentEdge(); e != edge.AssignStmt_Lhs {
				return false
			}
		}
	}
	return true
}

// returned goes on in the callers of the function that returns the holder.
func (k *counter) returned(cur inspector.Cursor) bool {
	fn := k.model.FuncOf(cur.Node().Pos())
	if fn != k.Make.Fn || fn.Decl == nil || fn.Obj == nil { // no object: declared twice
		return false
	}
	if !slices.ContainsFunc(k.all, func(op *Op) bool { return !k.met[op] }) {
		return true // all is sent by goroutines that it has started itself
	}
	if fn.Obj.Exported() && !k.model.Closed() {
		return false
	}
	calls, all := k.model.Callers(fn)
	if !all {
		return false
	}
	var most Most
	for _, call := range calls {
		at, ok := k.model.root.FindNode(call)
		if !ok || !k.holdUse(at) {
			return false
		}
		caller := k.model.FuncOf(call.Pos())
		if caller == nil || k.active[caller] {
			return false
		}
		g := caller.graph()
		p := g.at(call)
		if p == nil {
			return false
		}
		n, ok := k.frame(g, p)
		if !ok {
			return false
		}
		most = most.or(n)
	}
	sum, ok := k.most.plus(most)
	k.most = sum
	return ok
}

// answered counts the sends where a holder is received: each holder is received
// once, so the most that one receiver sends is the most of all.
func (k *counter) answered() bool {
	g := k.Make.Fn.graph()
	start := g.at(k.Make.Node)
	for i, n := range k.handed {
		p := g.at(n)
		if i > 0 || p == nil || k.model.FuncOf(n.Pos()) != k.Make.Fn {
			return false
		}
		if p.leads(func(q *point) bool { return q != start }, func(q *point) bool { return q == p }) != nil {
			return false // sent more than once
		}
	}
	for _, f := range k.model.Funcs {
		passes := false
		for _, op := range f.Ops {
			switch {
			case op.Kind == Recv && k.carries(IsChan(k.model.Pkg.Info.TypeOf(op.channel()))):
				k.holders[k.receivedInto(op)] = true
				k.requests = append(k.requests, op)
			case op.Kind == Send && k.carries(IsChan(k.model.Pkg.Info.TypeOf(op.channel()))):
				passes = true
			}
		}
		if n := len(k.requests); passes && n > 0 && k.requests[n-1].Fn == f {
			return false // passed on
		}
	}
	var most Most
	for _, op := range k.requests {
		g := op.Fn.graph()
		p := g.received(op)
		if p == nil {
			return false
		}
		k.spawned++
		n, ok := k.frame(g, p)
		k.spawned--
		if !ok {
			return false
		}
		most = most.or(n)
	}
	sum, ok := k.most.plus(most)
	k.most = sum
	return ok && k.directly()
}

// carries reports whether the elements of a channel type are structs, or
// pointers to structs, with a field that holds the channel.
func (k *counter) carries(c *types.Chan) bool {
	if c == nil {
		return false
	}
	t := c.Elem()
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	st, ok := t.Underlying().(*types.Struct)
	if !ok {
		return false
	}
	for i := range st.NumFields() {
		if k.holds(st.Field(i).Origin()) {
			return true
		}
	}
	return false
}

// received returns the point at which a receive is through.
func (g *graph) received(op *Op) *point {
	for _, p := range g.points {
		if slices.Contains(p.ops, op) {
			return p
		}
	}
	return nil
}

// receivedInto returns the variable that a receive defines, or nil.
func (k *counter) receivedInto(op *Op) types.Object {
	if r, ok := op.Node.(*ast.RangeStmt); ok {
		if id, ok := r.Key.(*ast.Ident); ok {
			return k.model.Pkg.Info.Defs.Of(id)
		}
		return nil
	}
	if a, ok := op.cur().Parent().Node().(*ast.AssignStmt); ok {
		if id, ok := a.Lhs[0].(*ast.Ident); ok {
			return k.model.Pkg.Info.Defs.Of(id)
		}
	}
	return nil
}

// directly reports whether every send on a field names it as that of a
// variable that is known to hold the channel, or of a parameter.
func (k *counter) directly() bool {
	for op := range k.met {
		sel, ok := ast.Unparen(op.channel()).(*ast.SelectorExpr)
		if !ok {
			continue // a variable
		}
		id, ok := ast.Unparen(sel.X).(*ast.Ident)
		if !ok {
			return false
		}
		obj := k.model.Pkg.Info.Uses.Of(id)
		if k.holders[obj] {
			continue
		}
		if f := op.Fn; obj != types.Object(f.Recv()) && !isParam(f, obj) {
			return false
		}
	}
	return true
}
