package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"

	"handshake/refactor"
)

// A builder fills a model in one walk over the syntax. It is an [ast.Visitor]:
// cursors would have to be made for all declarations, to be used in few.
type builder struct {
	*Model
	file  *refactor.File // that the walk is in
	path  []ast.Node     // around the node that is being visited, from the declaration on
	stack []context
	slab  []Op // operations that are not used yet: there are thousands

	touched []*Func // of which the walk has seen calls

	// Of the model of the package's base: what takes the place of its frames, by
	// Func.index, and of its operations, by Op.index. nil for what is gone.
	twins  []*Func
	copies []*Op
}

// A context is what surrounds the node that is being visited.
type context struct {
	node     ast.Node // the function that opened the context
	fn       *Func
	deferred bool // inside a deferred literal
	once     bool // inside a literal passed to (*sync.Once).Do
	merged   bool // inside a literal that runs in the frame around it
}

func (b *builder) collect() {
	b.declare()
	b.reuse()
	i := 0
	for _, f := range b.Pkg.Files {
		b.file = f
		for range f.Syntax.Decls {
			d := &b.root.decls[i]
			if i++; d.same != nil {
				b.copy(d)
				continue
			}
			d.walked[0] = b.mark()
			ast.Walk(b, d.Decl)
			d.walked[1] = b.mark()
		}
	}
	b.reorder()
	b.Spawns, b.Sleeps = slices.Clip(b.spawns), slices.Clone(b.sleeps)
	for _, l := range b.links {
		b.ctxOf[l.cancel] = l.ctx
	}
	b.bind()
	for _, op := range b.walked.ops {
		if op.dynamic {
			op.Callee = b.Callee(op.Node.(*ast.CallExpr))
		}
	}
	for _, s := range b.Spawns {
		b.resolve(s)
	}
	b.wrappers()
	b.starters()
}

// declare makes the frames of the declared functions: they may be called before
// the walk comes to them.
func (b *builder) declare() {
	n := 0
	for i := range b.root.decls {
		if d, ok := b.root.decls[i].Decl.(*ast.FuncDecl); ok && d.Body != nil {
			n++
		}
	}
	frames := make([]Func, 0, n)
	b.frames = make(map[ast.Node]*Func, n+n/2)
	b.byObj = make(map[types.Object]*Func, n)
	for _, file := range b.Pkg.Files {
		for _, decl := range file.Syntax.Decls {
			d, ok := decl.(*ast.FuncDecl)
			if !ok || d.Body == nil {
				continue
			}
			frames = append(frames, Func{Decl: d, Type: d.Type, Body: d.Body, File: file, model: b.Model})
			f := &frames[len(frames)-1]
			b.frames[d] = f
			if f.Obj, _ = b.Pkg.Info.Defs.Of(d.Name).(*types.Func); f.Obj != nil {
				b.byObj[f.Obj] = f
			}
		}
	}
}

// Visit records what a node does, on the way down, and keeps the path.
func (b *builder) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case nil:
		last := len(b.path) - 1
		if len(b.stack) > 0 && b.stack[len(b.stack)-1].node == b.path[last] {
			b.stack = b.stack[:len(b.stack)-1]
		}
		b.path = b.path[:last]
		return nil
	case *ast.Ident, *ast.BasicLit, *ast.CommentGroup, *ast.ImportSpec:
		return nil
	case *ast.FuncDecl:
		if n.Body != nil {
			b.enter(n)
		}
	case *ast.FuncLit:
		b.literal(n)
	case *ast.GoStmt:
		b.spawn(n, n.Call, GoStmt)
	case *ast.CallExpr:
		b.call(n)
	case *ast.SendStmt:
		if op := b.op(Send, n, b.Ref(n.Chan)); op != nil {
			op.Select = b.selectOf(n, len(b.path))
		}
	case *ast.UnaryExpr:
		switch n.Op {
		case token.ARROW:
			b.receive(n)
		case token.AND:
			b.change(n.X)
		}
	case *ast.AssignStmt:
		b.stores = append(b.stores, n)
		b.assignment(n)
	case *ast.ValueSpec:
		b.stores = append(b.stores, n)
		b.declaration(n)
	case *ast.CompositeLit:
		b.stores = append(b.stores, n)
	case *ast.InterfaceType:
		b.interfaces = append(b.interfaces, n)
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
			if op := b.op(Recv, n, b.Ref(n.X)); op != nil {
				op.Range = true
			}
		}
	case *ast.SelectStmt:
		b.op(Select, n, Ref{})
	case *ast.ReturnStmt:
		if ctx := b.top(); ctx != nil && !ctx.merged {
			if op := b.op(Exit, n, Ref{}); op != nil {
				op.Exit = Return
			}
		}
	}
	b.path = append(b.path, n)
	return b
}

func (b *builder) top() *context {
	if len(b.stack) == 0 {
		return nil // the initialiser of a package variable
	}
	return &b.stack[len(b.stack)-1]
}

// around returns the i-th node around the one that is being visited, from the
// parent on; nil outside of the declaration.
func (b *builder) around(i int) ast.Node {
	if i >= len(b.path) {
		return nil
	}
	return b.path[len(b.path)-1-i]
}

func (b *builder) enter(n *ast.FuncDecl) {
	f := b.frames[n]
	f.recv = b.receiverVar(n, f.Obj)
	b.parameters(n.Recv, n.Type.Params, n.Type.Results)
	b.frame(n, f)
	b.stack = append(b.stack, context{node: n, fn: f})
}

