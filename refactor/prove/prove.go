// Package prove checks that a rewrite adds no deadlock. The channels, locks,
// groups and goroutines around the edits are translated into a small
// communicating state machine, of which every interleaving is explored within
// bounds; see [handshake/refactor/prove/machine].
//
// What is proved is relative to this translation. Calls that leave the package
// return. Conditions are open, except for constants, boolean fields and checks
// for nil. A struct is known by the variable that holds it. Channels that code
// out of sight knows are used by it or not, as is worse; those that the edits
// add are known to nobody else. At most two goroutines of one kind are alive
// at a time, and a loop that starts as many as another one awaits runs at most
// twice: where that may be too few, the answer is [Bounded].
package prove

import (
	"errors"

	"go/ast"
	"slices"
	"sync"

	"handshake/refactor"
	"handshake/refactor/prove/machine"
)

// An Answer is what could be proved.
type Answer int

const (
	Safe    Answer = iota // no operation that the edits introduce can block for ever or panic
	Bounded               // nor can one while no more than two goroutines of a kind are alive; there may be more
	Unknown               // there is too much, or something that is not understood
	Hazard                // an operation can
)

func (a Answer) String() string { return [...]string{"safe", "bounded", "unknown", "hazard"}[a] }

// A Verdict is the answer with its reason: of a hazard, in words for the user,
// as in "Stop holds mu, which the goroutine takes before it can return".
type Verdict struct {
	Answer Answer
	Reason string
	// Trace is how it comes to a hazard: operations in source text, by goroutine.
	Trace []string
	// States is how many the exploration visited.
	States int
}

// Rewrite returns the hazard that the edits introduce, if one was found, or
// [refactor.Unproved] if that is not known. It is what the rules prove of their
// rewrites. Two goroutines of a kind are enough for it: a rewrite treats all that
// one statement starts alike.
func Rewrite(before, after *refactor.Package, edits []refactor.Edit) error {
	switch v := Check(before, after, edits); v.Answer {
	case Hazard:
		return errors.New(v.Reason)
	case Unknown:
		return refactor.Unproved{Reason: v.Reason}
	}
	return nil
}

// Unchanged is the proof for a rule whose rewrites change comments, names or
// types and no operation: there is nothing that could wait differently.
func Unchanged(_, _ *refactor.Package, _ []refactor.Edit) error { return nil }

// Check says whether after the edits, which turn the package before into the
// package after (see [refactor.Package.With]), a goroutine can be stuck for ever
// on an operation that they introduce, or can panic there; or on an operation
// that was there before, but where that could not happen. Of [Unknown] the
// caller makes what the rule's own argument allows.
func Check(before, after *refactor.Package, edits []refactor.Edit) (v Verdict) {
	in := inserted(before, edits)
	t := newTranslator(after, in)
	c := t.change()
	earlier := make(map[string]scenario)
	for _, s := range newTranslator(before, nil).scenarios(c) {
		earlier[s.name] = s
	}
	scenarios := t.scenarios(c)
	bounds := machine.Usual
	bounds.States = max(most/max(1, len(scenarios)), least)
	for _, s := range scenarios {
		w := look(after, in, s, bounds, sync.OnceValue(func() map[string]bool {
			old, ok := earlier[s.name]
			if !ok {
				return nil
			}
			return weaknesses(before, old, bounds)
		}))
		w.States += v.States
		if w.Answer == Hazard {
			return w
		}
		if w.Answer < v.Answer {
			w.Answer, w.Reason = v.Answer, v.Reason
		}
		v = w
	}
	return v
}

// A fix is offered to somebody who waits: at most so many states are looked at,
// but at least so many of each scenario. Half a second is enough for that, and real
// rewrites that can be proved at all need less than a third of it.
const most, least = 30_000, 6_000

