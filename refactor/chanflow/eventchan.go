package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
)

// An EventChan is a channel of values that nobody reads, with all the variables,
// parameters, fields and results that hold it: it could as well be of struct{}.
type EventChan struct {
	Type  *ast.ChanType   // of its first make
	Elem  types.Type      // what it carries
	Types []*ast.ChanType // wherever its type is written, in source order
	Sends []*ast.SendStmt

	// Withheld is why its type cannot be changed, or "".
	Withheld string
}

// EventChans returns the channels of booleans, integers and empty interfaces of
// the package that only tell that something has happened, in source order. All
// that is done with them is in sight.
func (m *Model) EventChans() []*EventChan {
	var out []*EventChan
	seen := make(map[types.Object]bool)
	for _, n := range m.signalNames() {
		if seen[n] {
			continue
		}
		w := &eventWalk{Model: m, names: make(map[types.Object]bool), ok: true}
		w.follow(n)
		for name := range w.names {
			seen[name] = true
		}
		if e := w.event(); e != nil {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b *EventChan) int { return int(a.Type.Pos() - b.Type.Pos()) })
	return out
}

// signalNames returns the variables and fields in which a channel is stored that
// may be one of events, by its type.
func (m *Model) signalNames() (out []*types.Var) {
	for obj, values := range m.stored() {
		v, ok := obj.(*types.Var)
		if !ok || !m.Pkg.Declares(v) || !eventType(v.Type()) {
			continue
		}
		if slices.ContainsFunc(values, func(e ast.Expr) bool {
			call, ok := ast.Unparen(e).(*ast.CallExpr)
			return ok && m.isMake(call)
		}) {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b *types.Var) int { return int(a.Pos() - b.Pos()) })
	return out
}

// eventType reports whether t is a channel type without a name that people use
// for events.
func eventType(t types.Type) bool {
	c, ok := types.Unalias(t).(*types.Chan)
	if !ok {
		return false
	}
	switch e := types.Unalias(c.Elem()).(type) {
	case *types.Basic:
		return e.Info()&(types.IsBoolean|types.IsInteger) != 0
	case *types.Interface:
		return e.Empty()
	}
	return false
}

// An eventWalk collects all that may hold one channel, and all that is done with
// it.
type eventWalk struct {
	*Model
	names                map[types.Object]bool
	makes                []*ast.CallExpr
	sends, recvs, closes []*Op
	returned             []*Func
	from                 []ast.Expr
	ok                   bool
}

func (w *eventWalk) follow(obj types.Object) {
	if w.names[obj] || !w.ok {
		return
	}
	w.names[obj] = true
	l := w.Life(obj)
	if len(l.Unknown) > 0 || l.Exposed != nil || l.Visible != nil || l.Inlet != nil || l.Elems || !eventType(obj.Type()) {
		w.ok = false
		return
	}
	w.makes = append(w.makes, l.MakeCalls()...)
	w.sends, w.recvs, w.closes = append(w.sends, l.Sends...), append(w.recvs, l.Recvs...), append(w.closes, l.Closes...)
	w.from = append(w.from, l.From...)
	for _, c := range l.Chans {
		w.returned = append(w.returned, c.Returned...)
	}
	if f := w.FuncOf(obj.Pos()); f != nil {
		if i := slices.Index(f.Params(), obj); i >= 0 {
			w.from = append(w.from, w.passedFor(f, i)...)
		}
	}
	for _, name := range l.Names {
		w.follow(name)
	}
}

// passedFor returns the arguments for a parameter.
func (w *eventWalk) passedFor(f *Func, i int) (out []ast.Expr) {
	add := func(call *ast.CallExpr) {
		if i >= len(call.Args) || call.Ellipsis.IsValid() {
			w.ok = false
			return
		}
		out = append(out, call.Args[i])
	}
	for _, op := range w.uses().calls[f] {
		add(op.Node.(*ast.CallExpr))
	}
	for _, sp := range w.uses().spawns[f] {
		if sp.Kind != GoStmt {
			w.ok = false
			return nil
		}
		add(sp.Call)
	}
	return out
}

