package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"

	"handshake/refactor"
)

// A builder fills a model in one walk over the syntax.
type builder struct {
	*Model
	bindings bindings
	file     *refactor.File // that the walk is in
	stack    []context
	slab     []Op // operations that are not used yet: there are thousands
}

// A context is what surrounds the node that is being visited.
type context struct {
	cur      inspector.Cursor // of the function that opened the context
	fn       *Func
	deferred bool // inside a deferred literal
	once     bool // inside a literal passed to (*sync.Once).Do
	merged   bool // inside a literal that runs in the frame around it
}

func (b *builder) collect() {
	mask := []ast.Node{
		(*ast.File)(nil),
		(*ast.FuncDecl)(nil), (*ast.FuncLit)(nil), (*ast.CallExpr)(nil), (*ast.SendStmt)(nil),
		(*ast.UnaryExpr)(nil), (*ast.RangeStmt)(nil), (*ast.SelectStmt)(nil), (*ast.ReturnStmt)(nil), (*ast.GoStmt)(nil),
		(*ast.AssignStmt)(nil), (*ast.ValueSpec)(nil), (*ast.IncDecStmt)(nil),
	}
	for cur := range b.root.Preorder(mask...) {
		n := cur.Node()
		for len(b.stack) > 0 && !b.stack[len(b.stack)-1].cur.Contains(cur) {
			b.stack = b.stack[:len(b.stack)-1]
		}
		switch n := n.(type) {
		case *ast.File:
			b.file = b.Pkg.FileOf(n.Package)
		case *ast.FuncDecl:
			if n.Body != nil {
				b.declare(cur, n)
			}
		case *ast.FuncLit:
			b.literal(cur, n)
		case *ast.GoStmt:
			b.spawn(cur, n, n.Call, GoStmt)
		case *ast.CallExpr:
			b.call(cur, n)
		case *ast.SendStmt:
			if op := b.op(cur, Send, n, b.Ref(n.Chan)); op != nil && comm(cur) {
				op.Select = selectOf(cur)
			}
		case *ast.UnaryExpr:
			switch n.Op {
			case token.ARROW:
				b.receive(cur, n)
			case token.AND:
				b.change(n.X)
			}
		case *ast.AssignStmt:
			b.assignment(n)
		case *ast.ValueSpec:
			b.declaration(n)
		case *ast.IncDecStmt:
			b.change(n.X)
		case *ast.RangeStmt:
			if n.Key != nil {
				b.assign(n.Key, nil)
			}
			if n.Value != nil {
				b.assign(n.Value, nil)
			}
			if t := b.Pkg.Info.TypeOf(n.X); IsChan(t) != nil {
				if op := b.op(cur, Recv, n, b.Ref(n.X)); op != nil {
					op.Range = true
				}
			}
		case *ast.SelectStmt:
			b.op(cur, Select, n, Ref{})
		case *ast.ReturnStmt:
			if ctx := b.top(); ctx != nil && !ctx.merged {
				if op := b.op(cur, Exit, n, Ref{}); op != nil {
					op.Exit = Return
				}
			}
		}
	}
	b.bind()
	// Callees are resolved last: a function may be declared after its use.
	for _, f := range b.Funcs {
		for _, op := range f.Ops {
			if op.Kind == Call {
				op.Callee = b.Callee(op.Node.(*ast.CallExpr))
			}
		}
	}
	for _, s := range b.Spawns {
		b.resolve(s)
	}
	b.wrappers()
}

func (b *builder) top() *context {
	if len(b.stack) == 0 {
		return nil // the initialiser of a package variable
	}
	return &b.stack[len(b.stack)-1]
}

func (b *builder) declare(cur inspector.Cursor, n *ast.FuncDecl) {
	f := &Func{Decl: n, Type: n.Type, Body: n.Body, File: b.file, model: b.Model}
	f.Obj, _ = b.Pkg.Info.Defs[n.Name].(*types.Func)
	b.frames[n] = f
	b.parameters(n.Recv, n.Type.Params, n.Type.Results)
	if f.Obj != nil {
		b.byObj[f.Obj] = f
	}
	b.Funcs = append(b.Funcs, f)
	b.stack = append(b.stack, context{cur: cur, fn: f})
}

