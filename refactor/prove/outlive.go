package prove

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/prove/machine"
)

// A Survivor is a goroutine that may be blocked for ever once a test is over.
type Survivor struct {
	Body   ast.Node // of the goroutine: *ast.FuncDecl or *ast.FuncLit; nil if it is not known
	At     ast.Node // where it is blocked
	Reason string   // in words: "a goroutine may stay at <-ch when the test is over"
}

// Survivors returns the goroutines that may not end when the test, a function
// or literal that takes a *testing.T, has ended well: its deferred calls and
// clean-ups have run, its context is cancelled, and from then on, as in a bubble
// of testing/synctest, no time passes. doubt says why that cannot be told; it is
// empty if it can. Calls that leave the package return here, as in [Check].
func Survivors(pkg *refactor.Package, test *chanflow.Func) (survivors []Survivor, doubt string) {
	t := newTranslator(pkg, nil)
	t.over = &over{ticks: t.variable("tick", true, machine.Open), ctx: t.variable("t.Context()", true, machine.Chan), bodies: make(map[int]ast.Node)}
	p := t.program(scenario{name: test.Name(), main: func(b *code) {
		fn := &function{decl: test, env: b.t.globals}
		if test.Lit != nil {
			fn = &function{lit: test.Lit, env: b.t.globals}
		}
		b.invoke(machine.Call, fn, nil, nil, nil)
		b.emit(machine.Op{Kind: machine.Close, Var: t.over.ctx.ref - 1}, nil)
		for _, c := range slices.Backward(t.over.cleanups) {
			yes, no := new(label), new(label)
			b.next(b.emit(machine.Op{Kind: machine.Test, Var: c.registered.ref - 1}, nil), no, yes)
			b.here(yes)
			b.invoke(machine.Call, c.fn, nil, nil, nil)
			b.here(no)
		}
	}})
	if t.large() {
		return nil, "there is too much to look at"
	}
	p.Over = true
	bounds := machine.Usual
	bounds.States = most
	res := machine.Explore(p, bounds)
	for _, st := range res.Stuck {
		s := Survivor{At: t.places[p.At(st.At).Tag].node}
		for _, c := range st.Calls {
			if s.Body = t.over.bodies[c.Code]; s.Body != nil {
				break
			}
		}
		s.Reason = "a goroutine may not have ended when the test is over"
		if text := t.source(p, st.At); text != "" {
			s.Reason = fmt.Sprintf("a goroutine may stay at %s when the test is over", text)
		}
		survivors = append(survivors, s)
	}
	switch {
	case !res.Complete:
		doubt = "there are too many interleavings"
	case res.Bounded&^machine.Copies != 0:
		doubt = beyond(res.Bounded)
	case !res.Ended:
		doubt = "the test cannot be followed to its end"
	case len(t.doubts) > 0:
		doubt = t.doubts[0]
	}
	return survivors, doubt
}

// over is what [Survivors] knows of the end of a test.
type over struct {
	ticks    value // what the clock sends to goroutines, which ceases with the test
	ctx      value // the test's context
	cleanups []cleanup
	bodies   map[int]ast.Node // of goroutines, by code
}

// A cleanup is a function that runs when the test is over if it has been
// registered by then.
type cleanup struct {
	registered value
	fn         *function
}

// atEnd writes a call whose meaning depends on how the test ends, and reports
// whether it is one.
func (b *code) atEnd(e *ast.CallExpr, f *types.Func) (list []value, ok bool) {
	o := b.t.over
	if o == nil {
		return nil, false
	}
	name := f.FullName()
	if f.Pkg() != nil && f.Pkg().Path() == "testing" && f.Signature().Recv() != nil {
		name = "testing." + f.Name() // of T, or of TB
	}
	if op := b.t.ops[e]; op != nil && op.Kind == chanflow.Exit && name != "runtime.Goexit" {
		b.args(e)
		if op.Exit != chanflow.MayGoexit { // the test fails, and nobody asks for its goroutines
			b.emit(machine.Op{Kind: machine.Halt}, e)
		}
		return nil, true
	}
	switch name {
	case "time.Sleep":
		b.args(e)
		if b.env.spawned {
			b.emit(machine.Op{Kind: machine.Recv, Var: o.ticks.ref - 1}, e)
		} else { // no time passes before all others are blocked
			b.emit(machine.Op{Kind: machine.Settle}, e)
		}
		return nil, true
	case "time.After", "time.Tick":
		if b.env.spawned {
			b.args(e)
			return []value{o.ticks}, true
		}
	case "time.AfterFunc", "context.AfterFunc":
		if fn := b.args(e)[1].fn; fn != nil {
			b.choose(func() { b.invoke(machine.Spawn, fn, nil, nil, e) }, func() {})
		} else {
			b.t.doubt("it is not known what " + b.t.text(e.Fun) + " starts")
		}
		return nil, true
	case "testing.Context":
		return []value{o.ctx}, true
	case "testing.Cleanup":
		fn := b.args(e)[0].fn
		if fn == nil {
			return nil, true // what it would release stays
		}
		set := b.t.variable("cleanup", true, machine.Flag)
		b.emit(machine.Op{Kind: machine.Set, Var: set.ref - 1, N: 1}, nil)
		o.cleanups = append(o.cleanups, cleanup{set, fn})
		return nil, true
	}
	return nil, false
}
