package chanflow

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A Chan is what becomes of the channels that one make expression creates:
// where they go within the package and what is done with them there. Channels
// of other origin may go through the same variables; their operations are
// counted too.
type Chan struct {
	Make *Op

	// Names are the variables, parameters and fields that may hold the
	// channel, in the order in which it reaches them.
	Names []types.Object

	Sends, Recvs, Closes []*Op

	Measured []ast.Node   // len(ch) and cap(ch): its capacity is looked at
	Unknown  []ast.Node   // uses that cannot be followed
	Returned []*Func      // functions that return it
	Exposed  *Func        // one of Returned that other packages can call, or nil
	Visible  types.Object // a variable or field of Names that other packages can use, or nil

	// Arrivals are the calls in the package that return it to their caller.
	Arrivals []*Op

	// Holders are the composite literals that it is a field of, by their
	// outermost expression, and the variables whose field it is assigned to.
	Holders []ast.Expr

	passed map[*ast.CallExpr]bool // calls and spawns that get it as an argument
	model  *Model
}

// Chan follows the channels of a make expression through the package.
func (m *Model) Chan(mk *Op) *Chan {
	type key struct{ op *Op }
	return m.Pkg.Memo(key{mk}, func() any {
		c := &Chan{Make: mk, model: m, passed: make(map[*ast.CallExpr]bool)}
		f := &flow{Chan: c, index: m.uses(), ops: make(map[*Op]bool), returned: make(map[result]bool)}
		f.use(mk.cur())
		f.run()
		return c
	}).(*Chan)
}

// run follows the channel through all its names.
func (f *flow) run() {
	for i := 0; i < len(f.Names); i++ { // use appends
		for _, cur := range f.model.usesOf(f.Names[i]) {
			f.use(cur)
		}
	}
	for _, list := range [][]*Op{f.Sends, f.Recvs, f.Closes} {
		slices.SortFunc(list, func(a, b *Op) int { return int(a.Node.Pos() - b.Node.Pos()) })
	}
}

// useIndex says where the operations are, and where functions of the package are
// called and spawned.
type useIndex struct {
	ops    map[ast.Node]*Op
	calls  map[*Func][]*Op
	spawns map[*Func][]*Spawn
}

type usesKey struct{}

func (m *Model) uses() *useIndex {
	return m.Pkg.Memo(usesKey{}, func() any {
		x := &useIndex{
			ops:   make(map[ast.Node]*Op),
			calls: make(map[*Func][]*Op), spawns: make(map[*Func][]*Spawn),
		}
		for _, f := range m.Funcs {
			for _, op := range f.Ops {
				x.ops[op.Node] = op
				if op.Kind == Call && op.Callee != nil {
					x.calls[op.Callee] = append(x.calls[op.Callee], op)
				}
			}
		}
		for _, sp := range m.Spawns {
			if sp.Body != nil {
				x.spawns[sp.Body] = append(x.spawns[sp.Body], sp)
			}
		}
		return x
	}).(*useIndex)
}

// A flow is the work of following one channel.
type flow struct {
	*Chan
	index    *useIndex
	ops      map[*Op]bool
	returned map[result]bool
}

type result struct {
	f *Func
	i int
}

func (f *flow) name(obj types.Object) {
	if obj != nil && !slices.Contains(f.Names, obj) {
		f.Names = append(f.Names, obj)
		if v, ok := obj.(*types.Var); ok && f.model.visible(v) {
			f.Visible = v
		}
		if fn := f.model.FuncOf(obj.Pos()); fn != nil && fn.Type.Results != nil && covers(fn.Type.Results, obj.Pos()) {
			f.unknown(fn.Type.Results) // a return without operands returns it
		}
	}
}

func (f *flow) unknown(n ast.Node) { f.Unknown = append(f.Unknown, n) }

// visible reports whether code in other packages may refer to the variable or
// field.
func (m *Model) visible(v *types.Var) bool {
	if !v.Exported() || m.Closed() {
		return false
	}
	if v.IsField() {
		return m.fieldOfExported(v)
	}
	return v.Parent() == m.Pkg.Types.Scope()
}

// Closed reports whether no other package can refer to this one: it is a
// program, or the package of external tests.
func (m *Model) Closed() bool {
	name := m.Pkg.Types.Name()
	return name == "main" || len(name) > 5 && name[len(name)-5:] == "_test"
}

// fieldOfExported reports whether the field belongs to an exported type of the
// package. One that is found in no named type counts as one.
func (m *Model) fieldOfExported(v *types.Var) bool {
	hidden := m.Pkg.Memo(hiddenKey{}, func() any {
		out := make(map[*types.Var]bool)
		scope := m.Pkg.Types.Scope()
		for _, name := range scope.Names() {
			tn, ok := scope.Lookup(name).(*types.TypeName)
			if !ok || tn.Exported() {
				continue
			}
			if st, ok := tn.Type().Underlying().(*types.Struct); ok {
				for field := range st.Fields() {
					out[field] = true
				}
			}
		}
		return out
	}).(map[*types.Var]bool)
	return !hidden[v]
}

type hiddenKey struct{} // of the fields of types that are not exported