// literal opens the context of a function literal: its own frame, or the frame
// around it where it is called or deferred in place.
func (b *builder) literal(cur inspector.Cursor, n *ast.FuncLit) {
	b.parameters(n.Type.Params, n.Type.Results)
	ctx := context{cur: cur}
	if outer := b.top(); outer != nil {
		ctx.fn, ctx.deferred, ctx.once = outer.fn, outer.deferred, outer.once
	}
	use := b.use(cur)
	switch {
	case ctx.fn != nil && use == inPlace:
		ctx.merged = true
	case ctx.fn != nil && use == inDefer:
		ctx.merged, ctx.deferred = true, true
	case ctx.fn != nil && use == inOnce:
		ctx.merged, ctx.once = true, true
	case ctx.fn != nil && use == inDeferredOnce:
		ctx.merged, ctx.deferred, ctx.once = true, true, true
	default:
		if use > Returned {
			use = Returned
		}
		f := &Func{Lit: n, Type: n.Type, Body: n.Body, File: b.file, Outer: ctx.fn, Use: use, model: b.Model}
		b.Funcs = append(b.Funcs, f)
		ctx = context{cur: cur, fn: f}
	}
	b.frames[n] = ctx.fn
	b.stack = append(b.stack, ctx)
}

// Uses of literals that run in the frame around them.
const (
	inPlace Use = Returned + 1 + iota
	inDefer
	inOnce
	inDeferredOnce
)

func (b *builder) use(cur inspector.Cursor) Use {
	k, _ := cur.ParentEdge()
	parent := cur.Parent()
	for k == edge.ParenExpr_X {
		k, _ = parent.ParentEdge()
		parent = parent.Parent()
	}
	switch k {
	case edge.CallExpr_Fun:
		switch parent.Parent().Node().(type) {
		case *ast.GoStmt:
			return Spawned
		case *ast.DeferStmt:
			return inDefer
		}
		return inPlace
	case edge.CallExpr_Args:
		call := parent.Node().(*ast.CallExpr)
		f := b.Static(call)
		switch name := fullName(f); {
		case name == "(*sync.Once).Do":
			switch parent.Parent().Node().(type) {
			case *ast.GoStmt:
				return Spawned
			case *ast.DeferStmt:
				return inDeferredOnce
			}
			return inOnce
		case groupGo(f) != 0:
			return Spawned
		case name == "testing/synctest.Test" || name == "testing/synctest.Run" || name == "internal/synctest.Run":
			return Bubble
		case f != nil && f.Pkg() != nil && f.Pkg().Path() == "testing" && f.Name() == "Cleanup":
			return Cleanup
		case specNodes[calledName(call)]:
			return Spec
		}
		return Passed
	case edge.AssignStmt_Rhs, edge.ValueSpec_Values, edge.KeyValueExpr_Value:
		return Bound
	}
	return Returned
}

// op records an operation of the current frame; nil outside of functions.
func (b *builder) op(cur inspector.Cursor, kind OpKind, n ast.Node, ref Ref) *Op {
	ctx := b.top()
	if ctx == nil {
		return nil
	}
	if len(b.slab) == 0 {
		b.slab = make([]Op, 64)
	}
	op := &b.slab[0]
	b.slab = b.slab[1:]
	*op = Op{Kind: kind, Node: n, Ref: ref, Fn: ctx.fn, Deferred: ctx.deferred, Once: ctx.once, cur: cur}
	if _, ok := cur.Parent().Node().(*ast.DeferStmt); ok {
		op.Deferred = true
	}
	if _, ok := cur.Parent().Node().(*ast.GoStmt); !ok { // go wg.Wait(), go close(ch): not the frame itself
		ctx.fn.Ops = append(ctx.fn.Ops, op)
	}
	if ref.Obj != nil {
		b.ops[ref.Obj] = append(b.ops[ref.Obj], op)
	}
	return op
}

