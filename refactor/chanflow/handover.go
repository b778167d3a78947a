package chanflow

import (
	"go/ast"
	"go/types"
)

// A Handover is a channel that is handed to a goroutine which never uses it,
// while its maker waits for it.
type Handover struct {
	Chan  *Chan
	Recv  *Op
	Spawn *Spawn
	Param types.Object
}

// Handovers returns the channels whose wait can never end, because the one
// goroutine that has the channel neither sends on it nor closes it.
func (m *Model) Handovers() []*Handover {
	var out []*Handover
	for _, sp := range m.Spawns {
		if sp.Kind != GoStmt || sp.Body == nil {
			continue
		}
		for i, p := range sp.Body.Params() {
			if p == nil || p.Name() == "_" || IsChan(p.Type()) == nil || IsChan(p.Type()).Dir() == types.RecvOnly || i >= len(sp.Call.Args) {
				continue
			}
			if h := m.handover(sp, p, sp.Call.Args[i]); h != nil {
				out = append(out, h)
			}
		}
	}
	return out
}

func (m *Model) handover(sp *Spawn, param types.Object, arg ast.Expr) *Handover {
	if len(m.usesOf(param)) > 0 {
		return nil // it does something with it
	}
	var mk *Op
	for _, op := range m.OpsOn(m.Ref(arg).Obj) {
		if op.Kind == Make {
			if mk != nil {
				return nil
			}
			mk = op
		}
	}
	if mk == nil || mk.Fn != sp.Fn || mk.Loop() != sp.Loop() || m.Assigned(mk.Ref.Obj) {
		return nil
	}
	c := m.Chan(mk)
	if len(c.Unknown)+len(c.Sends)+len(c.Closes)+len(c.Returned)+len(c.Holders)+len(c.Measured) > 0 || len(c.Names) != 2 || len(c.passed) != 1 {
		return nil
	}
	f := sp.Body
	if f.Decl != nil {
		calls, all := m.Callers(f)
		if !all || len(calls) != 1 || f.Obj.Exported() && !m.Closed() {
			return nil
		}
	} else if f.Use != Spawned {
		return nil
	}
	for _, r := range c.Recvs {
		if !r.Bare() || r.Range || r.Fn != sp.Fn {
			return nil
		}
		if _, ok := r.cur().Parent().Node().(*ast.ExprStmt); !ok {
			return nil // the value is looked at
		}
	}
	if len(c.Recvs) == 0 {
		return nil
	}
	return &Handover{Chan: c, Recv: c.Recvs[0], Spawn: sp, Param: param}
}