// literal opens the context of a function literal: its own frame, or the frame
// around it where it is called or deferred in place.
func (b *builder) literal(n *ast.FuncLit) {
	b.parameters(n.Type.Params, n.Type.Results)
	ctx := context{node: n}
	if outer := b.top(); outer != nil {
		ctx.fn, ctx.deferred, ctx.once = outer.fn, outer.deferred, outer.once
	}
	use := b.use(n)
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
		f := &Func{Lit: n, Type: n.Type, Body: n.Body, File: b.file, Outer: ctx.fn, Use: use, written: use, model: b.Model}
		ctx = context{node: n, fn: f}
	}
	b.frame(n, ctx.fn)
	b.stack = append(b.stack, ctx)
}

// frame notes which frame runs a function, nil if there is none.
func (b *builder) frame(n ast.Node, f *Func) {
	b.frames[n] = f
	b.nodes = append(b.nodes, framed{n, f})
	if f != nil && f.Node() == n {
		f.index = len(b.Funcs)
		b.Funcs = append(b.Funcs, f)
	}
}

// Uses of literals that run in the frame around them.
const (
	inPlace Use = Returned + 1 + iota
	inDefer
	inOnce
	inDeferredOnce
)

func (b *builder) use(lit *ast.FuncLit) Use {
	var e ast.Expr = lit
	i := 0
	for {
		p, ok := b.around(i).(*ast.ParenExpr)
		if !ok {
			break
		}
		e = p
		i++
	}
	switch p := b.around(i).(type) {
	case *ast.CallExpr:
		around := b.around(i + 1)
		if p.Fun == e {
			switch around.(type) {
			case *ast.GoStmt:
				return Spawned
			case *ast.DeferStmt:
				return inDefer
			}
			return inPlace
		}
		f := b.Static(p)
		switch {
		case isFunc(f, "sync", "Do") && f.FullName() == "(*sync.Once).Do":
			switch around.(type) {
			case *ast.GoStmt:
				return Spawned
			case *ast.DeferStmt:
				return inDeferredOnce
			}
			return inOnce
		case groupGo(f) != 0:
			return Spawned
		case isBubble(f):
			return Bubble
		case isFunc(f, "testing", "Cleanup"):
			return Cleanup
		case specNodes[calledName(p)]:
			return Spec
		}
		return Passed
	case *ast.AssignStmt:
		if slices.Contains(p.Rhs, e) {
			return Bound
		}
	case *ast.ValueSpec:
		if slices.Contains(p.Values, e) {
			return Bound
		}
	case *ast.KeyValueExpr:
		if p.Value == e {
			return Bound
		}
	}
	return Returned
}

// op records an operation of the current frame; nil outside of functions.
func (b *builder) op(kind OpKind, n ast.Node, ref Ref) *Op {
	ctx := b.top()
	if ctx == nil {
		return nil
	}
	if len(b.slab) == 0 {
		b.slab = make([]Op, 64)
	}
	op := &b.slab[0]
	b.slab = b.slab[1:]
	*op = Op{Kind: kind, Node: n, Ref: ref, Fn: ctx.fn, Deferred: ctx.deferred, Once: ctx.once}
	switch b.around(0).(type) {
	case *ast.DeferStmt:
		op.Deferred = true
		ctx.fn.Ops = append(ctx.fn.Ops, op)
	case *ast.GoStmt: // go wg.Wait(), go close(ch): not the frame itself
		op.apart = true
	default:
		ctx.fn.Ops = append(ctx.fn.Ops, op)
	}
	op.index = len(b.walked.ops)
	b.walked.ops = append(b.walked.ops, op)
	if ref.Obj != nil {
		b.ops[ref.Obj] = append(b.ops[ref.Obj], op)
	}
	return op
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

// selectOf returns the select statement of which a statement is the operation
// of a case, or nil; depth is how many nodes are around it.
func (b *builder) selectOf(stmt ast.Node, depth int) *ast.SelectStmt {
	if depth < 3 {
		return nil
	}
	clause, ok := b.path[depth-1].(*ast.CommClause)
	if !ok || clause.Comm != stmt {
		return nil
	}
	return b.path[depth-3].(*ast.SelectStmt) // clause, body, select
}

func (b *builder) receive(n *ast.UnaryExpr) {
	depth := len(b.path) - 1
	var stmt ast.Stmt
	for ; depth >= 0 && stmt == nil; depth-- {
		stmt, _ = b.path[depth].(ast.Stmt)
	}
	if stmt == nil {
		return
	}
	sel := b.selectOf(stmt, depth+1)
	if received(stmt) != n { // an operand, which is evaluated before
		sel = nil
	}
	if call, ok := ast.Unparen(n.X).(*ast.CallExpr); ok && isFunc(b.Static(call), "time", "After") && len(call.Args) == 1 {
		if s, ok := stmt.(*ast.ExprStmt); ok && sel == nil && ast.Unparen(s.X) == n {
			b.sleep(s, call, call.Args[0]) // <-time.After(d) as a statement
			return
		}
	}
	if op := b.op(Recv, n, b.Ref(n.X)); op != nil {
		op.Select = sel
	}
}

// target returns the variable or field that the value of an expression is
// stored in: by an assignment, a declaration or a composite literal.
func (b *builder) target(cur inspector.Cursor) Ref {
	k, i := cur.ParentEdge()
	for k == edge.ParenExpr_X || k == edge.CallExpr_Args && b.Pkg.Info.Types.Of(cur.Parent().Node().(*ast.CallExpr).Fun).IsType() {
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
			if v, ok := b.Pkg.Info.Uses.Of(id).(*types.Var); ok && v.IsField() {
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