// comm reports whether the statement is the operation of a select case.
func comm(stmt inspector.Cursor) bool {
	k, _ := stmt.ParentEdge()
	return k == edge.CommClause_Comm
}

// received returns the receive that the statement of a select case is, or nil.
func received(stmt ast.Node) ast.Expr {
	switch s := stmt.(type) {
	case *ast.ExprStmt:
		return ast.Unparen(s.X)
	case *ast.AssignStmt:
		return ast.Unparen(s.Rhs[0])
	}
	return nil
}

func selectOf(stmt inspector.Cursor) *ast.SelectStmt {
	return stmt.Parent().Parent().Parent().Node().(*ast.SelectStmt) // clause, body, select
}

func (b *builder) receive(cur inspector.Cursor, n *ast.UnaryExpr) {
	stmt := cur
	for {
		if _, ok := stmt.Node().(ast.Stmt); ok {
			break
		}
		if stmt.Node() == nil {
			return
		}
		stmt = stmt.Parent()
	}
	inSelect := comm(stmt) && received(stmt.Node()) == n // not an operand, which is evaluated before
	if call, ok := ast.Unparen(n.X).(*ast.CallExpr); ok && isFunc(b.Static(call), "time", "After") && len(call.Args) == 1 {
		if s, ok := stmt.Node().(*ast.ExprStmt); ok && !inSelect && ast.Unparen(s.X) == n {
			b.sleep(cur, s, call, call.Args[0]) // <-time.After(d) as a statement
			return
		}
	}
	op := b.op(cur, Recv, n, b.Ref(n.X))
	if op != nil && inSelect {
		op.Select = selectOf(stmt)
	}
}

func (b *builder) call(cur inspector.Cursor, n *ast.CallExpr) {
	info := b.Pkg.Info
	fun := ast.Unparen(n.Fun)
	if id, ok := fun.(*ast.Ident); ok {
		if blt, ok := info.Uses[id].(*types.Builtin); ok {
			b.builtin(cur, n, blt.Name())
			return
		}
	}
	if tv, ok := info.Types[fun]; ok && tv.IsType() {
		return // a conversion
	}
	if isNamed(info.TypeOf(fun), "context", "CancelFunc") {
		b.op(cur, Cancel, n, b.Ref(fun))
		return
	}
	if _, ok := fun.(*ast.FuncLit); ok {
		return // called in place or deferred: what it does, this frame does
	}
	f := b.Static(n)
	if f == nil || f.Pkg() == b.Pkg.Types {
		// Of this package, or a variable that may be bound to a literal;
		// collect resolves the callee.
		if _, ok := cur.Parent().Node().(*ast.GoStmt); !ok {
			b.op(cur, Call, n, b.Ref(fun))
		}
		return
	}
	if k := groupGo(f); k != 0 && len(n.Args) == 1 {
		if s, ok := cur.Parent().Node().(*ast.ExprStmt); ok {
			b.spawn(cur.Parent(), s, n, k)
			return
		}
	}
	if exit := exitOf(f); exit != NoExit {
		if op := b.op(cur, Exit, n, Ref{}); op != nil {
			op.Exit = exit
		}
		return
	}
	if isFunc(f, "time", "Sleep") && len(n.Args) == 1 {
		if s, ok := cur.Parent().Node().(*ast.ExprStmt); ok {
			b.sleep(cur, s, n, n.Args[0])
		}
		return
	}
	if kind, ok := syncKind(f); ok {
		if sel, ok := fun.(*ast.SelectorExpr); ok {
			b.op(cur, kind, n, b.receiver(sel))
		}
		return
	}
	if serves(f) {
		if _, ok := cur.Parent().Node().(*ast.GoStmt); !ok {
			var ref Ref
			if sel, ok := fun.(*ast.SelectorExpr); ok {
				ref = b.Ref(sel.X)
			}
			b.op(cur, Serve, n, ref)
		}
	}
}

