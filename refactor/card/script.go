package card

import (
	"go/ast"
	"slices"

	"handshake/refactor/chanflow"
)

// An instr is one thing that an actor does.
type instr struct {
	kind  instrKind
	via   *conduit
	cases []*conduit // of a choice
	spawn *chanflow.Spawn
	text  string
	again bool // it comes again and again: a loop receives
	maybe bool // it depends on a condition
	polls bool // a choice that need not wait: it has a default, or gives something itself
	node  ast.Node
}

type instrKind int

const (
	doMake   instrKind = iota
	doGo               // start a goroutine
	doSend             // give a value
	doClose            // close, cancel
	doDone             // count down a WaitGroup
	doRecv             // wait for a value or a close
	doWait             // wait for a WaitGroup
	doChoose           // select: wait for one of several
	doLoop             // a loop begins
	doEnd              // it ends
)

// script returns what the goroutine does.
func (s *scene) script(g chanflow.Goroutine) []instr {
	w := &writer{scene: s, g: g}
	switch {
	case g.Spawn == nil:
		w.frame(g.Entry)
	case g.Spawn.Body != nil:
		w.frame(g.Spawn.Body)
	}
	if sp := g.Spawn; sp != nil && sp.Kind != chanflow.GoStmt && s.known(sp.Group.Obj) != nil {
		w.out = append(w.out, instr{kind: doDone, via: s.known(sp.Group.Obj), text: s.known(sp.Group.Obj).name + " counts down", node: sp.Stmt})
	}
	return w.out
}

// A writer writes the script of one goroutine.
type writer struct {
	*scene
	g     chanflow.Goroutine
	out   []instr
	stack []*chanflow.Func // the frames that are being written
	maybe bool             // they were called on a condition
}

// deepest is how many calls a script goes down.
const deepest = 6

// frame writes what a function does: its operations and those of the functions
// that it calls, then what it defers, the last first.
func (w *writer) frame(f *chanflow.Func) {
	if slices.Contains(w.stack, f) || len(w.stack) == deepest {
		return
	}
	w.stack = append(w.stack, f)
	defer func() { w.stack = w.stack[:len(w.stack)-1] }()
	type item struct {
		node ast.Node
		op   *chanflow.Op
		sp   *chanflow.Spawn
	}
	var items, deferred []item
	for _, op := range f.Ops {
		if op.Deferred {
			deferred = append(deferred, item{op.Node, op, nil})
		} else {
			items = append(items, item{op.Node, op, nil})
		}
	}
	for _, sp := range f.Spawns {
		items = append(items, item{sp.Stmt, nil, sp})
	}
	slices.SortStableFunc(items, func(a, b item) int { return int(a.node.Pos() - b.node.Pos()) })
	loops := loopsOf(f)
	var open []ast.Stmt
	for _, it := range items {
		w.leave(&open, it.node)
		for _, loop := range loops {
			if loop.Pos() <= it.node.Pos() && it.node.End() <= loop.End() && !slices.Contains(open, loop) {
				open = append(open, loop)
				w.out = append(w.out, instr{kind: doLoop, text: w.head(loop), node: loop})
			}
		}
		if it.sp != nil {
			w.starts(it.sp)
		} else {
			w.op(it.op, len(open) > 0)
		}
	}
	w.leave(&open, nil)
	for _, it := range slices.Backward(deferred) {
		w.op(it.op, false)
	}
}

// leave closes the loops that a node is not in, and drops those that are empty.
func (w *writer) leave(open *[]ast.Stmt, n ast.Node) {
	for len(*open) > 0 {
		loop := (*open)[len(*open)-1]
		if n != nil && loop.Pos() <= n.Pos() && n.End() <= loop.End() {
			return
		}
		*open = (*open)[:len(*open)-1]
		if last := len(w.out) - 1; w.out[last].kind == doLoop {
			w.out = w.out[:last]
		} else {
			w.out = append(w.out, instr{kind: doEnd})
		}
	}
}

// loopsOf returns the loops in a function, the outer ones first.
func loopsOf(f *chanflow.Func) []ast.Stmt {
	var out []ast.Stmt
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ForStmt:
			out = append(out, n)
		case *ast.RangeStmt:
			out = append(out, n)
		}
		return true
	})
	return out
}

