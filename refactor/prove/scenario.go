package prove

import (
	"go/ast"
	"go/types"
	"slices"

	"handshake/refactor/chanflow"
	"handshake/refactor/prove/machine"
)

// A scenario is a way to use what the edits changed.
type scenario struct {
	name  string
	owner *types.TypeName  // the type that it is about, or nil
	calls []*chanflow.Func // the methods that code on a goroutine may call back
	main  func(b *code)
	ends  bool // the program ends with it
}

// A change says what the edits changed, in names that mean the same before and
// after them.
type change struct {
	tops   []string        // functions with a new operation, in source order
	fields map[string]bool // those of them with a new operation on a field of the receiver
}

// change finds what the edits changed.
func (t *translator) change() change {
	c := change{fields: make(map[string]bool)}
	for _, f := range t.m.Funcs {
		top := f.Top()
		if top.Decl == nil {
			continue // the initialiser of a variable
		}
		see := func() {
			if !slices.Contains(c.tops, top.Name()) {
				c.tops = append(c.tops, top.Name())
			}
		}
		for _, op := range f.Ops {
			pos, end := head(op.Node)
			if op.Kind == chanflow.Exit || op.Kind == chanflow.Make || !t.inserted.has(t.pkg, pos, end) {
				continue
			}
			see()
			if r := top.Recv(); r != nil && op.Ref.Base == r {
				c.fields[top.Name()] = true
			}
		}
		for _, sp := range f.Spawns {
			if pos, end := sp.Head(); t.inserted.has(t.pkg, pos, end) {
				see()
			}
		}
	}
	return c
}

// scenarios returns what has to be looked at: each function that the edits
// change, as it is called by somebody out of sight; and for each type whose
// methods now wait or close for a goroutine, what a client can do with a value
// of it.
func (t *translator) scenarios(c change) []scenario {
	var out []scenario
	subjects := make(map[*types.TypeName][]*chanflow.Func)
	var names []*types.TypeName
	for _, f := range t.m.Funcs {
		if f.Decl == nil || !slices.Contains(c.tops, f.Name()) {
			continue
		}
		name := receiverType(f)
		if name == nil || !c.fields[f.Name()] {
			entries := t.callers(f, c)
			if !t.passedAnew(f) {
				entries = append(entries, f)
			}
			for _, entry := range entries {
				out = append(out, scenario{name: entry.Name(), ends: entry.IsMain(), main: func(b *code) {
					b.invoke(machine.Call, &function{decl: entry, env: b.t.globals}, nil, nil, nil)
				}})
			}
			continue
		}
		if subjects[name] == nil {
			names = append(names, name)
		}
		subjects[name] = append(subjects[name], f)
	}
	for _, name := range names {
		out = append(out, t.clients(name, subjects[name])...)
	}
	return out
}

// passedAnew reports whether the edits add or retype a channel parameter of f,
// all of whose callers are in sight: nobody else passes one to it.
func (t *translator) passedAnew(f *chanflow.Func) bool {
	calls, all := t.m.Callers(f)
	if !all || len(calls) == 0 || f.Obj.Exported() {
		return false
	}
	return slices.ContainsFunc(f.Type.Params.List, func(p *ast.Field) bool {
		return chanflow.IsChan(t.pkg.Info.TypeOf(p.Type)) != nil && t.inserted.has(t.pkg, p.Pos(), p.End())
	})
}

// callers returns the functions that call f, which may hold a lock when they
// do, but for those that are looked at anyway.
func (t *translator) callers(f *chanflow.Func, c change) []*chanflow.Func {
	const most = 6
	var out []*chanflow.Func
	calls, _ := t.m.Callers(f)
	for _, call := range calls {
		by := t.m.FuncOf(call.Pos())
		if by == nil || by.Top().Decl == nil || slices.Contains(out, by.Top()) || slices.Contains(c.tops, by.Top().Name()) || len(out) == most {
			continue
		}
		out = append(out, by.Top())
	}
	return out
}

// receiverType returns the name of the type that f is a method of, or nil.
func receiverType(f *chanflow.Func) *types.TypeName {
	if f.Recv() == nil {
		return nil
	}
	return typeName(f.Recv().Type())
}

func typeName(t types.Type) *types.TypeName {
	if t == nil {
		return nil
	}
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok {
		return n.Origin().Obj()
	}
	return nil
}

// A source is where a client has a value from.
type source struct {
	name string
	make func(b *code)
}

// literals returns the composite literals of a type outside of its
// constructors: values of which nobody has started a goroutine. One for each
// text is enough.
func (t *translator) literals(owner *types.TypeName, makers []*chanflow.Func) []*ast.CompositeLit {
	var out []*ast.CompositeLit
	seen := make(map[string]bool)
	for _, f := range t.pkg.Files {
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			if d, ok := n.(*ast.FuncDecl); ok && slices.ContainsFunc(makers, func(f *chanflow.Func) bool { return f.Decl == d }) {
				return false
			}
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if typ := t.pkg.Info.TypeOf(lit); typ != nil && typeName(typ) == owner && structOf(typ) != nil && !seen[t.text(lit)] {
				seen[t.text(lit)] = true
				out = append(out, lit)
			}
			return true
		})
	}
	return out
}

