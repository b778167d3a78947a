package chanflow

import (
	"go/types"
	"slices"
)

// Role is the part that a channel plays between its goroutines.
type Role string

const (
	NoRole        Role = ""          // it cannot be told
	RoleStarted   Role = "started"   // closed by a goroutine once it is set up
	RoleStop      Role = "stop"      // closed to tell goroutines to stop
	RoleStopped   Role = "stopped"   // closed by a goroutine that ends because it was told to
	RoleDone      Role = "done"      // closed by a goroutine as its last act
	RoleReady     Role = "ready"     // carries the error of a start, or is closed
	RoleReply     Role = "reply"     // carries one answer
	RoleData      Role = "data"      // carries values
	RoleGate      Role = "gate"      // closed to let waiting goroutines go on
	RoleSemaphore Role = "semaphore" // its room is the number of those who may go on
	RoleSignal    Role = "signal"    // carries events
)

// Role returns the role of the channel and an operation that shows it, which is
// nil if there is no role.
func (l *Life) Role(m *Model) (Role, *Op) {
	event := l.event(m)
	for _, tell := range []func(*Model, bool) (Role, *Op){l.counting, l.fromChild, l.toChild, l.carrying} {
		if role, op := tell(m, event); role != NoRole {
			return role, op
		}
	}
	return NoRole, nil
}

// event reports whether the channel carries no values: there are none, or all is
// in sight and nobody looks at them.
func (l *Life) event(m *Model) bool {
	t := l.Obj.Type()
	switch u := t.Underlying().(type) {
	case *types.Slice:
		t = u.Elem()
	case *types.Array:
		t = u.Elem()
	case *types.Map:
		t = u.Elem()
	}
	return signals(t) || len(l.Recvs) > 0 && !l.Hidden() && !slices.ContainsFunc(l.Recvs, func(r *Op) bool { return !m.plainEvent(r) })
}

// counting finds the semaphore: with room, and filled and drained by the same
// frame, which looks at no value.
func (l *Life) counting(m *Model, event bool) (Role, *Op) {
	makes := l.MakeCalls()
	if len(makes) == 0 || len(l.Closes) > 0 {
		return NoRole, nil
	}
	for _, mk := range makes {
		if size, ok := m.MakeCap(mk); ok && size == 0 {
			return NoRole, nil
		}
	}
	for _, r := range l.Recvs {
		if !m.plainEvent(r) {
			return NoRole, nil
		}
	}
	for _, s := range l.Sends {
		for _, r := range l.Recvs {
			// The slot that is taken is given back later, here or in what is started.
			if s.Fn == r.Fn && s != r && (r.Deferred || r.Node.Pos() > s.Node.Pos()) && r.Select == nil && (event || r.Deferred) {
				return RoleSemaphore, s
			}
			if r.Fn.Outer == s.Fn && r.Fn.Use == Spawned && r.Select == nil && (event || r.Deferred) {
				return RoleSemaphore, s
			}
		}
	}
	return NoRole, nil
}

// fromChild finds the signals that a spawned goroutine gives of itself.
func (l *Life) fromChild(m *Model, event bool) (Role, *Op) {
	for _, op := range slices.Concat(l.Closes, l.Sends) {
		sp := m.spawnOf(op.Fn)
		if sp == nil || op.Fn != sp.Body || op.Kind == Send && !event || l.stops(m, op) {
			continue
		}
		switch {
		case op.Kind == Close && len(l.Sends) > 0:
			if m.errors(l.Obj.Type()) && !op.Deferred && !op.lastAct() {
				return RoleReady, op
			}
		case op.Select != nil || op.Loop() != nil:
		case op.Deferred || op.lastAct():
			if m.toldToStop(sp) {
				return RoleStopped, op
			}
			return RoleDone, op
		case !op.Conditional() && m.staysBehind(op):
			return RoleStarted, op
		}
	}
	return NoRole, nil
}

