package chanflow

import (
	"go/ast"
	"go/types"
	"math"
	"slices"
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

// MostRecvs returns the most receives from one channel, like MostSends. A loop
// that ranges over the channel has no such bound.
func (c *Chan) MostRecvs() (most Most, ok bool) {
	if slices.ContainsFunc(c.Recvs, func(op *Op) bool { return op.Range }) {
		return Most{}, false
	}
	k := c.countOf(Recv)
	return k.most, k.ok
}

// count walks from the make expression to every send.
func (c *Chan) count() *counter { return c.countOf(Send) }

// countOf walks from the make expression to every operation of the kind.
func (c *Chan) countOf(kind OpKind) *counter {
	type key struct {
		*Chan
		kind OpKind
	}
	return c.model.Pkg.Memo(key{c, kind}, func() any {
		k := &counter{Chan: c, kind: kind, all: c.all(kind), sending: c.framesTo(kind), met: make(map[*Op]bool), roots: make(map[*Func]bool), reached: make(map[*ast.CallExpr]bool), active: make(map[*Func]bool)}
		k.run()
		return k
	}).(*counter)
}

// all returns the sends on the channel, or its receives.
func (c *Chan) all(kind OpKind) []*Op {
	if kind == Recv {
		return c.Recvs
	}
	return c.Sends
}

// framesTo returns the frames from which an operation of the kind can be reached
// through calls and spawns.
func (c *Chan) framesTo(kind OpKind) map[*Func]bool {
	type key struct {
		*Chan
		kind OpKind
	}
	return c.model.Pkg.Memo(key{c, kind}, func() any {
		set := make(map[*Func]bool)
		x := c.model.uses()
		var add func(*Func)
		add = func(f *Func) {
			if set[f] {
				return
			}
			set[f] = true
			for _, op := range x.calls[f] {
				add(op.Fn)
			}
			for _, sp := range x.spawns[f] {
				add(sp.Fn)
			}
		}
		for _, op := range c.all(kind) {
			add(op.Fn)
		}
		return set
	}).(map[*Func]bool)
}

// A counter counts the sends on one channel, or as well its receives: what is
// said of sends below goes for them then.
type counter struct {
	*Chan
	kind     OpKind
	all      []*Op // all operations of the kind
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
	for _, op := range k.all {
		if !k.met[op] {
			return false
		}
	}
	x := k.model.uses()
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
		for _, op := range x.calls[f] {
			if !k.reached[op.Node.(*ast.CallExpr)] {
				return false
			}
		}
		for _, sp := range x.spawns[f] {
			if !k.reached[sp.Call] {
				return false
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

	weights, none := make(map[*point]Most), true
	for _, p := range g.points {
		w, ok := k.weight(g, p, from)
		if !ok {
			return Most{}, false
		}
		if !w.zero() {
			weights[p], none = w, false
		}
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
	if none && deferred.zero() {
		return Most{}, true
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
	case op.Kind == k.kind && k.Holds(op):
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
