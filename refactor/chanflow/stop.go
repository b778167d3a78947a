package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A Stop is a place that tells goroutines of the package to stop: a close of a
// channel or a call of a cancel function that they leave on. Deferred signals
// count too.
type Stop struct {
	Op     *Op // a Close, a Cancel, or a Call of a variable that holds a cancel function
	Leaves []*Leaver
}

// A Leaver is a goroutine that ends on a stop signal.
type Leaver struct {
	Spawn *Spawn
	Op    *Op  // the receive on which it leaves
	Run   *Run // all that the goroutine does

	signal types.Object
}

// Stops returns the stop signals of the package, in source order.
func (m *Model) Stops() []*Stop { return m.stopping().stops }

// stopping is what the model knows of stop protocols. Few rules ask, so it is
// built on demand.
type stopping struct {
	same   map[types.Object]types.Object // union-find: variables that hold one channel or context
	leaves map[types.Object][]*Leaver    // by signal
	stops  []*Stop
}

type stoppingKey struct{}

func (m *Model) stopping() *stopping {
	return m.Pkg.Memo(stoppingKey{}, func() any {
		s := &stopping{same: make(map[types.Object]types.Object)}
		s.unite(m)
		s.find(m)
		return s
	}).(*stopping)
}

// signal returns the representative of all variables and fields that hold the
// same channel, or the same context and its cancel function.
func (s *stopping) signal(obj types.Object) types.Object {
	for s.same[obj] != nil {
		obj = s.same[obj]
	}
	return obj
}

func (s *stopping) union(a, b types.Object) {
	if a, b = s.signal(a), s.signal(b); a != nil && b != nil && a != b {
		s.same[a] = b
	}
}

// SameSignal reports whether two variables or fields hold the same channel, or a
// context and its cancel function.
func (m *Model) SameSignal(a, b types.Object) bool {
	s := m.stopping()
	return a != nil && b != nil && s.signal(a) == s.signal(b)
}

func (s *stopping) unite(m *Model) {
	// The right side tells most often that there is nothing to unite.
	assign := func(lhs func() Ref, rhs ast.Expr) {
		r := m.ref(rhs)
		if r.Obj == nil || r.Elem || !r.Context && !carries(r.Obj.Type()) {
			return
		}
		l := lhs()
		if l.Obj == nil || l.Elem || !carries(l.Obj.Type()) {
			return
		}
		if r.Context || (IsChan(l.Obj.Type()) == nil) == (IsChan(r.Obj.Type()) == nil) {
			s.union(l.Obj, r.Obj)
		}
	}
	for cancel, ctx := range m.ctxOf {
		s.union(cancel, ctx)
	}
	for _, n := range m.stores {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if len(n.Lhs) == len(n.Rhs) {
				for i := range n.Lhs {
					assign(func() Ref { return m.ref(n.Lhs[i]) }, n.Rhs[i])
				}
			}
		case *ast.ValueSpec:
			if len(n.Names) == len(n.Values) {
				for i := range n.Names {
					assign(func() Ref { return m.ref(n.Names[i]) }, n.Values[i])
				}
			}
		case *ast.CompositeLit:
			if slices.ContainsFunc(n.Elts, mayName) {
				for field, value := range m.FieldValues(n) {
					assign(func() Ref { return Ref{Obj: field} }, value)
				}
			}
		}
	}
}

// mayName reports whether the element of a composite literal may be a variable or
// field, by its syntax.
func mayName(e ast.Expr) bool {
	if kv, ok := e.(*ast.KeyValueExpr); ok {
		e = kv.Value
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident, *ast.SelectorExpr, *ast.StarExpr:
		return true
	case *ast.UnaryExpr:
		return mayName(e.X)
	case *ast.CallExpr:
		return calledName(e) == "Done" // of a context
	}
	return false
}

// carries reports whether a variable of the type can hold a stop signal.
func carries(t types.Type) bool {
	if IsChan(t) != nil || isContext(t) || isNamed(t, "context", "CancelFunc") {
		return true
	}
	f, ok := t.Underlying().(*types.Signature)
	return ok && f.Params().Len() == 0 && f.Results().Len() == 0
}

// FieldValues yields the fields that a struct literal sets, with their values.
func (m *Model) FieldValues(lit *ast.CompositeLit) func(yield func(*types.Var, ast.Expr) bool) {
	return func(yield func(*types.Var, ast.Expr) bool) {
		st, ok := (&builder{Model: m}).structOf(lit)
		if !ok {
			return
		}
		for i, e := range lit.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				id, _ := kv.Key.(*ast.Ident)
				if id == nil {
					continue
				}
				if v, ok := m.Pkg.Info.Uses.Of(id).(*types.Var); ok && !yield(v.Origin(), kv.Value) {
					return
				}
			} else if i < st.NumFields() && !yield(st.Field(i).Origin(), e) {
				return
			}
		}
	}
}

