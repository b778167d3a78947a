package chanflow

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"math"

	"golang.org/x/tools/go/ast/inspector"
)

// Most is the most often that something can happen: N times, or, if Len is
// set, N times more than the length of Len.
type Most struct {
	N   int64
	Len ast.Expr
	Via ast.Expr // a constant expression of the source that has the value N, or nil
}

// Fits reports whether a channel of a constant capacity has room for b sends.
func (b Most) Fits(capacity int64) bool { return b.Len == nil && b.N <= capacity }

func (b Most) zero() bool { return b.N == 0 && b.Len == nil }

// plus returns the most of two things that both happen.
func (b Most) plus(c Most) (Most, bool) {
	switch {
	case b.zero():
		return c, true
	case c.zero():
		return b, true
	case b.Len != nil && c.Len != nil:
		return Most{}, false
	case c.Len != nil:
		b.Len = c.Len
	}
	return Most{N: b.N + c.N, Len: b.Len}, b.N+c.N < math.MaxInt32
}

// or returns the most of two things of which one happens.
func (b Most) or(c Most) Most {
	if b.Len == nil && c.Len == nil {
		if c.N > b.N {
			return c
		}
		return b
	}
	if b.Len == nil {
		b.Len = c.Len
	}
	return Most{N: max(b.N, c.N), Len: b.Len}
}

// times returns the most of something that happens b times in each of c turns.
func (b Most) times(c Most) (Most, bool) {
	switch {
	case b.zero() || c.zero():
		return Most{}, true
	case b == Most{N: 1}:
		return c, true
	case b.Len != nil || c.Len != nil:
		return Most{}, false
	}
	return Most{N: b.N * c.N}, b.N < math.MaxInt32 && c.N < math.MaxInt32 && b.N*c.N < math.MaxInt32
}

// MostSends returns the most sends that one channel can see, over all paths of
// the functions and goroutines that it reaches; ok is false if they cannot be
// bounded, or not be seen.
func (c *Chan) MostSends() (most Most, ok bool) {
	k := c.count()
	return k.most, k.ok
}

// count walks from the make expression to every send.
func (c *Chan) count() *counter {
	type key struct{ *Chan }
	return c.model.Pkg.Memo(key{c}, func() any {
		k := &counter{Chan: c, sending: c.senders(), met: make(map[*Op]bool), roots: make(map[*Func]bool), reached: make(map[*ast.CallExpr]bool), active: make(map[*Func]bool)}
		k.run()
		return k
	}).(*counter)
}

// senders returns the frames from which a send on the channel can be reached
// through calls and spawns.
func (c *Chan) senders() map[*Func]bool {
	set := make(map[*Func]bool)
	for _, op := range c.Sends {
		set[op.Fn] = true
	}
	for grown := true; grown; {
		grown = false
		for _, f := range c.model.Funcs {
			if set[f] {
				continue
			}
			for _, op := range f.Ops {
				if op.Kind == Call && set[op.Callee] {
					set[f] = true
				}
			}
			for _, sp := range f.Spawns {
				if set[sp.Body] {
					set[f] = true
				}
			}
			grown = grown || set[f]
		}
	}
	return set
}

// A counter counts the sends on one channel.
type counter struct {
	*Chan
	sending  map[*Func]bool
	met      map[*Op]bool           // sends that were counted
	reached  map[*ast.CallExpr]bool // calls and spawns on the way to them
	active   map[*Func]bool
	roots    map[*Func]bool        // where the walk starts, for each channel anew
	holders  map[types.Object]bool // variables whose field the channel is
	requests []*Op                 // where a holder is received
	handed   []ast.Node            // where a holder is sent to another goroutine
	spawned  int                   // how many spawns away from the maker the walk is
	own      bool                  // the maker's goroutine itself sends
	most     Most
	ok       bool
}

