package prove

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/prove/machine"
)

// A translator makes a program of the machine from functions of a package.
type translator struct {
	m        *chanflow.Model
	pkg      *refactor.Package
	inserted ranges
	ops      map[ast.Node]*chanflow.Op // by syntax
	frames   map[ast.Node]*chanflow.Func

	prog      machine.Program
	places    []place // by tag; the first is nowhere
	codes     map[string]int
	roots     map[int]bool // codes that a goroutine of the package starts with
	envs      map[string]*env
	strangers map[types.Object]value
	globals   *env
	count     int
	doubts    []string
	depth     int
	// owner is the type that a scenario is about, or nil, and subject the
	// struct of that type.
	owner   *types.TypeName
	subject value
	// callbacks are what code that is supplied from elsewhere may call on a
	// goroutine that the package started.
	callbacks []function
	lockers   map[int]value    // the lock of each Cond, by reference
	latches   []value          // for the operands of channel operations
	vague     map[int]bool     // groups of which the count is not known
	copies    map[string]value // of structs, by place and original
	counted   bool             // loops that may run more often run twice
	over      *over            // of Survivors; else nil
}

// A place is what a tag of the machine stands for.
type place struct {
	node       ast.Node
	introduced bool
	was        []ast.Node // cases of a select that was introduced, which may be older
	what       string     // the function, for people
}

func newTranslator(pkg *refactor.Package, in ranges) *translator {
	t := &translator{
		m: chanflow.Of(pkg), pkg: pkg, inserted: in,
		ops: make(map[ast.Node]*chanflow.Op), frames: make(map[ast.Node]*chanflow.Func),
		places: make([]place, 1), codes: make(map[string]int), envs: make(map[string]*env), roots: make(map[int]bool), strangers: make(map[types.Object]value), lockers: make(map[int]value), vague: make(map[int]bool), copies: make(map[string]value),
	}
	t.globals = &env{vals: make(map[types.Object]value)}
	for _, f := range t.m.Funcs {
		t.frames[f.Node()] = f
		for _, op := range f.Ops {
			t.ops[op.Node] = op
		}
	}
	return t
}

func (t *translator) doubt(why string) {
	if !slices.Contains(t.doubts, why) {
		t.doubts = append(t.doubts, why)
	}
}

// A label is a place in code that is not known yet.
type label struct{ at int }

// A code is a function that is being translated.
type code struct {
	t     *translator
	n     int
	name  string
	ops   []machine.Op
	fix   []func()
	env   *env
	loops []loop
	label string                  // of the statement that follows
	marks map[types.Object]*label // what goto statements jump to
	falls *label                  // where the next case of a switch begins
}

type loop struct {
	name      string
	brk, cont *label // cont is nil for switch and select
}

// build translates what body writes into a new code.
func (t *translator) build(key, name string, e *env, body func(b *code)) int {
	if n, ok := t.codes[key]; ok {
		return n
	}
	n := len(t.prog.Codes)
	t.codes[key] = n
	t.prog.Codes = append(t.prog.Codes, machine.Code{Name: name})
	b := &code{t: t, n: n, name: name, env: e}
	if t.depth++; t.depth > 12 {
		t.doubt("calls are nested too deeply")
	} else {
		body(b)
	}
	t.depth--
	for _, f := range b.fix {
		f()
	}
	t.prog.Codes[n].Ops = b.ops
	return n
}

// newEnv returns the variables of a function that is called in an env.
func (t *translator) newEnv(up *env, node ast.Node, typ *ast.FuncType) *env {
	t.count++
	return &env{id: t.count, up: up, node: node, typ: typ, vals: make(map[types.Object]value), spawned: up != nil && up.spawned}
}

// emit appends an operation that stands for a node, and returns its number.
func (b *code) emit(op machine.Op, n ast.Node) int {
	if n != nil {
		pos, end := head(n)
		op.Tag = len(b.t.places)
		b.t.places = append(b.t.places, place{node: n, introduced: b.t.inserted.has(b.t.pkg, pos, end), what: b.name})
	}
	b.ops = append(b.ops, op)
	return len(b.ops) - 1
}

// next makes an operation go on at labels.
func (b *code) next(op int, to ...*label) {
	b.fix = append(b.fix, func() {
		for _, l := range to {
			b.ops[op].Next = append(b.ops[op].Next, l.at)
		}
	})
}