// find matches the stop signals with the goroutines that leave on them.
func (s *stopping) find(m *Model) {
	leaves := make(map[types.Object][]*Leaver)
	for _, sp := range m.Spawns {
		if sp.Body == nil || !sp.Body.receives() {
			continue
		}
		run := m.Run(sp)
		seen := make(map[types.Object]bool)
		for op, ref := range run.Ops() {
			if op.Kind != Recv || ref.Obj == nil || ref.Elem || !m.leavesOn(op) || !run.endsWith(op.Fn) {
				continue
			}
			if sig := s.signal(ref.Obj); !seen[sig] {
				seen[sig] = true
				leaves[sig] = append(leaves[sig], &Leaver{sp, op, run, sig})
			}
		}
	}
	s.leaves = leaves
	if len(leaves) == 0 {
		return
	}
	for _, f := range m.Funcs {
		for _, op := range f.Ops {
			if !op.maySignal() {
				continue
			}
			if told := leaves[s.signal(op.Ref.Obj)]; len(told) > 0 {
				s.stops = append(s.stops, &Stop{op, told})
			}
		}
	}
	slices.SortStableFunc(s.stops, func(a, b *Stop) int { return int(a.Op.Node.Pos() - b.Op.Node.Pos()) })
}

// maySignal reports whether an operation closes a channel, or calls what may be
// a cancel function.
func (o *Op) maySignal() bool {
	if o.Ref.Obj == nil || o.Ref.Elem {
		return false
	}
	return o.Kind == Close && !o.Ref.Context || o.Kind == Cancel || o.Kind == Call && o.Callee == nil
}

// relayed returns the stop signal of the caller that a call gives by way of a
// function of the package, which gives it whenever it is called and then waits
// for nobody: the call, as if it were the signal. nil if there is none.
func (m *Model) relayed(call *Op) *Stop {
	f := call.Callee
	if f == nil || call.Kind != Call || len(f.Sleeps) > 0 {
		return nil
	}
	for _, op := range f.Ops {
		if op.Kind == Exit && op.Exit == Return {
			return nil // before the signal: the last one need not be written
		}
		if !op.maySignal() || op.Conditional() || op.Once || op.Loop() != nil {
			continue
		}
		signal := *call
		signal.Kind, signal.Ref = op.Kind, f.outside(op.Ref, call.Node.(*ast.CallExpr))
		st := m.stopping()
		if told := st.leaves[st.signal(signal.Ref.Obj)]; signal.Ref.Obj != nil && len(told) > 0 && !m.confirms(f, op) {
			return &Stop{&signal, told}
		}
	}
	return nil
}

// receives reports whether a call of f may receive from anything that its caller
// knows.
func (f *Func) receives() bool {
	for e := range f.Effects() {
		if e.Kind == Recv {
			return true
		}
	}
	return false
}

// leavesOn reports whether the frame is left, or its loop is, once the receive
// is answered because the channel is closed.
func (m *Model) leavesOn(op *Op) bool {
	if op.Range {
		return true
	}
	if op.Select != nil {
		sel, ok := m.root.FindNode(op.Select)
		for c := range op.cur().Enclosing((*ast.CommClause)(nil)) {
			if leavesLoopIn(c.Node().(*ast.CommClause).Body) {
				return true
			}
			break
		}
		return (!ok || m.loopOf(sel) == nil) && !m.beginsBehind(op.Select)
	}
	return m.leavesBehind(op)
}

// leavesBehind reports whether the loop around the operation, if there is one,
// is left once it has been performed, or may be, depending on its result.
func (m *Model) leavesBehind(op *Op) bool {
	if op.Loop() == nil {
		return !m.beginsBehind(op.Stmt())
	}
	for c := range op.cur().Enclosing((*ast.IfStmt)(nil), (*ast.ForStmt)(nil), (*ast.RangeStmt)(nil)) {
		n, ok := c.Node().(*ast.IfStmt)
		if ok && (n.Init != nil && within(n.Init, op.Node) || within(n.Cond, op.Node)) {
			return leavesLoopIn(n.Body.List)
		}
		break
	}
	for st := range m.After(op.Stmt()) {
		return leavesLoopIn([]ast.Stmt{st})
	}
	return false
}

// beginsBehind reports whether what a frame is there for only begins behind the
// statement, which is a gate then. To wait for others is part of an orderly end.
func (m *Model) beginsBehind(gate ast.Stmt) bool {
	for st := range m.After(gate) {
		if m.staysUp(st, false, make(map[*Func]bool)) {
			return true
		}
	}
	return false
}

func within(outer, inner ast.Node) bool {
	return outer.Pos() <= inner.Pos() && inner.End() <= outer.End()
}

// leavesLoopIn reports whether one of the statements returns, jumps to a label
// or breaks out of the loop around a select.
func leavesLoopIn(list []ast.Stmt) bool {
	leaves := false
	for _, s := range list {
		ast.Inspect(s, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.ReturnStmt:
				leaves = true
			case *ast.BranchStmt:
				if n.Tok == token.GOTO || n.Tok == token.BREAK && n.Label != nil {
					leaves = true
				}
			}
			return !leaves
		})
	}
	return leaves
}

// statement returns the statement of a list that the operation is part of: the
// call of Do around an operation in the argument of (*sync.Once).Do.
func (o *Op) statement() (ast.Stmt, bool) {
	cur := o.cur()
	for {
		if st, ok := cur.Node().(ast.Stmt); ok {
			if list, _ := siblings(cur); list[0] != nil && !(o.Once && insideLit(cur, o.Fn)) {
				return st, true
			}
		}
		if cur.Node() == nil || cur.Node() == o.Fn.Node() {
			return nil, false
		}
		cur = cur.Parent()
	}
}

// insideLit reports whether a literal that is merged into the frame is around
// cur.
func insideLit(cur inspector.Cursor, f *Func) bool {
	for c := range cur.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		if c.Node() == f.Node() {
			return false
		}
		if k, _ := c.ParentEdge(); k == edge.CallExpr_Args {
			return true
		}
	}
	return false
}