func (k *counter) run() {
	maker := k.Make.Fn
	g := maker.graph()
	start := g.at(k.Make.Node)
	if start == nil {
		return
	}
	if k.most, k.ok = k.frame(g, start); !k.ok {
		return
	}
	if len(k.Holders) > 0 {
		if k.ok = k.follow(); !k.ok {
			return
		}
	}
	k.ok = k.complete()
}

// complete reports whether every send was met, and every way to come to it
// that the package has.
func (k *counter) complete() bool {
	for _, op := range k.Sends {
		if !k.met[op] {
			return false
		}
	}
	for f := range k.sending {
		if k.roots[f] || !k.sends(f) {
			continue
		}
		if k.param(f) {
			continue // only calls with the channel count, and passed has them
		}
		if f.Decl != nil {
			if _, all := k.model.Callers(f); !all || f.Obj.Exported() && !k.model.Closed() {
				return false
			}
		}
		for _, other := range k.model.Funcs {
			for _, op := range other.Ops {
				if op.Kind == Call && op.Callee == f && !k.reached[op.Node.(*ast.CallExpr)] {
					return false
				}
			}
			for _, sp := range other.Spawns {
				if sp.Body == f && !k.reached[sp.Call] {
					return false
				}
			}
		}
	}
	for call := range k.passed {
		if f := k.model.Callee(call); f != nil && k.sending[f] && !k.reached[call] {
			return false
		}
	}
	return true
}

// sends reports whether a send that was met is in f or below it.
func (k *counter) sends(f *Func) bool {
	for op := range k.met {
		if op.Fn == f {
			return true
		}
	}
	for _, op := range f.Ops {
		if op.Kind == Call && op.Callee != nil && k.reached[op.Node.(*ast.CallExpr)] {
			return true
		}
	}
	for _, sp := range f.Spawns {
		if k.reached[sp.Call] {
			return true
		}
	}
	return false
}

// param reports whether f knows the channel by a parameter.
func (k *counter) param(f *Func) bool {
	for _, p := range f.Params() {
		if p != nil && k.holds(p) {
			return true
		}
	}
	return false
}

// frame returns the most sends that one run of the frame, from the point on,
// can lead to; from nil means the whole frame.
func (k *counter) frame(g *graph, from *point) (Most, bool) {
	if k.active[g.fn] {
		return Most{}, false // recursion
	}
	if g.gotos {
		return Most{}, false
	}
	k.active[g.fn] = true
	if from != nil {
		k.roots[g.fn] = true
	}
	defer delete(k.active, g.fn)

	weights := make(map[*point]Most)
	for _, p := range g.points {
		w, ok := k.weight(g, p, from)
		if !ok {
			return Most{}, false
		}
		weights[p] = w
	}
	var deferred Most
	for _, op := range g.fn.Ops {
		if !op.Deferred {
			continue
		}
		w, ok := k.op(op)
		if ok && !w.zero() && op.Loop() != nil {
			ok = false
		}
		if ok {
			deferred, ok = deferred.plus(w)
		}
		if !ok {
			return Most{}, false
		}
	}
	longest := make(map[*point]Most)
	onPath := make(map[*point]bool)
	fine := true
	var visit func(*point) Most
	visit = func(p *point) Most {
		if b, ok := longest[p]; ok {
			return b
		}
		onPath[p] = true
		var rest Most
		for _, n := range p.next {
			if !onPath[n] && n != from && !k.turn(n) { // loops are in the weights
				rest = rest.or(visit(n))
			}
		}
		delete(onPath, p)
		b, ok := weights[p].plus(rest)
		fine = fine && ok
		longest[p] = b
		return b
	}
	begin := g.entry
	if from != nil {
		begin = from
	}
	total, ok := visit(begin).plus(deferred)
	return total, fine && ok
}

