package chanflow

import (
	"go/ast"
	"slices"
)

// A BareOp is a send that ignores the stop signal in its reach although those
// who receive leave on it: once they have, it blocks for ever.
type BareOp struct {
	Op     *Op
	Peer   *Op             // a receive of the channel
	Away   ast.Node        // where that receiver leaves
	Signal StopRef         // what the operation can heed
	Like   *ast.CommClause // a case of the frame that heeds the signal too, or nil

	// Withheld is why heeding the signal there is not known to be right, or "".
	Withheld string
}

// BareOps returns the bare sends of the package whose receivers leave on a stop
// signal that is in reach of the send, in source order.
func (m *Model) BareOps() []*BareOp {
	var out []*BareOp
	signals := m.SignalSends()
	for _, f := range m.Funcs {
		for _, op := range f.Ops {
			if slices.ContainsFunc(signals, func(s *SignalSend) bool { return s.Op == op }) {
				continue // should be a close
			}
			if b := m.bareSend(op); b != nil {
				out = append(out, b)
			}
		}
	}
	return out
}

func (m *Model) bareSend(op *Op) *BareOp {
	obj := op.Ref.Obj
	if op.Kind != Send || op.Select != nil || op.Deferred || op.Once || obj == nil || op.Ref.Elem || !m.ownStatement(op) {
		return nil
	}
	f := op.Fn
	if f.Use == Bound && len(m.uses().spawns[f]) == 0 {
		return nil // who calls it, and on which goroutine, is not known
	}
	if f.InBubble() || f.TestHandle() != nil {
		return nil // the test fails by it, with the stacks of all
	}
	chans, ok := m.chansOf(obj)
	if !ok {
		return nil
	}
	var peers []*Op
	for _, c := range chans {
		if len(c.Unknown) > 0 || c.Exposed != nil || c.Visible != nil {
			return nil // others may receive
		}
		for _, r := range c.Recvs {
			if !slices.Contains(peers, r) {
				peers = append(peers, r)
			}
		}
	}
	if len(peers) == 0 {
		return nil
	}
	b := &BareOp{Op: op}
	var signal Ref
	for i, p := range peers {
		if p.Fn == f || p.Deferred {
			return nil // it comes when it comes
		}
		ways := m.ways(p)
		var found bool
		for _, w := range ways {
			s, like, ok := m.reach(op, w)
			if !ok {
				continue
			}
			found = true
			if i == 0 {
				b.Peer, b.Away, b.Signal, b.Like, signal = p, w.at, s, like, w.signal
			}
			break
		}
		if !found {
			return nil // one that stays, or that leaves unheard
		}
	}
	for _, c := range chans { // what costs most comes last
		if m.roomy(c, op) || m.isReply(c) {
			return nil
		}
	}
	if m.joinedFirst(op, signal) || m.ownSignal(op, signal) {
		return nil
	}
	b.Withheld = m.cutShort(b)
	return b
}

// ownStatement reports whether the send stands in a list of statements of its
// frame itself, where a select can take its place.
func (m *Model) ownStatement(op *Op) bool {
	list, _ := siblings(op.cur())
	if len(list) == 0 || !slices.Contains(list, op.Node.(ast.Stmt)) {
		return false
	}
	for c := range op.cur().Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		return c.Node() == op.Fn.Node()
	}
	return false
}
