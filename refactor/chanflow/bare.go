package chanflow

import (
	"go/ast"
	"slices"

	"golang.org/x/tools/go/ast/inspector"
)

// A BareOp is a send or receive that ignores the stop signal in its reach
// although those at the other end leave on it: once they have, it blocks for
// ever.
type BareOp struct {
	Op     *Op
	Stmt   ast.Stmt        // the send, or the statement that is the receive or assigns what it yields
	Peer   *Op             // an operation at the other end of the channel
	Away   ast.Node        // where that peer leaves
	Signal StopRef         // what the operation can heed
	Like   *ast.CommClause // a case of the frame that heeds the signal too, or nil

	// Withheld is why heeding the signal there is not known to be right, or "".
	Withheld string

	cur inspector.Cursor // of Stmt
}

// BareOps returns the bare sends and receives of the package whose peers leave
// on a stop signal that is in their reach, in source order.
func (m *Model) BareOps() []*BareOp {
	var out []*BareOp
	for _, f := range m.Funcs {
		for _, op := range f.Ops {
			if b := m.bareOp(op); b != nil {
				out = append(out, b)
			}
		}
	}
	return out
}

func (m *Model) bareOp(op *Op) *BareOp {
	obj := op.Ref.Obj
	if op.Kind != Send && op.Kind != Recv || op.Range || op.Select != nil || op.Deferred || op.Once || obj == nil || op.Ref.Elem || op.Ref.Context {
		return nil
	}
	b := &BareOp{Op: op}
	if !b.ownStatement() {
		return nil
	}
	f := op.Fn
	if f.Use == Bound && len(m.uses().spawns[f]) == 0 {
		return nil // who calls it, and on which goroutine, is not known
	}
	if f.InBubble() || f.TestHandle() != nil {
		return nil // the test fails by it, with the stacks of all
	}
	if op.Kind == Recv && f.IsMain() {
		return nil // what the program does last is its own affair
	}
	chans, ok := m.chansOf(obj)
	if !ok {
		return nil
	}
	peers := m.peers(op, chans)
	if len(peers) == 0 {
		return nil
	}
	var leaves way
	for i, p := range peers {
		if p.Fn == f || p.Deferred {
			return nil // it comes when it comes
		}
		w, s, like, ok := m.leaves(op, p)
		if !ok {
			return nil // one that stays, or that leaves unheard
		}
		if i == 0 {
			leaves, b.Peer, b.Away, b.Signal, b.Like = w, p, w.at, s, like
		}
		if why := m.strands(op, w, chans, len(peers) == 1); why != "" && like == nil {
			b.Withheld = why
		}
	}
	for _, c := range chans { // what costs most comes last
		if op.Kind == Send && (m.roomy(c, op) || m.isReply(c) || c.Signals()) {
			return nil // or should be a close
		}
	}
	if m.comesLater(op, leaves.signal) || m.given(op, leaves.signal) {
		return nil
	}
	if b.Withheld == "" {
		b.Withheld = m.cutShort(b)
	}
	return b
}

// peers returns the operations at the other end of the channels, if they are all
// in sight and nothing else ends the wait; else nil.
func (m *Model) peers(op *Op, chans []*Chan) (peers []*Op) {
	for _, c := range chans {
		if len(c.Unknown) > 0 || c.Exposed != nil || c.Visible != nil {
			return nil // others may send or receive
		}
		ends := c.Recvs
		if op.Kind == Recv {
			if size, ok := m.MakeCap(c.Make.Node.(*ast.CallExpr)); !ok || size > 0 || len(c.Closes) > 0 {
				return nil // what is left in it would be lost, or the close tells
			}
			ends = c.Sends
		}
		for _, p := range ends {
			if !slices.Contains(peers, p) {
				peers = append(peers, p)
			}
		}
	}
	return peers
}

// leaves finds a signal on which the peer leaves, and which the operation can
// refer to.
func (m *Model) leaves(op, peer *Op) (w way, s StopRef, like *ast.CommClause, ok bool) {
	for _, w := range m.ways(peer) {
		if s, like, ok := m.reach(op, w); ok {
			return w, s, like, true
		}
	}
	return way{}, StopRef{}, nil, false
}

// ownStatement reports whether the operation is a statement of its frame, in a
// list of such, where a select can take its place: a send, or a receive whose
// value is dropped or assigned.
func (b *BareOp) ownStatement() bool {
	op := b.Op
	b.Stmt = op.Stmt()
	cur, ok := op.Fn.model.root.FindNode(b.Stmt)
	if !ok {
		return false
	}
	b.cur = cur
	switch st := b.Stmt.(type) {
	case *ast.SendStmt:
		if st != op.Node {
			return false
		}
	case *ast.ExprStmt:
		if ast.Unparen(st.X) != op.Node {
			return false
		}
	case *ast.AssignStmt:
		if len(st.Rhs) != 1 || ast.Unparen(st.Rhs[0]) != op.Node {
			return false
		}
	default:
		return false
	}
	list, _ := siblings(cur)
	if list[0] == nil {
		return false
	}
	for c := range cur.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		return c.Node() == op.Fn.Node()
	}
	return false
}
