package chanflow

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
)

// A TypeForm says where the parts of a stop handshake of a type go.
type TypeForm struct {
	Stopper *Func           // the method that gives the signal
	Field   *types.Var      // the field that holds the signal
	Owner   *types.TypeName // the struct type that declares the field
	Struct  *ast.StructType // its syntax
	Recv    string          // what Stopper calls its receiver
	Starts  []Start         // by Leaver of the confirmation
}

// Context returns the name of the stop method's context parameter, or "".
func (form *TypeForm) Context() string {
	for _, p := range form.Stopper.Params() {
		if p != nil && p.Name() != "_" && isContext(p.Type()) {
			return p.Name()
		}
	}
	return ""
}

// A Start says how a goroutine reaches the struct with the signal's field.
type Start struct {
	Base  string            // the variable of the spawner that holds the struct
	Made  bool              // a constructor makes the struct
	Lit   *ast.CompositeLit // with this literal, or nil
	Inner string            // what the spawned body calls it, or "" if the body cannot be edited
}

var (
	stopper = regexp.MustCompile(`^(?i:stop|close|shutdown|quit|terminate|teardown|halt|dispose|destroy)|Stop|Shutdown|Close`)
	starter = regexp.MustCompile(`^(?i:start|run|open|init|connect|listen|launch|begin|resume)`)
)

// TypeStop returns the confirmation that a stop method lacks: it signals the
// goroutine of its receiver, which was started by a constructor or a start
// method, and nobody waits until that has gone. nil if there is none.
func (m *Model) TypeStop(st *Stop) *Confirmation {
	op := st.Op
	fn := op.Fn
	recv := fn.Recv()
	if op.Deferred || recv == nil || recv.Name() == "" || recv.Name() == "_" || !m.stopsFor(st, fn) || m.confirms(fn, op) {
		return nil
	}
	field, owner := m.signalField(recv.Type(), op.Ref)
	stmt, ok := op.statement()
	if field == nil || !ok {
		return nil
	}
	c := &Confirmation{Stop: st, After: stmt}
	form := &TypeForm{Stopper: fn, Field: field, Owner: owner, Recv: recv.Name(), Struct: m.structSyntax(owner)}
	c.Type = form
	for _, l := range st.Leaves {
		if l.Spawn.Fn.Top() == fn {
			return nil // it drains, or helps to stop in another way
		}
		start, why, ok := m.start(l, form)
		if !ok {
			if r := l.Spawn.Fn.Top().Recv(); r != nil && form.isOwner(r.Type()) {
				c.Withheld = fmt.Sprintf("%s starts such a goroutine too", l.Spawn.Fn.Top().Name())
			}
			continue
		}
		if l.Run.Tells(l.signal) != nil || m.joinsByLock(op, l) {
			return nil // something may wait for that, or does
		}
		c.Leaves = append(c.Leaves, l)
		form.Starts = append(form.Starts, start)
		if c.Withheld == "" {
			c.Withheld = why
		}
	}
	if len(c.Leaves) == 0 {
		return nil
	}
	for i, l := range c.Leaves {
		if len(c.Leaves) > 1 || l.Spawn.Loop() != nil || !form.Starts[i].Made {
			c.Group = true
		}
	}
	var held string
	c.After, held = m.unlocked(c, fn, stmt)
	c.Withheld = cmp.Or(m.selfStop(c), held, m.hazard(c), c.Withheld, m.otherValues(c), c.idle())
	return c
}

// confirms reports whether the stopper waits for something, be it what it may.
func (m *Model) confirms(fn *Func, signal *Op) bool {
	for e := range fn.Effects() {
		switch e.Kind {
		case Wait, Serve, Send:
			return true
		case Recv:
			if !m.SameSignal(e.Obj, signal.Ref.Obj) {
				return true
			}
		}
	}
	waits := false
	(&step{fn: fn}).calls(func(call *ast.CallExpr) {
		if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && sel.Sel.Name == "Wait" {
			waits = true
		}
	})
	return waits
}

