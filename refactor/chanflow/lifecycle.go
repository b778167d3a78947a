package chanflow

import (
	"go/ast"
	"go/types"
	"slices"
)

// A Lifecycle is what a type's methods and constructors do with the goroutines
// that work for it. It holds only what the package shows beyond doubt.
type Lifecycle struct {
	Type   *types.TypeName
	Starts []LifeStart // in source order
	Stops  []LifeStop  // in source order
	Holds  []LifeHold  // methods that block, in source order
	Closes []LifeClose // by field, in their order

	Unstoppable bool // nothing ends the goroutines
}

// A LifeStart is a function that starts goroutines for the type.
type LifeStart struct {
	Fn     *Func
	Spawns []*Spawn
}

// A LifeStop is a method that tells goroutines of the type to stop.
type LifeStop struct {
	Fn    *Func
	All   bool // it tells all of them
	Waits bool // it returns when they have ended
	Flees bool // it returns without waiting for anything
	Again bool // it may be called more than once
}

// A LifeHold is a method that sends to or receives from a channel of the type
// and waits for the other side for as long as that takes.
type LifeHold struct {
	Fn       *Func
	Op       *Op
	Room     int64 // of the channel
	Closable bool  // the package closes it
}

// A LifeClose says which function, or goroutine, closes the channel in a field;
// both are nil if nobody does.
type LifeClose struct {
	Field *types.Var
	By    *Func  // a function of the package, or
	Spawn *Spawn // a goroutine of the type
}

// Lifecycles returns the lifecycles of the struct types of the package for which
// goroutines are started, in the order of their names. How the goroutines end
// must be known.
func (m *Model) Lifecycles() []*Lifecycle {
	type key struct{}
	return m.Pkg.Memo(key{}, func() any {
		byType := make(map[*types.TypeName]*Lifecycle)
		for _, sp := range m.Spawns {
			tn := m.startsFor(sp)
			if tn == nil {
				continue
			}
			l := byType[tn]
			if l == nil {
				l = &Lifecycle{Type: tn}
				byType[tn] = l
			}
			top := sp.Fn.Top()
			i := slices.IndexFunc(l.Starts, func(s LifeStart) bool { return s.Fn == top })
			if i < 0 {
				i = len(l.Starts)
				l.Starts = append(l.Starts, LifeStart{Fn: top})
			}
			l.Starts[i].Spawns = append(l.Starts[i].Spawns, sp)
		}
		var out []*Lifecycle
		for _, name := range m.Pkg.Types.Scope().Names() {
			tn, _ := m.Pkg.Types.Scope().Lookup(name).(*types.TypeName)
			if l := byType[tn]; tn != nil && l != nil {
				if l.look(m); l.Unstoppable || len(l.Stops) > 0 {
					out = append(out, l) // else how they end is not known, which is what matters
				}
			}
		}
		return out
	}).([]*Lifecycle)
}

// startsFor returns the struct type of the package for which a method or
// constructor of it starts a goroutine that stays; nil if there is none, or if
// the function waits for what it starts.
func (m *Model) startsFor(sp *Spawn) *types.TypeName {
	top := sp.Fn.Top()
	if sp.Body == nil || top.Decl == nil || sp.Fn.Use == Spawned || inTest(top) || !sp.Body.MayStay() {
		return nil
	}
	var tn *types.TypeName
	if r := top.Recv(); r != nil {
		_, tn = typeOf(r.Type())
	} else {
		tn, _ = m.constructs(top)
	}
	if tn == nil || !m.Pkg.Declares(tn) || m.structSyntax(tn) == nil {
		return nil
	}
	for op := range top.Within(sp.Stmt.End(), top.Body.End()) {
		if op.Kind == Wait || op.Kind == Recv && !op.Deferred {
			return nil
		}
	}
	if top.DefersWait() {
		return nil
	}
	return tn
}

func (l *Lifecycle) spawns() (out []*Spawn) {
	for _, s := range l.Starts {
		out = append(out, s.Spawns...)
	}
	return out
}

// method reports whether f is a method of the type.
func (l *Lifecycle) method(f *Func) bool {
	r := f.Recv()
	if r == nil {
		return false
	}
	_, tn := typeOf(r.Type())
	return tn == l.Type
}