// weight returns the most sends that the point stands for, all its turns taken
// together.
func (k *counter) weight(g *graph, p, from *point) (Most, bool) {
	var sum Most
	add := func(w Most, ok bool) bool {
		if ok {
			sum, ok = sum.plus(w)
		}
		return ok
	}
	for _, op := range p.ops {
		if !add(k.op(op)) {
			return Most{}, false
		}
	}
	for _, sp := range p.spawns {
		k.spawned++
		fine := add(k.call(sp.Body, sp.Call))
		k.spawned--
		if !fine {
			return Most{}, false
		}
	}
	if sum.zero() {
		return sum, true
	}
	again := p.leads(func(n *point) bool { return n != from && !k.turn(n) }, func(n *point) bool { return n == p }) != nil
	inner := false
	cur, _ := k.model.root.FindNode(p.node)
	for c := cur; c.Node() != g.fn.Node(); c = c.Parent() {
		if c.Node() == nil {
			return Most{}, false
		}
		var body *ast.BlockStmt
		switch n := c.Node().(type) {
		case *ast.ForStmt:
			body = n.Body
		case *ast.RangeStmt:
			body = n.Body
		case *ast.FuncLit:
			inner = true // called in place: its loops do not show in the graph
			continue
		}
		if body == nil || c.Node() == p.node || from != nil && covers(c.Node(), from.node.Pos()) && from != p {
			continue
		}
		if !again && !inner {
			continue
		}
		turns, ok := k.turns(c)
		if ok {
			sum, ok = sum.times(turns)
		}
		if !ok {
			return Most{}, false
		}
	}
	// A loop inside a literal that is called in place stands below the point.
	for _, op := range p.ops {
		if w, _ := k.op(op); !w.zero() && op.Loop() != nil && within(p.node, op.Loop()) {
			return Most{}, false
		}
	}
	return sum, true
}

// op returns the most sends that one run of an operation leads to.
func (k *counter) op(op *Op) (Most, bool) {
	switch {
	case op.Kind == Send && k.Holds(op):
		k.met[op] = true
		k.own = k.own || k.spawned == 0
		return Most{N: 1}, true
	case op.Kind == Call && op.Callee != nil:
		return k.call(op.Callee, op.Node.(*ast.CallExpr))
	}
	return Most{}, true
}

func (k *counter) call(f *Func, call *ast.CallExpr) (Most, bool) {
	if f == nil || !k.sending[f] || k.param(f) && !k.passed[call] {
		return Most{}, true
	}
	k.reached[call] = true
	return k.frame(f.graph(), nil)
}

// turns returns the most turns that a loop takes.
func (k *counter) turns(loop inspector.Cursor) (Most, bool) {
	switch n := loop.Node().(type) {
	case *ast.RangeStmt:
		return k.length(n.X, n)
	case *ast.ForStmt:
		i, limit, ok := k.model.countsUp(n)
		if !ok {
			return Most{}, false
		}
		if call, ok := ast.Unparen(limit).(*ast.CallExpr); ok && i == 0 {
			if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "len" && len(call.Args) == 1 {
				return k.length(call.Args[0], n)
			}
		}
		v, ok := k.constant(limit)
		if !ok {
			return Most{}, false
		}
		if n.Cond.(*ast.BinaryExpr).Op == token.LEQ {
			return Most{N: max(v.N-i+1, 0)}, true
		}
		if i != 0 {
			v = Most{N: max(v.N-i, 0)}
		}
		return v, true
	}
	return Most{}, false
}

func (k *counter) constant(e ast.Expr) (Most, bool) {
	v := k.model.Pkg.Info.Types[e].Value
	if v == nil {
		return Most{}, false
	}
	n, ok := constant.Int64Val(constant.ToInt(v))
	b := Most{N: n}
	if id, isIdent := ast.Unparen(e).(*ast.Ident); isIdent && k.knownAtMake(id) {
		b.Via = id
	}
	return b, ok && n >= 0
}

