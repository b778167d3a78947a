package prove

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"handshake/refactor/chanflow"
	"handshake/refactor/prove/machine"
)

// A value is what the translation knows an expression to be: a variable of the
// machine, a struct, a function, or (the zero value) nothing.
type value struct {
	ref  int // a variable of the machine, plus 1
	inst *instance
	fn   *function
}

// An instance is a struct. Embedded structs are part of it.
type instance struct {
	id     int
	made   bool // in sight, from zero values
	fields map[types.Object]value
}

// A function is one with what it is bound to.
type function struct {
	lit    *ast.FuncLit
	decl   *chanflow.Func
	recv   value
	env    *env
	once   int // run through this Once variable, plus 1
	cancel int // closes this variable, plus 1
}

// An env holds the variables of a function that is translated.
type env struct {
	id      int
	up      *env
	node    ast.Node // what declares its variables; nil for the package
	typ     *ast.FuncType
	vals    map[types.Object]value
	results []value
	counts  map[string]value // of its loops, see countLoops
	spawned bool             // runs on a goroutine that the package has started
}

func (e *env) owner(obj types.Object) *env {
	for e.up != nil && (e.node == nil || obj.Pos() < e.node.Pos() || e.node.End() <= obj.Pos()) {
		e = e.up
	}
	return e
}

// kindOf returns what a variable of the type is for the machine.
func kindOf(t types.Type) machine.Kind {
	if t == nil {
		return machine.None
	}
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok && n.Obj().Pkg() != nil {
		switch n.Obj().Pkg().Path() + "." + n.Obj().Name() {
		case "sync.Mutex":
			return machine.Mutex
		case "sync.RWMutex":
			return machine.RWMutex
		case "sync.WaitGroup", "golang.org/x/sync/errgroup.Group":
			return machine.WaitGroup
		case "sync.Once":
			return machine.Once
		case "sync.Cond":
			return machine.Cond
		case "sync/atomic.Bool":
			return machine.Flag
		case "context.Context":
			return machine.Chan
		}
	}
	if chanflow.IsChan(t) != nil {
		return machine.Chan
	}
	if b, ok := t.Underlying().(*types.Basic); ok && b.Kind() == types.Bool {
		return machine.Flag
	}
	return machine.None
}

// isTick reports whether the type is that of a timer's channel.
func isTick(t types.Type) bool {
	c := chanflow.IsChan(t)
	if c == nil {
		return false
	}
	n, ok := types.Unalias(c.Elem()).(*types.Named)
	return ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "time" && n.Obj().Name() == "Time"
}

func structOf(t types.Type) *types.Struct {
	if t == nil {
		return nil
	}
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	s, _ := t.Underlying().(*types.Struct)
	return s
}

// origin returns the variable that one of an instantiated type stands for.
func origin(obj types.Object) types.Object {
	if v, ok := obj.(*types.Var); ok {
		return v.Origin()
	}
	return obj
}

// variable makes a variable of the machine.
func (t *translator) variable(name string, shared bool, init machine.Kind) value {
	t.prog.Vars = append(t.prog.Vars, machine.Var{Name: name, Shared: shared, Init: init})
	if len(t.prog.Vars) > 90 {
		t.doubt("there is too much to look at")
	}
	return value{ref: len(t.prog.Vars)}
}

func (t *translator) instance(made bool) value {
	t.count++
	return value{inst: &instance{id: t.count, made: made, fields: make(map[types.Object]value)}}
}

// make returns a struct that is made in sight. The first one of the type that
// a scenario is about is its subject.
func (t *translator) make(typ types.Type) value {
	if p, ok := typ.Underlying().(*types.Pointer); ok {
		typ = p.Elem()
	}
	if n, ok := types.Unalias(typ).(*types.Named); ok && n.Origin().Obj() == t.owner && !t.subject.inst.made {
		t.subject.inst.made = true
		return t.subject
	}
	return t.instance(true)
}

// field returns the field of a struct, which it makes up if it was not
// mentioned before: nil or zero in a struct that was made in sight, else
// something that code out of sight may know too; but a field that the edits
// added is known to nobody else.
func (t *translator) field(of value, f *types.Var) value {
	f = f.Origin()
	if f.Embedded() && kindOf(f.Type()) == machine.None {
		return of
	}
	if of.ref != 0 && f.Name() == "L" && t.prog.Vars[of.ref-1].Init == machine.Cond {
		return t.locker(of)
	}
	if of.inst == nil {
		of = t.stranger(f)
	}
	if v, ok := of.inst.fields[f]; ok {
		return v
	}
	v := t.fresh(f, true, of.inst.made || t.isNew(f))
	of.inst.fields[f] = v
	return v
}