// receiver returns what a method is called on: the embedded field for one that
// is promoted.
func (b *builder) receiver(sel *ast.SelectorExpr) Ref {
	ref := b.Ref(sel.X)
	s := b.Pkg.Info.Selections[sel]
	if s == nil || len(s.Index()) < 2 {
		return ref
	}
	t := s.Recv()
	for _, i := range s.Index()[:len(s.Index())-1] {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		st, ok := t.Underlying().(*types.Struct)
		if !ok {
			return ref
		}
		field := st.Field(i)
		ref.Obj, t = field.Origin(), field.Type()
	}
	return ref
}

func (b *builder) builtin(cur inspector.Cursor, n *ast.CallExpr, name string) {
	switch {
	case name == "close" && len(n.Args) == 1:
		b.op(cur, Close, n, b.Ref(n.Args[0]))
	case name == "make" && IsChan(b.Pkg.Info.TypeOf(n)) != nil:
		b.op(cur, Make, n, b.target(cur))
	case name == "panic":
		if op := b.op(cur, Exit, n, Ref{}); op != nil {
			op.Exit = Panic
		}
	}
}

// target returns the variable or field that the value of an expression is
// stored in: by an assignment, a declaration or a composite literal.
func (b *builder) target(cur inspector.Cursor) Ref {
	k, i := cur.ParentEdge()
	for k == edge.ParenExpr_X || k == edge.CallExpr_Args && b.Pkg.Info.Types[cur.Parent().Node().(*ast.CallExpr).Fun].IsType() {
		cur = cur.Parent() // (x) and T(x) are stored where x would be
		k, i = cur.ParentEdge()
	}
	switch p := cur.Parent().Node().(type) {
	case *ast.AssignStmt:
		if k == edge.AssignStmt_Rhs && len(p.Lhs) == len(p.Rhs) {
			return b.Ref(p.Lhs[i])
		}
	case *ast.ValueSpec:
		if k == edge.ValueSpec_Values && len(p.Names) == len(p.Values) {
			return b.Ref(p.Names[i])
		}
	case *ast.KeyValueExpr:
		if id, ok := p.Key.(*ast.Ident); ok && k == edge.KeyValueExpr_Value {
			if v, ok := b.Pkg.Info.Uses[id].(*types.Var); ok && v.IsField() {
				return Ref{Obj: v.Origin(), Expr: id}
			}
		}
	case *ast.CompositeLit:
		if st, ok := b.structOf(p); ok && k == edge.CompositeLit_Elts && i < st.NumFields() {
			return Ref{Obj: st.Field(i).Origin()}
		}
	}
	return Ref{}
}

func (b *builder) structOf(lit *ast.CompositeLit) (*types.Struct, bool) {
	t := b.Pkg.Info.TypeOf(lit)
	if t == nil {
		return nil, false
	}
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	st, ok := t.Underlying().(*types.Struct)
	return st, ok
}

// syncKind returns the operation that a method of package sync or errgroup is.
func syncKind(f *types.Func) (OpKind, bool) {
	recv := f.Signature().Recv()
	if recv == nil {
		return 0, false
	}
	pkg, typ := named(recv.Type())
	switch {
	case pkg == "sync" && typ == "Locker" || pkg == "sync" && (typ == "Mutex" || typ == "RWMutex"):
		switch f.Name() {
		case "Lock":
			return Lock, true
		case "Unlock":
			return Unlock, true
		case "RLock":
			return RLock, true
		case "RUnlock":
			return RUnlock, true
		}
	case pkg == "sync" && typ == "WaitGroup":
		switch f.Name() {
		case "Add":
			return Add, true
		case "Done":
			return Done, true
		case "Wait":
			return Wait, true
		}
	case pkg == "sync" && typ == "Cond" && f.Name() == "Wait", pkg == "golang.org/x/sync/errgroup" && f.Name() == "Wait":
		return Wait, true
	}
	return 0, false
}

// specNodes are the functions of Ginkgo that run a test body.
var specNodes = map[string]bool{"It": true, "FIt": true, "PIt": true, "Specify": true, "Entry": true}

// calledName returns the last name in a call's function: It in ginkgo.It(…).
func calledName(call *ast.CallExpr) string {
	switch f := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}