// clients returns what a client can do with a value of the type, some of whose
// methods the edits changed.
func (t *translator) clients(owner *types.TypeName, changed []*chanflow.Func) []scenario {
	var makers, starters, stoppers []*chanflow.Func
	for _, f := range t.m.Funcs {
		if f.Decl == nil || f.Obj == nil {
			continue
		}
		if receiverType(f) == owner {
			switch {
			case t.starts(f):
				starters = append(starters, f)
			case !t.onlySpawned(f) && (slices.Contains(changed, f) || t.calls(f, changed)):
				stoppers = append(stoppers, f)
			}
			continue
		}
		if f.Recv() == nil && t.makes(f, owner) {
			makers = append(makers, f)
		}
	}
	var origins []source
	for _, f := range makers {
		origins = append(origins, source{" after " + f.Name(), func(b *code) {
			b.invoke(machine.Call, &function{decl: f, env: b.t.globals}, nil, nil, nil)
		}})
	}
	for _, lit := range t.literals(owner, makers) {
		origins = append(origins, source{" of " + t.text(lit), func(b *code) { b.literal(lit) }})
	}
	if len(origins) == 0 {
		origins = append(origins, source{"", func(*code) {}})
	}
	var out []scenario
	for _, from := range origins {
		for _, stop := range stoppers {
			do := func(b *code, kind machine.OpKind, f *chanflow.Func) {
				b.invoke(kind, &function{decl: f, recv: b.t.subject, env: b.t.globals}, nil, nil, nil)
			}
			start := func(b *code, must bool) {
				var alternatives []func()
				if !must {
					alternatives = append(alternatives, func() {})
				}
				for _, f := range starters {
					alternatives = append(alternatives, func() { do(b, machine.Call, f) })
				}
				if len(alternatives) > 0 {
					b.choose(alternatives...)
				}
			}
			add := func(name string, rest func(b *code)) {
				out = append(out, scenario{name: name + from.name, owner: owner, calls: stoppers, main: func(b *code) { from.make(b); rest(b) }})
			}
			name := stop.Name()
			add("a callback and no "+name, func(b *code) { start(b, false) })
			add(name, func(b *code) { start(b, false); do(b, machine.Call, stop) })
			add(name+" twice", func(b *code) { start(b, false); do(b, machine.Call, stop); do(b, machine.Call, stop) })
			add(name+" twice at a time", func(b *code) { start(b, false); do(b, machine.Spawn, stop); do(b, machine.Call, stop) })
			if len(starters) > 0 {
				add("a restart and "+name, func(b *code) {
					start(b, true)
					do(b, machine.Call, stop)
					start(b, true)
					do(b, machine.Call, stop)
				})
			}
		}
	}
	return out
}

// starts reports whether a call of f may start a goroutine of the package.
func (t *translator) starts(f *chanflow.Func) bool {
	for _, sp := range f.Starts() {
		if sp.Body != nil {
			return true
		}
	}
	return false
}

// makes reports whether f is a constructor: it returns a value of the type, or
// makes one and starts a goroutine.
func (t *translator) makes(f *chanflow.Func, owner *types.TypeName) bool {
	res := f.Obj.Signature().Results()
	for v := range res.Variables() {
		if typeName(v.Type()) == owner {
			return true
		}
	}
	if res.Len() == 0 || !t.starts(f) {
		return false
	}
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if lit, ok := n.(*ast.CompositeLit); ok {
			typ := t.pkg.Info.TypeOf(lit)
			found = found || typ != nil && typeName(typ) == owner
		}
		return !found
	})
	return found
}

// onlySpawned reports whether f is called by nothing but go statements: it is
// no method for clients.
func (t *translator) onlySpawned(f *chanflow.Func) bool {
	if f.Obj.Exported() {
		return false
	}
	calls, all := t.m.Callers(f)
	if !all || len(calls) == 0 {
		return false
	}
	for _, call := range calls {
		spawned := false
		for _, sp := range t.m.Spawns {
			spawned = spawned || sp.Call == call
		}
		if !spawned {
			return false
		}
	}
	return true
}

// calls reports whether f calls one of the functions, directly or not.
func (t *translator) calls(f *chanflow.Func, to []*chanflow.Func) bool {
	seen := map[*chanflow.Func]bool{f: true}
	for work := []*chanflow.Func{f}; len(work) > 0; work = work[1:] {
		for _, op := range work[0].Ops {
			if op.Kind != chanflow.Call || op.Callee == nil || seen[op.Callee] {
				continue
			}
			if slices.Contains(to, op.Callee) && !t.onlySpawned(op.Callee) {
				return true
			}
			seen[op.Callee] = true
			work = append(work, op.Callee)
		}
	}
	return false
}

// program translates a scenario.
func (t *translator) program(s scenario) *machine.Program {
	t.owner = s.owner
	t.subject = t.instance(false)
	for _, f := range s.calls {
		t.callbacks = append(t.callbacks, function{decl: f, recv: t.subject, env: t.globals})
	}
	e := t.newEnv(t.globals, nil, nil)
	t.prog.Main = t.build("main", s.name, e, s.main)
	t.prog.MainEnds = s.ends
	return &t.prog
}