// look explores a scenario. Operations that existed before the edits count if
// they could not block for ever or panic then; known returns those that could,
// or nil if that is not known. One that is only deferred now panics where it
// did before: a loop may start more goroutines, for all that is known here,
// than Add has been told.
func look(pkg *refactor.Package, in ranges, s scenario, bounds machine.Bounds, known func() map[string]bool) (v Verdict) {
	t := newTranslator(pkg, in)
	p := t.program(s)
	if t.large() {
		return Verdict{Answer: Unknown, Reason: "there is too much to look at"}
	}
	res := machine.Explore(p, bounds)
	v.States = res.States
	hazard := func(st machine.Stuck, reason string) Verdict {
		return Verdict{Hazard, reason, t.trace(p, st), res.States}
	}
	var old []func() Verdict
	var keys [][]string
	for _, list := range [][]machine.Stuck{res.Panics, res.Stuck} {
		for _, st := range list {
			op := p.At(st.At)
			pl := t.places[op.Tag]
			if pl.node == nil || (op.Kind == machine.Add || op.Kind == machine.Wait) && t.vague[op.Var] {
				continue
			}
			say := func() Verdict { return hazard(st, t.stuck(p, s, st, pl)) }
			if st.Calls == nil {
				say = func() Verdict { return hazard(st, t.panics(pl)) }
			}
			if pl.introduced && len(pl.was) == 0 {
				if st.Calls == nil && known()[t.keys(st, p)[0]] {
					continue
				}
				return say()
			}
			if !pl.introduced && t.fails(p, st) {
				continue // the failure that the edits report leaves others behind
			}
			old, keys = append(old, say), append(keys, t.keys(st, p))
		}
	}
	switch {
	case !res.Complete:
		v.Answer, v.Reason = Unknown, "there are too many interleavings"
	case res.Bounded&^machine.Copies != 0:
		v.Answer, v.Reason = Unknown, beyond(res.Bounded)
	case len(t.doubts) > 0:
		v.Answer, v.Reason = Unknown, t.doubts[0]
	case len(old) > 0:
		if weak := known(); weak != nil {
			for i, say := range old {
				if !slices.ContainsFunc(keys[i], func(k string) bool { return weak[k] }) {
					return say()
				}
			}
		}
	}
	if v.Answer == Safe && (res.Bounded != 0 || t.counted) {
		v.Answer, v.Reason = Bounded, "more than two goroutines of a kind were not looked at"
	}
	return v
}

// beyond says in words which bound was hit.
func beyond(l machine.Limit) string {
	switch {
	case l&machine.Calls != 0:
		return "calls are nested too deeply"
	case l&machine.Objects != 0:
		return "there are too many channels and locks"
	case l&machine.Count != 0:
		return "a WaitGroup counts too far"
	}
	return "there are too many goroutines"
}

// large reports whether the program is too much for the machine.
func (t *translator) large() bool { return len(t.prog.Vars) > 200 || len(t.prog.Codes) > 10_000 }

// keys name an operation that fails, and how, before and after the edits. A
// select around what was a bare operation goes by its cases too.
func (t *translator) keys(st machine.Stuck, p *machine.Program) []string {
	pl := t.places[p.At(st.At).Tag]
	how := "stuck"
	if st.Calls == nil {
		how = "panics"
	}
	var out []string
	for _, n := range append([]ast.Node{pl.node}, pl.was...) {
		out = append(out, how+" "+pl.what+" "+t.label(n))
	}
	return out
}

// label returns the source text of an operation without the code inside of it.
func (t *translator) label(n ast.Node) string {
	s, ok := n.(*ast.SelectStmt)
	if !ok {
		pos, end := head(n)
		return t.pkg.FileOf(pos).Text(pos, end)
	}
	text := "select"
	for _, c := range s.Body.List {
		if comm := c.(*ast.CommClause).Comm; comm != nil {
			text += " " + t.text(comm)
		}
	}
	return text
}

// fails reports whether a goroutine ends, on the way to a hazard, by a call that
// the edits introduce, such as t.Fatal.
func (t *translator) fails(p *machine.Program, st machine.Stuck) bool {
	return slices.ContainsFunc(st.Trace, func(s machine.Step) bool {
		op := p.At(s.At)
		return (op.Kind == machine.Goexit || op.Kind == machine.Panic) && t.places[op.Tag].introduced
	})
}

// weaknesses returns the operations that can block for ever or panic in a
// scenario, by key; nil if that is not known.
func weaknesses(pkg *refactor.Package, s scenario, bounds machine.Bounds) map[string]bool {
	t := newTranslator(pkg, nil)
	p := t.program(s)
	if t.large() {
		return nil
	}
	res := machine.Explore(p, bounds)
	if !res.Complete || len(t.doubts) > 0 {
		return nil
	}
	out := make(map[string]bool)
	for _, list := range [][]machine.Stuck{res.Panics, res.Stuck} {
		for _, st := range list {
			if t.places[p.At(st.At).Tag].node != nil {
				out[t.keys(st, p)[0]] = true
			}
		}
	}
	return out
}
