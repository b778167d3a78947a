package chanflow

import (
	"go/ast"
	"go/types"
	"slices"
)

type chansKey struct{}

// chansOf returns the channels that a variable or field may hold; ok is false
// if some of them are made out of sight.
func (m *Model) chansOf(obj types.Object) ([]*Chan, bool) {
	all := m.Pkg.Memo(chansKey{}, func() any {
		out := make(map[types.Object][]*Chan)
		for _, f := range m.Funcs {
			for _, op := range f.Ops {
				if op.Kind != Make {
					continue
				}
				c := m.Chan(op)
				for _, name := range c.Names {
					out[name] = append(out[name], c)
				}
			}
		}
		return out
	}).(map[types.Object][]*Chan)
	chans := all[obj]
	if len(chans) == 0 {
		return nil, false
	}
	// A parameter of a function that others call too is no such.
	if f := m.FuncOf(obj.Pos()); f != nil && slices.Contains(f.Params(), obj) {
		if f.Obj == nil {
			return chans, f.Use == Spawned
		}
		if _, all := m.Callers(f); !all || f.Obj.Exported() && !m.Closed() {
			return nil, false
		}
	}
	return chans, true
}

// roomy reports whether the channel has, or may have, room for what is sent.
func (m *Model) roomy(c *Chan, op *Op) bool {
	size, ok := m.MakeCap(c.Make.Node.(*ast.CallExpr))
	if !ok {
		return true // made to measure
	}
	if most, bounded := c.MostSends(); bounded && most.Fits(size) {
		return true
	}
	if size > 0 && signals(m.Pkg.Info.TypeOf(op.channel())) {
		return true // a token that goes to and fro
	}
	return size > 0 && !op.again(c.Make) // each its own place, perhaps
}

// again reports whether the frame may come to the operation again with the same
// channel.
func (o *Op) again(mk *Op) bool {
	if loop := o.Loop(); o.Fn.model.Assigned(o.Ref.Obj) || loop != nil && o.Ref.Base != nil && covers(loop, o.Ref.Base.Pos()) {
		return false // another channel each time
	}
	g := o.Fn.graph()
	p, start := g.at(o.Node), g.at(mk.Node)
	return p != nil && p.leads(func(q *point) bool { return q != start || mk.Fn != o.Fn }, func(q *point) bool { return q == p }) != nil
}

// isReply reports whether the channel lacks nothing but room for a reply.
func (m *Model) isReply(c *Chan) bool {
	size, ok := m.MakeCap(c.Make.Node.(*ast.CallExpr))
	_, bounded := c.MostSends()
	return ok && size == 0 && bounded && len(c.Measured) == 0 && c.Missed() != nil
}