// signalField returns the field of the receiver through which a signal is
// given, and the type that declares it.
func (m *Model) signalField(recv types.Type, ref Ref) (*types.Var, *types.TypeName) {
	if p, ok := recv.Underlying().(*types.Pointer); ok {
		recv = p.Elem()
	}
	named, ok := types.Unalias(recv).(*types.Named)
	if !ok {
		return nil, nil
	}
	st, ok := named.Underlying().(*types.Struct)
	if !ok {
		return nil, nil
	}
	for f := range st.Fields() {
		if !f.Embedded() && (f.Origin() == ref.Obj || !isField(ref.Obj) && m.SameSignal(f.Origin(), ref.Obj)) {
			return f.Origin(), named.Origin().Obj()
		}
	}
	for f := range st.Fields() {
		if f.Embedded() {
			if v, owner := m.signalField(f.Type(), ref); v != nil {
				return v, owner
			}
		}
	}
	return nil, nil
}

func isField(obj types.Object) bool {
	v, ok := obj.(*types.Var)
	return ok && v.IsField()
}

// structSyntax returns the syntax of a struct type of the package, or nil.
func (m *Model) structSyntax(name *types.TypeName) *ast.StructType {
	d := m.root.decl(name.Pos())
	if d == nil {
		return nil
	}
	for cur := range d.cursor().Preorder((*ast.TypeSpec)(nil)) {
		if spec := cur.Node().(*ast.TypeSpec); m.Pkg.Info.Defs.Of(spec.Name) == name {
			st, _ := spec.Type.(*ast.StructType)
			return st
		}
	}
	return nil
}

// isOwner reports whether t is the owner of the form, a pointer to it, or
// embeds it.
func (form *TypeForm) isOwner(t types.Type) bool {
	if t == nil {
		return false
	}
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := types.Unalias(t).(*types.Named)
	if !ok {
		return false
	}
	if n.Origin().Obj() == form.Owner {
		return true
	}
	if st, ok := n.Underlying().(*types.Struct); ok {
		for f := range st.Fields() {
			if f.Embedded() && form.isOwner(f.Type()) {
				return true
			}
		}
	}
	return false
}

// start tells how a goroutine of the type is started, or why it cannot be
// confirmed; ok is false if it is not the type's own.
func (m *Model) start(l *Leaver, form *TypeForm) (s Start, why string, ok bool) {
	sp := l.Spawn
	fn := sp.Fn
	if fn.Decl == nil || sp.Kind != GoStmt || fn.isTest() && !form.Stopper.isTest() {
		return s, "", false // that of a test is not the type's
	}
	if r := fn.Recv(); r != nil && form.isOwner(r.Type()) {
		if !m.launches(l, fn) {
			return s, "", false // started on demand
		}
		s.Base = r.Name()
		if by := m.spawnOf(fn); by != nil && !inTest(by.Fn.Top()) {
			why = fmt.Sprintf("%s, which starts the goroutine, runs on another one and may come to that later", fn.Name())
		}
	} else {
		made, v := m.made(fn, form)
		if v == nil {
			return s, "", false
		}
		s.Base, s.Made = v.Name(), true
		s.Lit, _ = made.(*ast.CompositeLit)
		if m.Assigned(v) {
			why = fmt.Sprintf("%s is assigned more than once", v.Name())
		}
		for _, op := range fn.Ops {
			if op.Kind == Exit && op.Exit == Return && op.Node.Pos() < sp.Stmt.Pos() && m.Mentions(v, op.Node) {
				why = "the constructor may return before it starts the goroutine"
			}
			if op.Kind == Call && op.Callee != nil && (op.Deferred || op.Node.Pos() < sp.Stmt.Pos()) && m.reaches(op.Callee, form.Stopper) {
				why = fmt.Sprintf("%s may be called before the goroutine is started", form.Stopper.Name())
			}
		}
	}
	if sp.Conditional() && sp.Loop() == nil {
		why = "the goroutine is only started under a condition"
	}
	body := sp.Body
	switch {
	case sp.Lit() != nil:
		s.Inner = s.Base
		for _, p := range body.Params() {
			if p != nil && p.Name() == s.Base && !form.isOwner(p.Type()) {
				why = fmt.Sprintf("the goroutine means something else by %s", s.Base)
			}
		}
	case body.Recv() != nil && form.isOwner(body.Recv().Type()) && m.calledOnce(body):
		if sel, ok := ast.Unparen(sp.Call.Fun).(*ast.SelectorExpr); ok && m.source(sel.X) == s.Base {
			if name := body.Recv().Name(); name != "" && name != "_" {
				s.Inner = name
			}
		}
	}
	return s, why, true
}