// length returns the number of turns of a range over e: a constant, or the
// length of a variable that is the same where the channel is made.
func (k *counter) length(e ast.Expr, loop ast.Stmt) (Most, bool) {
	t := k.model.Pkg.Info.TypeOf(e)
	if t == nil {
		return Most{}, false
	}
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	switch t := t.Underlying().(type) {
	case *types.Array:
		return Most{N: t.Len()}, true
	case *types.Basic:
		if t.Info()&types.IsInteger != 0 {
			return k.constant(e)
		}
	case *types.Slice:
		id, ok := ast.Unparen(e).(*ast.Ident)
		if ok && covers(k.Make.Fn.Node(), loop.Pos()) && k.knownAtMake(id) && k.unchanged(id) {
			return Most{Len: id}, true
		}
	}
	return Most{}, false
}

// knownAtMake reports whether the identifier means the same where the channel
// is made.
func (k *counter) knownAtMake(id *ast.Ident) bool {
	at := k.Make.Node.Pos()
	scope := k.model.Pkg.Types.Scope().Innermost(at)
	if scope == nil {
		return false
	}
	_, obj := scope.LookupParent(id.Name, at)
	return obj != nil && obj == k.model.Pkg.Info.Uses[id]
}

// unchanged reports whether a local variable is assigned nowhere after the
// channel is made, and nowhere at all through a pointer or in a literal.
func (k *counter) unchanged(id *ast.Ident) bool {
	obj := k.model.Pkg.Info.Uses[id]
	maker := k.Make.Fn.Top()
	if !maker.Owns(obj) {
		return false
	}
	if !k.model.Assigned(obj) && k.Make.Fn.Owns(obj) && !isParam(k.Make.Fn, obj) {
		return true
	}
	same := true
	ast.Inspect(maker.Body, func(n ast.Node) bool {
		check := func(e ast.Expr, from token.Pos) {
			x, ok := ast.Unparen(e).(*ast.Ident)
			if ok && k.model.Pkg.Info.Uses[x] == obj && (from > k.Make.Node.Pos() || k.model.FuncOf(from) != k.Make.Fn) {
				same = false
			}
		}
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				check(lhs, n.Pos())
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				check(n.X, k.Make.Node.End())
			}
		case *ast.RangeStmt:
			if n.Key != nil {
				check(n.Key, n.Pos())
			}
			if n.Value != nil {
				check(n.Value, n.Pos())
			}
		}
		return same
	})
	return same && k.Make.Loop() == nil
}

func isParam(f *Func, obj types.Object) bool {
	for _, p := range f.Params() {
		if p == obj {
			return true
		}
	}
	return false
}

// countsUp matches for i := first; i < limit; i++ with a constant first and an
// i that the body leaves alone.
func (m *Model) countsUp(n *ast.ForStmt) (first int64, limit ast.Expr, ok bool) {
	init, ok1 := n.Init.(*ast.AssignStmt)
	cond, ok2 := n.Cond.(*ast.BinaryExpr)
	post, ok3 := n.Post.(*ast.IncDecStmt)
	if !ok1 || !ok2 || !ok3 || len(init.Lhs) != 1 || len(init.Rhs) != 1 || post.Tok != token.INC || cond.Op != token.LSS && cond.Op != token.LEQ {
		return 0, nil, false
	}
	id, ok := init.Lhs[0].(*ast.Ident)
	if !ok || init.Tok != token.DEFINE {
		return 0, nil, false
	}
	obj := m.Pkg.Info.Defs[id]
	isVar := func(e ast.Expr) bool {
		x, ok := ast.Unparen(e).(*ast.Ident)
		return ok && m.Pkg.Info.Uses[x] == obj
	}
	v := m.Pkg.Info.Types[init.Rhs[0]].Value
	if v == nil || !isVar(cond.X) || !isVar(post.X) {
		return 0, nil, false
	}
	first, ok = constant.Int64Val(constant.ToInt(v))
	alone := true
	ast.Inspect(n.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				alone = alone && !isVar(lhs)
			}
		case *ast.IncDecStmt:
			alone = alone && !isVar(n.X)
		case *ast.UnaryExpr:
			alone = alone && !(n.Op == token.AND && isVar(n.X))
		}
		return alone
	})
	return first, cond.Y, ok && first >= 0 && alone
}