// stranger is the one struct of which a field is meant where it is not known
// which.
func (t *translator) stranger(f *types.Var) value {
	key := types.Object(f)
	v, ok := t.strangers[key]
	if !ok {
		v = t.instance(false)
		t.strangers[key] = v
	}
	return v
}

// fresh makes up a variable for an object by its type.
func (t *translator) fresh(obj types.Object, shared, made bool) value {
	typ := obj.Type()
	switch k := kindOf(typ); k {
	case machine.Chan:
		switch {
		case isTick(typ):
			return t.variable(obj.Name(), shared, machine.Ready)
		case made:
			return t.variable(obj.Name(), shared, machine.None)
		}
		return t.variable(obj.Name(), shared, outside(typ))
	case machine.Mutex, machine.RWMutex, machine.WaitGroup, machine.Once, machine.Cond:
		return t.variable(obj.Name(), shared, k)
	case machine.Flag:
		if !made {
			return value{}
		}
		return t.variable(obj.Name(), shared, k)
	}
	if structOf(typ) != nil {
		return t.instance(made && !isPointer(typ))
	}
	return value{}
}

// outside returns what a channel or context of the type is that comes from out
// of sight.
func outside(t types.Type) machine.Kind {
	switch {
	case isTick(t):
		return machine.Ready
	case t != nil && chanflow.IsChan(t) == nil:
		return machine.Signal
	}
	return machine.Open
}

func isPointer(t types.Type) bool {
	if t == nil { // in code that has type errors
		return false
	}
	_, ok := t.Underlying().(*types.Pointer)
	return ok
}

// isNew reports whether the edits declare the variable or field.
func (t *translator) isNew(obj types.Object) bool {
	return t.inserted.has(t.pkg, obj.Pos(), obj.Pos()+token.Pos(len(obj.Name())))
}

// lookup returns what a variable holds.
func (b *code) lookup(obj types.Object) value {
	t := b.t
	obj = origin(obj)
	e := b.env.owner(obj)
	if v, ok := e.vals[obj]; ok {
		return v
	}
	var v value
	switch {
	case e.node == nil: // of the package
		v = t.global(obj)
	case kindOf(obj.Type()) == machine.Flag && !isAtomic(obj.Type()):
		v = value{} // too many, and seldom about goroutines
	default:
		param := e.typ != nil && e.typ.Pos() <= obj.Pos() && obj.Pos() < e.typ.End()
		made := !param || t.isNew(obj)
		shared := t.m.Assigned(obj)
		v = t.fresh(obj, shared, made)
		if param && t.isNew(obj) && kindOf(obj.Type()) == machine.Chan {
			t.prog.Vars[v.ref-1].Init = machine.Chan
		}
	}
	e.vals[obj] = v
	return v
}

func isAtomic(t types.Type) bool {
	_, ok := types.Unalias(t).(*types.Named)
	return ok
}

// global returns a variable of the package. One that is made by its declaration
// is known; what else it may hold is not.
func (t *translator) global(obj types.Object) value {
	if t.pkg.Declares(obj) {
		for _, init := range t.pkg.Info.InitOrder {
			if len(init.Lhs) != 1 || init.Lhs[0] != obj {
				continue
			}
			if call, ok := init.Rhs.(*ast.CallExpr); ok && kindOf(obj.Type()) == machine.Chan && chanflow.IsChan(obj.Type()) != nil {
				if n, ok := t.m.MakeCap(call); ok {
					v := t.variable(obj.Name(), true, machine.Chan)
					t.prog.Vars[v.ref-1].Cap = int(min(n, 4))
					return v
				}
			}
		}
	}
	return t.fresh(obj, true, false)
}

func (v value) key() string {
	switch {
	case v.ref != 0:
		return fmt.Sprintf("v%d", v.ref)
	case v.inst != nil:
		return fmt.Sprintf("i%d", v.inst.id)
	case v.fn != nil:
		return v.fn.key()
	}
	return "-"
}

func (f *function) key() string {
	id, pos := 0, 0
	if f.env != nil {
		id = f.env.id
	}
	if f.lit != nil {
		pos = int(f.lit.Pos())
	} else if f.decl != nil {
		pos = int(f.decl.Node().Pos())
	}
	return fmt.Sprintf("f%d.%d.%d.%d(%s)", pos, id, f.once, f.cancel, f.recv.key())
}