// calledOnce reports whether the only mention of a declared function is the go
// statement that runs it.
func (m *Model) calledOnce(f *Func) bool {
	n := 0
	for id, obj := range m.Pkg.Info.Uses.All() {
		if origin(obj) == f.Obj && id.Pos().IsValid() {
			n++
		}
	}
	return n == 1
}

// made returns the literal, or the call of new, that a constructor makes the
// struct with and the variable that holds it; nil if there is not exactly one.
func (m *Model) made(fn *Func, form *TypeForm) (at ast.Expr, v *types.Var) {
	n := 0
	see := func(lhs, rhs ast.Expr) {
		e := ast.Unparen(rhs)
		if u, ok := e.(*ast.UnaryExpr); ok && u.Op == token.AND {
			if e, ok = ast.Unparen(u.X).(*ast.CompositeLit); !ok {
				return
			}
		} else if call, ok := e.(*ast.CallExpr); !ok || !m.isNew(call) {
			return
		}
		if form.isOwner(m.Pkg.Info.TypeOf(e)) {
			n++
			at = e
			v, _ = m.ref(lhs).Obj.(*types.Var)
		}
	}
	ast.Inspect(fn.Body, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.AssignStmt:
			if node.Tok == token.DEFINE && len(node.Lhs) == 1 && len(node.Rhs) == 1 {
				see(node.Lhs[0], node.Rhs[0])
			}
		case *ast.ValueSpec:
			if len(node.Names) == 1 && len(node.Values) == 1 {
				see(node.Names[0], node.Values[0])
			}
		}
		return true
	})
	if n != 1 {
		return nil, nil
	}
	return at, v
}

// isNew reports whether the call is one of the builtin new.
func (m *Model) isNew(call *ast.CallExpr) bool {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	return ok && id.Name == "new" && m.Pkg.Info.Types.Of(id).IsBuiltin()
}

// reaches reports whether a call of f may call g, directly or through others.
func (m *Model) reaches(f, g *Func) bool {
	seen := map[*Func]bool{f: true}
	for work := []*Func{f}; len(work) > 0; work = work[1:] {
		if work[0] == g {
			return true
		}
		for _, op := range work[0].Ops {
			if op.Kind == Call && op.Callee != nil && !seen[op.Callee] {
				seen[op.Callee] = true
				work = append(work, op.Callee)
			}
		}
	}
	return false
}

// selfStop returns why the stopper must not wait if it can run on a goroutine
// that it stops, else "".
func (m *Model) selfStop(c *Confirmation) string {
	for _, l := range c.Leaves {
		if l.Run.Has(c.Type.Stopper) {
			return fmt.Sprintf("%s can run on the goroutine itself", c.Type.Stopper.Name())
		}
	}
	return ""
}

// hazard returns why waiting for a goroutine may never end, or "".
func (m *Model) hazard(c *Confirmation) string {
	stop := c.Type.Stopper
	if c.Group && c.Type.Context() != "" {
		return fmt.Sprintf("%s has a context to heed, and a WaitGroup cannot be waited for with one", stop.Name())
	}
	if by := m.finalizer(stop); by == stop {
		return fmt.Sprintf("%s is a finalizer, which must not wait", stop.Name())
	} else if by != nil {
		return fmt.Sprintf("a finalizer calls %s, and must not wait", stop.Name())
	}
	for _, l := range c.Leaves {
		if call := l.Run.Callback(); call != nil {
			return fmt.Sprintf("the goroutine runs code from elsewhere (%s), which may call %s", m.source(call.Fun), stop.Name())
		}
		if why := m.neverLeaves(l, stop); why != "" {
			return why
		}
	}
	return ""
}

// idle returns why nobody misses the wait: the goroutines only wait for the
// signal themselves; "" if they do anything else.
func (c *Confirmation) idle() string {
	for _, l := range c.Leaves {
		list := l.Spawn.Body.Body.List
		if len(list) != 1 || l.Op.Fn != l.Spawn.Body {
			return ""
		}
		if st, ok := list[0].(*ast.ExprStmt); !ok || ast.Unparen(st.X) != l.Op.Node {
			return ""
		}
	}
	return "the goroutine does nothing but wait for the signal"
}