// event returns the channel if all that comes through it is an event.
func (w *eventWalk) event() *EventChan {
	if !w.ok || len(w.makes) == 0 || len(w.recvs) == 0 || len(w.sends)+len(w.closes) == 0 {
		return nil
	}
	for _, e := range w.from {
		if !w.same(e) {
			return nil
		}
	}
	if slices.ContainsFunc(w.recvs, w.measured) {
		return nil
	}
	if slices.ContainsFunc(w.recvs, func(r *Op) bool { return !w.unread(r) }) || slices.ContainsFunc(w.sends, func(s *Op) bool { return !w.plainValue(s) }) {
		return nil
	}
	e := &EventChan{}
	for _, mk := range w.makes {
		t, ok := mk.Args[0].(*ast.ChanType)
		if !ok {
			e.Withheld = "its type is an alias"
			continue
		}
		e.Types = append(e.Types, t)
	}
	if len(e.Types) == 0 {
		return nil
	}
	slices.SortFunc(e.Types, func(a, b *ast.ChanType) int { return int(a.Pos() - b.Pos()) })
	e.Type = e.Types[0]
	e.Elem = IsChan(w.Pkg.Info.TypeOf(e.Type)).Elem()
	for name := range w.names {
		w.declared(e, name)
	}
	for _, f := range w.returned {
		for _, field := range f.Type.Results.List {
			if t, ok := field.Type.(*ast.ChanType); ok && types.Identical(IsChan(w.Pkg.Info.TypeOf(t)).Elem(), e.Elem) {
				e.Types = append(e.Types, t)
			}
		}
	}
	slices.SortFunc(e.Types, func(a, b *ast.ChanType) int { return int(a.Pos() - b.Pos()) })
	e.Types = slices.Compact(e.Types)
	for _, s := range w.sends {
		e.Sends = append(e.Sends, s.Node.(*ast.SendStmt))
	}
	slices.SortFunc(e.Sends, func(a, b *ast.SendStmt) int { return int(a.Pos() - b.Pos()) })
	e.Sends = slices.Compact(e.Sends)
	return e
}

// same reports whether an expression yields the channel, or none.
func (w *eventWalk) same(e ast.Expr) bool {
	e = ast.Unparen(e)
	if w.Pkg.Info.Types.Of(e).IsNil() || w.names[w.ref(e).Obj] && !w.ref(e).Elem {
		return true
	}
	call, ok := e.(*ast.CallExpr)
	return ok && (w.isMake(call) || w.Callee(call) != nil && slices.Contains(w.returned, w.Callee(call)))
}

// unread reports whether nothing looks at what is received, other than whether
// something came.
func (w *eventWalk) unread(r *Op) bool {
	if loop, ok := r.Node.(*ast.RangeStmt); ok {
		id, ok := loop.Key.(*ast.Ident)
		return loop.Key == nil || ok && id.Name == "_"
	}
	if w.plainEvent(r) {
		return true
	}
	k, _ := r.cur().ParentEdge()
	as, ok := r.cur().Parent().Node().(*ast.AssignStmt)
	if !ok || k != edge.AssignStmt_Rhs || len(as.Rhs) != 1 {
		return false
	}
	id, ok := as.Lhs[0].(*ast.Ident)
	return ok && id.Name == "_"
}

// plainValue reports whether what is sent says nothing.
func (w *eventWalk) plainValue(s *Op) bool {
	e := ast.Unparen(s.Node.(*ast.SendStmt).Value)
	if tv := w.Pkg.Info.Types.Of(e); tv.Value != nil || tv.IsNil() {
		return true
	}
	lit, ok := e.(*ast.CompositeLit)
	return ok && len(lit.Elts) == 0
}

// declared adds the type that the declaration of a name writes.
func (w *eventWalk) declared(e *EventChan, name types.Object) {
	cur, ok := w.root.FindByPos(name.Pos(), name.Pos()+token.Pos(len(name.Name())))
	if !ok {
		e.Withheld = "a declaration is out of sight"
		return
	}
	var list []*ast.Ident
	var typ ast.Expr
	switch p := cur.Parent().Node().(type) {
	case *ast.Field:
		list, typ = p.Names, p.Type
	case *ast.ValueSpec:
		list, typ = p.Names, p.Type
	}
	if typ == nil {
		return
	}
	t, ok := ast.Unparen(typ).(*ast.ChanType)
	if !ok {
		e.Withheld = "its type is an alias"
		return
	}
	for _, id := range list {
		if obj := w.Pkg.Info.Defs.Of(id); id.Name != "_" && !w.names[origin(obj)] {
			e.Withheld = name.Name() + " is declared together with " + id.Name
			return
		}
	}
	e.Types = append(e.Types, t)
}
