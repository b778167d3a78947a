package chanflow

import (
	"go/ast"
	"regexp"
)

// asynchronous are what functions are called that only ask for an end.
var asynchronous = regexp.MustCompile(`(?i)cancel|abort|interrupt|signal|notify|request|trigger|async|begin|initiate|leave|reset|re(start|load|connect|open)`)

// stopsFor reports whether a function is one that stops what its receiver has
// started. It is if it is called like that. Else it is one if that is all that it
// does to the goroutines: users of the package call it, it gives the signal
// unconditionally, starts nothing, and is not called by the goroutines.
func (m *Model) stopsFor(st *Stop, fn *Func) bool {
	name := fn.Decl.Name.Name
	if stopper.MatchString(name) {
		return true
	}
	if !ast.IsExported(name) || asynchronous.MatchString(name) || st.Op.Conditional() || st.Op.Fn != fn || len(fn.Starts()) > 0 || len(fn.Params()) > 0 {
		return false
	}
	for _, op := range fn.Ops { // it makes the signal anew
		if op.Kind == Make && m.SameSignal(op.Ref.Obj, st.Op.Ref.Obj) {
			return false
		}
	}
	for _, l := range st.Leaves {
		if l.Run.Has(fn) {
			return false // the goroutine ends something
		}
	}
	return true
}

// launches reports whether a method starts the goroutine for as long as its
// receiver lives, as opposed to on demand. It does if it is called like that.
// Else it does if the goroutine loops until it is told to stop, no other place
// starts one for that signal, and nothing tells one such goroutine from another:
// it gets no argument of the call, and no loop makes the call.
func (m *Model) launches(l *Leaver, fn *Func) bool {
	if starter.MatchString(fn.Decl.Name.Name) {
		return true
	}
	if len(m.stopping().leaves[l.signal]) > 1 || l.Op.Loop() == nil && !l.Op.Range || l.Spawn.Loop() != nil || l.Spawn.Conditional() {
		return false
	}
	for _, p := range fn.Params() {
		if p != nil && !isContext(p.Type()) && m.Mentions(p, l.Spawn.Stmt) {
			return false
		}
	}
	calls, all := m.Callers(fn)
	for _, call := range calls {
		if m.loopOf(m.cursor(call)) != nil {
			return false
		}
	}
	return all
}
