package chanflow

import (
	"go/ast"
	"go/types"
	"slices"
)

// signalRef returns what a channel expression refers to. Other than Ref it sees
// through methods that only return a field, such as ShouldStop.
func (m *Model) signalRef(e ast.Expr) Ref {
	r := m.Ref(e)
	if call, ok := ast.Unparen(e).(*ast.CallExpr); ok && r.Obj == nil && len(call.Args) == 0 {
		sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		f := m.Callee(call)
		if !ok || f == nil {
			return r
		}
		if field := m.accessor(f); field != nil {
			return Ref{Obj: field, Base: m.Ref(sel.X).Base, Expr: e}
		}
	}
	return r
}

// accessor returns the field of its receiver that a method returns, if it does
// nothing else, or returns nil for a nil receiver.
func (m *Model) accessor(f *Func) (field types.Object) {
	if f.Recv() == nil || f.Body == nil || len(f.Body.List) > 2 {
		return nil
	}
	ok := true
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt, *ast.IfStmt, *ast.BinaryExpr, *ast.Ident, *ast.SelectorExpr, nil:
		case *ast.ReturnStmt:
			if len(n.Results) != 1 {
				ok = false
				return false
			}
			if m.Pkg.Info.Types.Of(n.Results[0]).IsNil() {
				return false
			}
			r := m.Ref(n.Results[0])
			if _, sel := ast.Unparen(n.Results[0]).(*ast.SelectorExpr); !sel || !isField(r.Obj) || field != nil && field != r.Obj {
				ok = false
			}
			field = r.Obj
			return false
		default:
			ok = false
		}
		return ok
	})
	if !ok {
		return nil
	}
	return field
}

// derivation is which contexts are derived from which.
type derivation struct {
	parents map[types.Object]types.Object
	groups  map[types.Object]types.Object // errgroups to the context that they cancel
	timed   map[types.Object]bool         // contexts with a timeout
}

type derivedKey struct{}

func (m *Model) derived() *derivation {
	return m.Pkg.Memo(derivedKey{}, func() any {
		d := &derivation{make(map[types.Object]types.Object), make(map[types.Object]types.Object), make(map[types.Object]bool)}
		for _, n := range m.stores {
			as, ok := n.(*ast.AssignStmt)
			if !ok || len(as.Rhs) != 1 {
				continue
			}
			call, ok := as.Rhs[0].(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				continue
			}
			f := m.Static(call)
			if f == nil || f.Pkg() == nil {
				continue
			}
			ctx := as.Lhs[0]
			switch f.Pkg().Path() {
			case "context", "os/signal":
			case "golang.org/x/sync/errgroup":
				if f.Name() != "WithContext" || len(as.Lhs) != 2 {
					continue
				}
				ctx = as.Lhs[1]
				if g, c := m.Ref(as.Lhs[0]).Obj, m.Ref(ctx).Obj; g != nil && c != nil {
					d.groups[g] = c
				}
			default:
				continue
			}
			if c := m.Ref(ctx).Obj; c != nil && f.Name() != "WithCancel" && f.Name() != "WithCancelCause" && f.Name() != "WithValue" {
				d.timed[c] = true // or ended from outside
			}
			if c, p := m.Ref(ctx).Obj, m.Ref(call.Args[0]).Obj; c != nil && p != nil && c != p && isContext(c.Type()) {
				d.parents[c] = p
			}
		}
		return d
	}).(*derivation)
}

type sourcesKey struct{ obj types.Object }

// sources returns what a variable that holds a signal may stand for: those that
// callers pass, if it is a parameter that only this package fills, or itself.
func (m *Model) sources(obj types.Object) []types.Object {
	return m.Pkg.Memo(sourcesKey{obj}, func() any {
		return m.findSources(obj, make(map[types.Object]bool))
	}).([]types.Object)
}