func (b *code) jump(to ...*label) { b.next(b.emit(machine.Op{}, nil), to...) }

func (b *code) here(l *label) { l.at = len(b.ops) }

func (b *code) block(list []ast.Stmt) {
	for _, s := range list {
		b.stmt(s)
	}
}

// choose runs any one of the alternatives.
func (b *code) choose(alternatives ...func()) {
	end := new(label)
	heads := make([]*label, len(alternatives))
	for i := range heads {
		heads[i] = new(label)
	}
	b.jump(heads...)
	for i, alt := range alternatives {
		b.here(heads[i])
		alt()
		b.jump(end)
	}
	b.here(end)
}

func (b *code) stmt(s ast.Stmt) {
	name := b.label
	b.label = ""
	switch s := s.(type) {
	case *ast.BlockStmt:
		b.block(s.List)
	case *ast.LabeledStmt:
		b.here(b.mark(b.t.pkg.Info.Defs.Of(s.Label)))
		b.label = s.Label.Name
		b.stmt(s.Stmt)
	case *ast.ExprStmt:
		b.expr(s.X)
	case *ast.SendStmt:
		b.expr(s.Value)
		b.channel(machine.Send, s.Chan, s)
	case *ast.IncDecStmt:
		b.expr(s.X)
	case *ast.AssignStmt:
		b.assign(s.Lhs, s.Rhs)
	case *ast.DeclStmt:
		b.declare(s)
	case *ast.GoStmt:
		b.spawn(s.Call, s, value{})
	case *ast.DeferStmt:
		b.deferred(s.Call)
	case *ast.ReturnStmt:
		b.ret(s)
	case *ast.BranchStmt:
		b.branch(s)
	case *ast.IfStmt:
		b.ifStmt(s)
	case *ast.ForStmt:
		b.forStmt(s, name)
	case *ast.RangeStmt:
		b.rangeStmt(s, name)
	case *ast.SwitchStmt:
		if s.Init != nil {
			b.stmt(s.Init)
		}
		if s.Tag != nil {
			b.expr(s.Tag)
		}
		b.cases(s.Body.List, name)
	case *ast.TypeSwitchStmt:
		if s.Init != nil {
			b.stmt(s.Init)
		}
		b.stmt(s.Assign)
		b.cases(s.Body.List, name)
	case *ast.SelectStmt:
		b.selectStmt(s, name)
	}
}

func (b *code) ret(s *ast.ReturnStmt) {
	for i, e := range s.Results {
		v := b.expr(e)
		if b.env.typ == nil || v == (value{}) {
			continue
		}
		for len(b.env.results) <= i {
			b.env.results = append(b.env.results, value{})
		}
		switch old := b.env.results[i]; {
		case old == (value{}) && v.ref != 0 && b.t.dynamic(v):
			r := b.t.variable("result", false, machine.None)
			b.env.results[i] = r
			b.copy(r, v)
		case old == (value{}):
			b.env.results[i] = v
		case old.ref != 0 && v.ref != 0 && b.t.dynamic(v):
			b.copy(old, v)
		}
	}
	b.emit(machine.Op{Kind: machine.Return}, nil)
}

// dynamic reports whether what a variable refers to may change: a channel.
// Locks and the like are known by name.
func (t *translator) dynamic(v value) bool {
	switch t.prog.Vars[v.ref-1].Init {
	case machine.None, machine.Chan, machine.Open, machine.Ready, machine.Signal:
		return true
	}
	return false
}

func (b *code) copy(to, from value) {
	if to.ref != from.ref {
		b.emit(machine.Op{Kind: machine.Copy, Var: to.ref - 1, From: from.ref - 1}, nil)
	}
}

// mark returns the place that a label of the source stands for.
func (b *code) mark(obj types.Object) *label {
	if b.marks == nil {
		b.marks = make(map[types.Object]*label)
	}
	if b.marks[obj] == nil {
		b.marks[obj] = new(label)
	}
	return b.marks[obj]
}

func (b *code) branch(s *ast.BranchStmt) {
	switch s.Tok {
	case token.GOTO:
		b.jump(b.mark(b.t.pkg.Info.Uses.Of(s.Label)))
	case token.FALLTHROUGH:
		b.jump(b.falls)
	default:
		for _, l := range slices.Backward(b.loops) {
			if s.Label != nil && s.Label.Name != l.name {
				continue
			}
			if s.Tok == token.BREAK {
				b.jump(l.brk)
				return
			}
			if l.cont != nil {
				b.jump(l.cont)
				return
			}
		}
	}
}

