package card

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"handshake/refactor/chanflow"
)

func (c *maker) hide(n ast.Node, text string) {
	c.Hidden = append(c.Hidden, Note{c.place(n), text})
}

func (c *maker) lack(at Place, text string) {
	n := Note{at, text}
	if !slices.Contains(c.Missing, n) {
		c.Missing = append(c.Missing, n)
	}
}

// hidden says where the channel goes out of sight, or comes from there.
func (c *maker) hidden(l *chanflow.Life) {
	if l.Inlet != nil {
		c.hide(l.Inlet.Type, c.frame(l.Inlet)+" may be given others")
	}
	for _, e := range l.From {
		c.hide(e, "it may come from "+code(c.text(e)))
	}
	if l.Elems {
		c.hide(declared{c.obj}, "its elements are not told apart, nor followed")
	}
	for _, n := range l.Unknown {
		c.hide(n, c.unknown(n))
	}
	if l.Exposed != nil {
		c.hide(l.Exposed.Decl.Name, c.frame(l.Exposed)+" returns it to other packages")
	}
	if l.Visible != nil {
		c.hide(declared{l.Visible}, "other packages can use "+l.Visible.Name())
	}
}

// declared is the name in the declaration of an object, as a node.
type declared struct {
	obj interface {
		Pos() token.Pos
		Name() string
	}
}

func (d declared) Pos() token.Pos { return d.obj.Pos() }
func (d declared) End() token.Pos { return d.obj.Pos() + token.Pos(len(d.obj.Name())) }

// unknown says what a use is that cannot be followed.
func (c *maker) unknown(n ast.Node) string {
	switch n := n.(type) {
	case *ast.CallExpr:
		return "it is passed to " + code(c.text(n.Fun))
	case *ast.SendStmt:
		return "it is sent to " + code(c.text(n.Chan))
	case *ast.FuncDecl:
		return n.Name.Name + " returns it to callers out of sight"
	case *ast.FieldList:
		return "a function returns it by name"
	case *ast.IndexExpr:
		return "it is stored in " + code(c.text(n))
	case *ast.CompositeLit, *ast.KeyValueExpr:
		return "it is stored in a list or map"
	case ast.Expr:
		return "it is used as " + code(c.text(n))
	}
	return "it is used in a way that cannot be followed"
}

// code quotes source, cut to what fits on a line.
func code(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return "`" + strings.ReplaceAll(s, "`", "'") + "`"
}

// missing says what the handshake lacks, as the rules would.
func (c *maker) missing(l *chanflow.Life) {
	if !l.Hidden() {
		c.oneSided(l)
	}
	for _, st := range c.m.Stops() {
		if slices.Contains(l.Closes, st.Op) {
			c.unconfirmed(st)
		}
	}
	completions := c.pkg.Memo(completionsKey{}, func() any { return c.m.Completions() }).([]*chanflow.Completion)
	for _, e := range completions {
		if !slices.Contains(l.Closes, e.Op) || len(e.Wait) == 0 {
			continue
		}
		for _, op := range slices.Concat(e.Ends, e.Rets) {
			c.lack(c.place(op.Node), "the close is not deferred: whoever leaves here never gives it")
		}
	}
	bare := c.pkg.Memo(bareKey{}, func() any { return c.m.BareOps() }).([]*chanflow.BareOp)
	for _, b := range bare {
		switch signal := code(b.Signal.Text); {
		case slices.Contains(l.Sends, b.Op):
			c.lack(c.place(b.Op.Node), "the send has no way out: its receiver leaves on "+signal)
		case slices.Contains(l.Recvs, b.Op):
			c.lack(c.placeOf(b.Op), "the receive has no way out: its sender leaves on "+signal)
		}
	}
	for _, s := range c.m.SignalSends() {
		if slices.Contains(l.Sends, s.Op) {
			c.lack(c.place(s.Op.Node), map[chanflow.Unheard]string{
				chanflow.Gone:    "the send tells one receiver, who may have left; a close would not wait",
				chanflow.Locked:  "the send may wait for a receiver that waits for a lock held here; a close would not wait",
				chanflow.Several: "one send tells one of several receivers; a close would tell all",
			}[s.Why])
		}
	}
	for _, ch := range l.Chans {
		c.abandoned(ch)
	}
}

type (
	completionsKey struct{}
	bareKey        struct{}
)

// oneSided finds the operations that have no partner although all is in sight.
func (c *maker) oneSided(l *chanflow.Life) {
	switch {
	case len(l.Recvs) == 0 && len(l.Sends) > 0:
		c.lack(c.place(l.Sends[0].Node), "nobody receives")
	case len(l.Recvs) == 0 && len(l.Closes) > 0:
		c.lack(c.place(l.Closes[0].Node), "nobody waits for it")
	case len(l.Recvs) > 0 && len(l.Sends)+len(l.Closes) == 0:
		c.lack(c.placeOf(l.Recvs[0]), "nobody sends or closes: the receiver waits for ever")
	case len(l.Closes) == 0:
		for _, r := range l.Recvs {
			if r.Endless() {
				c.lack(c.placeOf(r), "nobody closes: the range never ends")
			}
		}
	}
}

// unconfirmed finds the stop signals after which nobody waits.
func (c *maker) unconfirmed(st *chanflow.Stop) {
	conf := c.m.TypeStop(st)
	if conf == nil {
		if conf = c.m.LocalStop(st); conf == nil || conf.Seen == nil {
			return
		}
	}
	sp, has := conf.Leaves[0].Spawn, "has"
	if sp.Loop() != nil {
		has = "have"
	}
	c.lack(c.place(st.Op.Node), fmt.Sprintf("no stopped channel: nobody waits until %s %s ended", c.goroutine(chanflow.Goroutine{Spawn: sp}), has))
}

// abandoned finds senders that their receiver can leave behind.
func (c *maker) abandoned(ch *chanflow.Chan) {
	if len(ch.Unknown) > 0 || len(ch.Measured) > 0 || !slices.ContainsFunc(ch.Sends, (*chanflow.Op).Bare) {
		return
	}
	size, ok := c.m.MakeCap(ch.Make.Node.(*ast.CallExpr))
	if !ok || size != 0 {
		return
	}
	if _, ok := ch.MostSends(); !ok {
		return
	}
	missed := ch.Missed()
	if missed == nil {
		return
	}
	var text string
	switch missed.Kind {
	case chanflow.Away:
		text = "the receiver can go this way instead and leave the sender behind"
	case chanflow.Early:
		text = "returns without receiving and leaves the sender behind"
	case chanflow.Fewer:
		text = "fewer values are received than sent: a sender stays behind"
	case chanflow.Itself:
		text = "sends before anyone else has the channel: it blocks for ever"
	case chanflow.Dropped:
		text = "nobody receives"
	default:
		return // said to be out of sight
	}
	at := missed.Node
	if clause, ok := at.(*ast.CommClause); ok {
		c.lack(c.at(clause.Pos(), clause.Colon), text)
		return
	}
	if missed.Kind == chanflow.Dropped {
		at = ch.Sends[0].Node
	}
	c.lack(c.place(at), text)
}