func (m *Model) findSources(obj types.Object, seen map[types.Object]bool) []types.Object {
	self := []types.Object{m.stopping().signal(obj)}
	f := m.FuncOf(obj.Pos())
	if f == nil || seen[obj] {
		return self
	}
	seen[obj] = true
	i := slices.Index(f.Params(), obj)
	if i < 0 {
		return self
	}
	var calls []*ast.CallExpr
	if f.Obj != nil {
		var all bool
		if calls, all = m.Callers(f); !all {
			return self
		}
	} else {
		for _, sp := range m.uses().spawns[f] {
			if sp.Kind == GoStmt {
				calls = append(calls, sp.Call)
			}
		}
		for _, op := range m.uses().calls[f] {
			calls = append(calls, op.Node.(*ast.CallExpr))
		}
	}
	var out []types.Object
	for _, call := range calls {
		if i >= len(call.Args) {
			return self
		}
		arg := m.signalRef(call.Args[i])
		if arg.Obj == nil || arg.Elem {
			return self
		}
		for _, s := range m.findSources(arg.Obj, seen) {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	if len(out) == 0 {
		return self
	}
	return out
}

// fires reports whether the signal own is given whenever other is: both are the
// same, or own is a context derived from it.
func (m *Model) fires(own, other types.Object) bool {
	for i := 0; own != nil && i < 5; i++ {
		if m.SameSignal(own, other) {
			return true
		}
		a, b := m.sources(own), m.sources(other)
		if len(a) == len(b) && !slices.ContainsFunc(a, func(s types.Object) bool { return !slices.Contains(b, s) }) {
			return true
		}
		own = m.derived().parents[own]
	}
	return false
}

// broadcast reports whether every receiver gets the signal once it is given: a
// context's, or a channel that is closed and never sent to.
func (m *Model) broadcast(ref Ref) bool {
	ch := IsChan(ref.Obj.Type())
	if ref.Context || ch == nil {
		return ref.Context || isContext(ref.Obj.Type())
	}
	type key struct{ obj types.Object }
	return m.Pkg.Memo(key{ref.Obj}, func() any {
		closed := ch.Dir() == types.RecvOnly
		for _, op := range m.signalOps() {
			if op.Kind != Cancel && types.Identical(ch.Elem(), IsChan(op.Ref.Obj.Type()).Elem()) && m.fires(op.Ref.Obj, ref.Obj) {
				if op.Kind == Send {
					return false
				}
				closed = true
			}
		}
		return closed
	}).(bool)
}

type signalOpsKey struct{}

// signalOps returns the closes and sends on channels, and the calls of cancel
// functions, of the package.
func (m *Model) signalOps() []*Op {
	return m.Pkg.Memo(signalOpsKey{}, func() any {
		var out []*Op
		for _, f := range m.Funcs {
			for _, op := range f.Ops {
				switch {
				case op.Ref.Obj == nil:
				case op.Kind == Cancel, (op.Kind == Send || op.Kind == Close) && IsChan(op.Ref.Obj.Type()) != nil:
					out = append(out, op)
				}
			}
		}
		return out
	}).([]*Op)
}

// reach returns how the frame of the operation can refer to the signal of a way
// on which its peer leaves, and a case of its own that heeds it already.
func (m *Model) reach(op *Op, w way) (s StopRef, like *ast.CommClause, ok bool) {
	if w.signal.Obj == nil || w.signal.Elem || !m.broadcast(w.signal) || m.fires(w.signal.Obj, op.Ref.Obj) {
		return s, nil, false
	}
	if s, like, ok = m.heeded(op, w.signal); ok {
		return s, like, true
	}
	obj := w.signal.Obj
	// The variable itself, or what else the frame has under a name.
	if !isField(obj) && m.meansAt(obj, op.Node.Pos()) {
		return stopRef(obj, obj.Name(), obj), nil, true
	}
	if isField(obj) { // of the struct that has the channel too
		if sel, is := ast.Unparen(op.channel()).(*ast.SelectorExpr); is && m.plainPath(sel.X) && hasField(m.Pkg.Info.TypeOf(sel.X), obj) {
			return stopRef(obj, types.ExprString(sel.X)+"."+obj.Name(), m.Ref(sel.X).Base), nil, true
		}
	}
	for s := range m.InReach(op.Fn, op.Node.Pos()) {
		switch {
		case !isField(s.Obj):
			if m.fires(s.Obj, obj) {
				return s, nil, true
			}
		case s.Obj == obj && !(isField(op.Ref.Obj) && m.sameStruct(op.Ref.Obj, obj)): // else of another value
			return s, nil, true
		}
	}
	return s, nil, false
}

// heeded looks for a receive of the signal in the frame itself.
func (m *Model) heeded(op *Op, signal Ref) (s StopRef, like *ast.CommClause, ok bool) {
	for _, own := range op.Fn.Ops {
		if own.Kind != Recv || own.Range || !m.tellsStop(own) {
			continue
		}
		ref := m.signalRef(own.channel())
		if ref.Obj == nil || ref.Elem || !m.fires(ref.Obj, signal.Obj) || !m.repeatableAt(own.channel(), op.Node.Pos()) {
			continue
		}
		if isField(op.Ref.Obj) && isField(ref.Obj) && m.sameStruct(op.Ref.Obj, ref.Obj) && op.Ref.Base != ref.Base {
			continue // of another value
		}
		s = StopRef{Obj: ref.Obj, Text: types.ExprString(own.channel()), base: ref.Base}
		if call, is := ast.Unparen(own.channel()).(*ast.CallExpr); is && own.Ref.Context {
			s.Context = types.ExprString(call.Fun.(*ast.SelectorExpr).X)
		}
		if own.Select != nil {
			for c := range own.cur().Enclosing((*ast.CommClause)(nil)) {
				like = c.Node().(*ast.CommClause)
				break
			}
		}
		return s, like, true
	}
	return s, nil, false
}

// plainPath reports whether an expression is a variable or a field of one.
func (m *Model) plainPath(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return true
	case *ast.SelectorExpr:
		return m.plainPath(e.X)
	}
	return false
}