func (b *code) ifStmt(s *ast.IfStmt) {
	if s.Init != nil {
		b.stmt(s.Init)
	}
	yes, no, end := new(label), new(label), new(label)
	b.cond(s.Cond, yes, no)
	b.here(yes)
	b.block(s.Body.List)
	b.jump(end)
	b.here(no)
	if s.Else != nil {
		b.stmt(s.Else)
	}
	b.here(end)
}

// cond goes on at yes or no, as a condition says.
func (b *code) cond(e ast.Expr, yes, no *label) {
	info := b.t.pkg.Info
	e = ast.Unparen(e)
	if v := info.Types.Of(e).Value; v != nil {
		if v.String() == "true" {
			b.jump(yes)
		} else {
			b.jump(no)
		}
		return
	}
	switch x := e.(type) {
	case *ast.UnaryExpr:
		if x.Op == token.NOT {
			b.cond(x.X, no, yes)
			return
		}
	case *ast.BinaryExpr:
		switch x.Op {
		case token.LAND:
			both := new(label)
			b.cond(x.X, both, no)
			b.here(both)
			b.cond(x.Y, yes, no)
			return
		case token.LOR:
			neither := new(label)
			b.cond(x.X, yes, neither)
			b.here(neither)
			b.cond(x.Y, yes, no)
			return
		case token.EQL, token.NEQ:
			if x.Op == token.NEQ {
				yes, no = no, yes
			}
			if info.Types.Of(x.Y).IsNil() {
				if v := b.expr(x.X); v.ref != 0 && b.t.dynamic(v) {
					b.next(b.emit(machine.Op{Kind: machine.IsNil, Var: v.ref - 1}, nil), no, yes)
					return
				} else if v.inst != nil && v.inst.made {
					b.jump(no)
					return
				}
				b.jump(yes, no)
				return
			}
		}
	case *ast.CallExpr:
		if kind := tries(b.t.m.Static(x)); kind != 0 {
			b.try(x, kind, yes, no)
			return
		}
		if f := b.t.m.Static(x); f != nil && f.FullName() == "(*sync/atomic.Bool).CompareAndSwap" {
			if v := b.receiver(x); v.ref != 0 {
				from, to := info.Types.Of(x.Args[0]).Value, info.Types.Of(x.Args[1]).Value
				if from != nil && to != nil {
					b.next(b.emit(machine.Op{Kind: machine.Swap, Var: v.ref - 1, From: truth(from.String()), N: truth(to.String())}, nil), no, yes)
					return
				}
			}
		}
	}
	if v := b.expr(e); v.ref != 0 && b.t.prog.Vars[v.ref-1].Init == machine.Flag {
		b.next(b.emit(machine.Op{Kind: machine.Test, Var: v.ref - 1}, nil), no, yes)
		return
	}
	b.jump(yes, no)
}

func truth(s string) int {
	if s == "true" {
		return 1
	}
	return 0
}

func (b *code) declare(s *ast.DeclStmt) {
	g, ok := s.Decl.(*ast.GenDecl)
	if !ok || g.Tok != token.VAR {
		return
	}
	for _, spec := range g.Specs {
		spec := spec.(*ast.ValueSpec)
		lhs := make([]ast.Expr, len(spec.Names))
		for i, name := range spec.Names {
			lhs[i] = name
		}
		if len(spec.Values) > 0 {
			b.assign(lhs, spec.Values)
			continue
		}
		for _, name := range spec.Names {
			obj := b.t.pkg.Info.Defs.Of(name)
			if obj == nil {
				continue
			}
			v := b.lookup(obj)
			if v.ref == 0 {
				continue
			}
			switch k := b.t.prog.Vars[v.ref-1].Init; k {
			case machine.None:
				b.emit(machine.Op{Kind: machine.SetNil, Var: v.ref - 1}, nil)
			case machine.Mutex, machine.RWMutex, machine.WaitGroup, machine.Once, machine.Flag, machine.Cond:
				b.emit(machine.Op{Kind: machine.Make, Var: v.ref - 1, Obj: k}, nil)
			}
		}
	}
}

func (t *translator) text(n ast.Node) string {
	if f := t.pkg.FileOf(n.Pos()); f != nil {
		return f.Text(n.Pos(), n.End())
	}
	return fmt.Sprintf("%T", n)
}