// head returns what stands at the head of a loop.
func (w *writer) head(loop ast.Stmt) string {
	switch n := loop.(type) {
	case *ast.ForStmt:
		return w.cut(n, n.Body)
	case *ast.RangeStmt:
		return w.cut(n, n.Body)
	}
	return ""
}

// cut returns the source of a statement up to its block.
func (w *writer) cut(from, to ast.Node) string {
	text := trim(w.pkg.FileOf(from.Pos()).Text(from.Pos(), to.Pos()))
	if text == "for" {
		return "for ever"
	}
	return text
}

// starts writes that a goroutine is started, the first time.
func (w *writer) starts(sp *chanflow.Spawn) {
	if sp == w.g.Spawn || slices.ContainsFunc(w.out, func(in instr) bool { return in.spawn == sp }) {
		return
	}
	if slices.ContainsFunc(w.actors, func(a *actor) bool { return a.of.Spawn == sp }) {
		pos, end := sp.Head()
		w.out = append(w.out, instr{kind: doGo, spawn: sp, text: trim(w.pkg.FileOf(pos).Text(pos, end)), node: sp.Stmt})
	}
}

func (w *writer) op(op *chanflow.Op, loop bool) {
	text := trim(w.text(op.Node))
	if op.Deferred {
		text += ", deferred"
	}
	in := instr{via: w.known(w.object(w.g, op)), text: text, node: op.Node, maybe: w.maybe || optional(op)}
	switch op.Kind {
	case chanflow.Call:
		if op.Callee != nil {
			maybe := w.maybe
			w.maybe = in.maybe
			w.frame(op.Callee)
			w.maybe = maybe
		}
		return
	case chanflow.Select:
		w.choose(op)
		return
	case chanflow.Make:
		in.kind = doMake
		if in.via != nil {
			in.text = trim(op.Ref.Obj.Name() + " = " + w.text(op.Node))
		}
	case chanflow.Send:
		in.kind = doSend
	case chanflow.Recv:
		if op.Select != nil && !op.Bare() {
			return // its select has said so
		}
		in.kind, in.again = doRecv, loop
		if r, ok := op.Node.(*ast.RangeStmt); ok {
			in.text = trim("range " + w.text(r.X))
		}
	case chanflow.Close, chanflow.Cancel:
		in.kind = doClose
	case chanflow.Done:
		in.kind = doDone
	case chanflow.Wait:
		in.kind = doWait
	default:
		return
	}
	if in.via != nil {
		w.out = append(w.out, in)
	}
}

// choose writes a select: what it waits for. Its sends come as operations of
// their own.
func (w *writer) choose(sel *chanflow.Op) {
	in := instr{kind: doChoose, node: sel.Node, text: "select"}
	stmt := sel.Node.(*ast.SelectStmt)
	for _, op := range sel.Fn.Ops {
		if op.Select == stmt {
			if c := w.known(w.object(w.g, op)); c != nil && op.Kind == chanflow.Recv {
				in.cases = append(in.cases, c)
			} else if c != nil {
				in.polls = true
			}
		}
	}
	for i, s := range stmt.Body.List {
		clause := s.(*ast.CommClause)
		what := "default"
		if clause.Comm == nil {
			in.polls = true
		} else {
			what = trim(w.text(clause.Comm))
		}
		if i == 0 {
			in.text += ": " + what
		} else {
			in.text += " | " + what
		}
	}
	if len(in.cases) > 0 && len(stmt.Body.List) > 1 {
		in.again = sel.Loop() != nil
		w.out = append(w.out, in)
	}
}

// optional reports whether the operation stands under an if, a switch or a
// select of its function, other than as what is asked there.
func optional(op *chanflow.Op) bool {
	at := op.Node
	inside := func(n ast.Node) bool { return n != nil && n.Pos() <= at.Pos() && at.End() <= n.End() }
	found := false
	ast.Inspect(op.Fn.Body, func(n ast.Node) bool {
		if n == nil || found || !inside(n) {
			return false
		}
		switch n := n.(type) {
		case *ast.IfStmt:
			found = inside(n.Body) || n.Else != nil && inside(n.Else)
		case *ast.CaseClause, *ast.CommClause:
			found = true
		}
		return !found
	})
	return found
}