// staysBehind reports whether the frame may stay behind the operation.
func (m *Model) staysBehind(op *Op) bool {
	for st := range m.After(op.Stmt()) {
		if m.Resident(st) {
			return true
		}
	}
	return false
}

// toldToStop reports whether a stop signal of the package reaches the goroutine.
func (m *Model) toldToStop(sp *Spawn) bool {
	for _, st := range m.Stops() {
		for _, leaver := range st.Leaves {
			if leaver.Spawn == sp {
				return true
			}
		}
	}
	return false
}

// spawnOf returns the one spawn that runs the frame, which nobody else calls, or
// nil.
func (m *Model) spawnOf(f *Func) *Spawn {
	if all := m.Goroutines(f); len(all) == 1 {
		return all[0].Spawn
	}
	return nil
}

// stops reports whether the operation is a stop signal of the package.
func (l *Life) stops(m *Model, op *Op) bool {
	return slices.ContainsFunc(m.Stops(), func(st *Stop) bool { return st.Op == op })
}

// toChild finds the signals that goroutines wait for.
func (l *Life) toChild(m *Model, event bool) (Role, *Op) {
	if !event && len(l.Sends) > 0 || len(l.Closes) > 0 && len(l.Sends) > 0 {
		return NoRole, nil
	}
	gate := len(l.Closes) > 0
	stop := true
	several := len(l.Recvs) > 1
	for _, r := range l.Recvs {
		sp := m.spawnOf(r.Fn)
		if sp == nil || r.Range {
			gate, stop = false, false
			break
		}
		several = several || sp.Loop() != nil
		gate = gate && r.Bare() && r.Loop() == nil
		stop = stop && r.Loop() != nil && m.leavesOn(r)
	}
	for _, op := range slices.Concat(l.Closes, l.Sends) {
		switch here := slices.ContainsFunc(l.Recvs, func(r *Op) bool { return r.Fn == op.Fn }); {
		case here || len(l.Recvs) == 0:
		case gate && several:
			return RoleGate, op
		case stop || l.stops(m, op):
			return RoleStop, op
		}
	}
	return NoRole, nil
}

// carrying finds what the values say.
func (l *Life) carrying(m *Model, event bool) (Role, *Op) {
	switch {
	case len(l.Sends) == 0:
		return NoRole, nil
	case event:
		if len(l.Recvs) > 0 {
			return RoleSignal, l.Sends[0]
		}
		return NoRole, nil
	case l.answers(m):
		return RoleReply, l.Sends[0]
	case len(l.Recvs) > 0:
		return RoleData, l.Sends[0]
	}
	return NoRole, nil
}

// answers reports whether each channel carries one value to whoever made it.
func (l *Life) answers(m *Model) bool {
	if len(l.Chans) == 0 || len(l.Chans) < len(l.Makes) || len(l.Inits) > 0 || len(l.Closes) > 0 {
		return false
	}
	if slices.ContainsFunc(l.Recvs, func(r *Op) bool { return r.Range }) {
		return false
	}
	for _, c := range l.Chans {
		most, ok := c.MostSends()
		if !(ok && most.Fits(1) || c.perRequest()) {
			return false
		}
	}
	return true
}

// perRequest reports whether the channel goes along with a request, and each
// request is answered in one place, by whoever got it just then.
func (c *Chan) perRequest() bool {
	if len(c.Holders) == 0 || len(c.Sends) != 1 {
		return false
	}
	op := c.Sends[0]
	loop := op.Loop()
	return loop != nil && op.Ref.Base != nil && op.Ref.Base != op.Ref.Obj && covers(loop, op.Ref.Base.Pos())
}

// errors reports whether the channels of the type carry errors.
func (m *Model) errors(t types.Type) bool {
	c := IsChan(t)
	return c != nil && types.Identical(c.Elem(), types.Universe.Lookup("error").Type())
}