// use records what becomes of the channel that the expression at cur yields.
func (f *flow) use(cur inspector.Cursor) {
	k, i := cur.ParentEdge()
	switch p := cur.Parent().Node().(type) {
	case *ast.ParenExpr:
		f.use(cur.Parent())
	case *ast.SendStmt:
		if k == edge.SendStmt_Chan {
			f.op(p)
		} else {
			f.unknown(p)
		}
	case *ast.UnaryExpr:
		f.op(p)
	case *ast.RangeStmt:
		if k == edge.RangeStmt_X {
			f.op(p)
		}
	case *ast.BinaryExpr, *ast.ExprStmt:
		// compared, or dropped
	case *ast.CallExpr:
		f.argument(cur, p, i)
	case *ast.AssignStmt:
		switch {
		case k == edge.AssignStmt_Lhs:
		case len(p.Lhs) == len(p.Rhs):
			f.store(p.Lhs[i])
		default:
			f.unknown(p)
		}
	case *ast.ValueSpec:
		if k == edge.ValueSpec_Values && len(p.Names) == len(p.Values) {
			f.store(p.Names[i])
		}
	case *ast.KeyValueExpr, *ast.CompositeLit:
		b := builder{Model: f.model}
		if obj := b.target(cur).Obj; obj != nil {
			f.name(obj)
			f.holder(cur)
		} else {
			f.unknown(p)
		}
	case *ast.ReturnStmt:
		f.result(cur, i)
	default:
		f.unknown(cur.Node())
	}
}

func (f *flow) op(n ast.Node) {
	op := f.index.ops[n]
	if op == nil || f.ops[op] {
		if op == nil {
			f.unknown(n) // &ch, or outside of functions
		}
		return
	}
	f.ops[op] = true
	switch op.Kind {
	case Send:
		f.Sends = append(f.Sends, op)
	case Recv:
		f.Recvs = append(f.Recvs, op)
	case Close:
		f.Closes = append(f.Closes, op)
	}
}

func (f *flow) store(lhs ast.Expr) {
	if id, ok := lhs.(*ast.Ident); ok && id.Name == "_" {
		return
	}
	if r := f.model.Ref(lhs); r.Obj != nil && !r.Elem {
		f.name(r.Obj)
		if sel, ok := ast.Unparen(lhs).(*ast.SelectorExpr); ok {
			f.Holders = append(f.Holders, sel.X)
		}
	} else {
		f.unknown(lhs)
	}
}

// holder records the composite literal around a field.
func (f *flow) holder(cur inspector.Cursor) {
	for cur = cur.Parent(); ; cur = cur.Parent() {
		if _, ok := cur.Node().(*ast.CompositeLit); ok {
			break
		}
	}
	if u, ok := cur.Parent().Node().(*ast.UnaryExpr); ok {
		f.Holders = append(f.Holders, u)
	} else {
		f.Holders = append(f.Holders, cur.Node().(ast.Expr))
	}
}

// argument follows the channel into a call.
func (f *flow) argument(cur inspector.Cursor, call *ast.CallExpr, i int) {
	info := f.model.Pkg.Info
	if k, _ := cur.ParentEdge(); k != edge.CallExpr_Args {
		f.unknown(call)
		return
	}
	if info.Types.Of(call.Fun).IsType() {
		if IsChan(info.TypeOf(call)) != nil {
			f.use(cur.Parent()) // converted
		} else {
			f.unknown(call)
		}
		return
	}
	if id, ok := ast.Unparen(call.Fun).(*ast.Ident); ok {
		if b, ok := info.Uses.Of(id).(*types.Builtin); ok {
			switch b.Name() {
			case "close":
				f.op(call)
			case "len", "cap":
				f.Measured = append(f.Measured, call)
			default:
				f.unknown(call)
			}
			return
		}
	}
	callee := f.model.Callee(call)
	if lit, ok := ast.Unparen(call.Fun).(*ast.FuncLit); ok && callee != nil && callee.Lit != lit {
		callee = nil // a literal called in place: its parameters are no frame's
	}
	if callee == nil {
		f.unknown(call)
		return
	}
	params := callee.Params()
	if i >= len(params) || f.variadic(callee) && i == len(params)-1 {
		f.unknown(call)
		return
	}
	f.passed[call] = true
	f.name(params[i])
}

func (f *flow) variadic(callee *Func) bool {
	list := callee.Type.Params.List
	if len(list) == 0 {
		return false
	}
	_, ok := list[len(list)-1].Type.(*ast.Ellipsis)
	return ok
}

// result follows the channel out of a function that returns it.
func (f *flow) result(cur inspector.Cursor, i int) {
	var fn *Func
	for c := range cur.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		fn = f.model.frames[c.Node()]
		if fn != nil && fn.Node() != c.Node() {
			fn = nil
		}
		break
	}
	if fn == nil || fn.Decl == nil {
		f.unknown(cur.Node())
		return
	}
	if f.returned[result{fn, i}] {
		return
	}
	f.returned[result{fn, i}] = true
	f.Returned = append(f.Returned, fn)
	if fn.Obj.Exported() && !f.model.Closed() && !strings.HasSuffix(fn.File.Name, "_test.go") {
		f.Exposed = fn
	}
	calls, all := f.model.Callers(fn)
	if !all {
		f.unknown(fn.Decl)
	}
	for _, call := range calls {
		if op := f.index.ops[call]; op != nil {
			f.Arrivals = append(f.Arrivals, op)
		} else {
			f.unknown(call) // go f(), or outside of functions
			continue
		}
		at, ok := f.model.root.FindNode(call)
		if !ok {
			continue
		}
		if fn.Obj.Signature().Results().Len() == 1 {
			f.use(at)
			continue
		}
		switch p := at.Parent().Node().(type) {
		case *ast.AssignStmt:
			f.store(p.Lhs[i])
		case *ast.ValueSpec:
			f.store(p.Names[i])
		case *ast.ExprStmt:
		default:
			f.unknown(call)
		}
	}
}

// Holds reports whether the operation is on a variable or field that may hold
// the channel.
func (c *Chan) Holds(op *Op) bool { return c.holds(op.Ref.Obj) }

func (c *Chan) holds(obj types.Object) bool { return obj != nil && slices.Contains(c.Names, obj) }