func (l *Lifecycle) look(m *Model) {
	all := l.spawns()
	for _, st := range m.Stops() {
		fn := st.Op.Fn.Top()
		if st.Op.Deferred || !l.method(fn) || st.Op.Fn != fn || fn == all[0].Body || m.spawnOf(fn) != nil {
			continue
		}
		told := 0
		for _, leaver := range st.Leaves {
			if slices.Contains(all, leaver.Spawn) {
				told++
			}
		}
		if told == 0 || slices.ContainsFunc(l.Stops, func(s LifeStop) bool { return s.Fn == fn }) {
			continue
		}
		l.Stops = append(l.Stops, LifeStop{
			Fn: fn, All: told == len(all),
			Waits: told == len(all) && m.answers(st),
			Flees: !m.confirms(fn, st.Op) && !m.asksStrangers(fn, st.Op),
			Again: m.repeatable(fn),
		})
	}
	l.Unstoppable = len(l.Stops) == 0
	for _, sp := range all {
		l.Unstoppable = l.Unstoppable && slices.ContainsFunc(m.Endless(), func(e *Endless) bool { return e.Spawn == sp })
	}
	for _, f := range m.Funcs {
		if l.method(f) {
			l.hold(m, f)
		}
	}
	st := structOfType(l.Type.Type())
	for v := range st.Fields() {
		if IsChan(v.Type()) != nil {
			l.close(m, v)
		}
	}
}

// repeatable reports whether each channel that a function closes is closed under
// a sync.Once, and that there is one.
func (m *Model) repeatable(f *Func) bool {
	n := 0
	for _, op := range f.Ops {
		switch {
		case op.Kind == Close && op.Once:
			n++
		case op.Kind == Close:
			return false
		case op.Kind == Call && op.Callee != nil && op.Callee.MayDo(Close):
			return false
		}
	}
	return n > 0
}

// asksStrangers reports whether a function, once it has given the signal, calls a
// method or function value that it does not know, which may wait.
func (m *Model) asksStrangers(f *Func, signal *Op) bool {
	asks := false
	(&step{fn: f}).calls(func(call *ast.CallExpr) {
		tv := m.Pkg.Info.Types.Of(ast.Unparen(call.Fun))
		if call.Pos() < signal.Node.End() || tv.IsType() || tv.IsBuiltin() || m.Callee(call) != nil {
			return
		}
		callee := m.Static(call)
		if callee == nil {
			asks = true
		} else if _, sync := syncKind(callee); !sync && callee.Signature().Recv() != nil {
			asks = true
		}
	})
	return asks
}

// hold finds the first operation at which a method of the type blocks.
func (l *Lifecycle) hold(m *Model, f *Func) {
	if m.spawnOf(f) != nil || slices.ContainsFunc(l.Stops, func(s LifeStop) bool { return s.Fn == f }) {
		return
	}
	for _, op := range f.Ops {
		if !op.Bare() || op.Range || op.Deferred || op.Conditional() {
			continue
		}
		if _, owner := typeOf(f.Recv().Type()); owner != m.ownerOf(op.Ref.Obj) || op.Ref.Elem {
			continue
		}
		life := m.Life(op.Ref.Obj)
		room, ok := m.Capacity(op.Ref.Obj)
		if life.Hidden() || !ok || m.ticks(op) {
			continue
		}
		l.Holds = append(l.Holds, LifeHold{Fn: f, Op: op, Room: room, Closable: len(life.Closes) > 0})
		return
	}
}

// close finds who closes the channel in a field of the type.
func (l *Lifecycle) close(m *Model, field *types.Var) {
	life := m.Life(field)
	if life.Hidden() {
		return
	}
	if len(life.Closes) == 0 {
		if len(life.Sends) > 0 {
			l.Closes = append(l.Closes, LifeClose{Field: field})
		}
		return
	}
	var by LifeClose
	for _, op := range life.Closes {
		c := LifeClose{Field: field}
		if sp := m.spawnOf(op.Fn); sp != nil && slices.Contains(l.spawns(), sp) {
			c.Spawn = sp
		} else if c.By = op.Fn.Top(); c.By.Decl == nil || op.Fn != c.By {
			return
		}
		if by.Field != nil && by != c {
			return // several close it
		}
		by = c
	}
	l.Closes = append(l.Closes, by)
}
