package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// An ErrPair is a pair of local channels of which one goroutine sends a value on
// the one and an error on the other: two halves of one reply.
type ErrPair struct {
	Value, Err *Chan

	// Either: it sends on one of the channels, and both are received by cases of
	// one select. Otherwise it sends on both, one after the other, and both are
	// received.
	Either bool

	// Sends are the sends in source order: one each, or pairs of neighbours.
	Sends [][]*Op
	// Anchor is the first statement that receives one of both; only for pairs.
	Anchor ast.Stmt

	// Withheld is why they cannot be joined, or "".
	Withheld string
}

// ErrPairs returns the pairs of channels that could be one, in source order.
func (m *Model) ErrPairs() []*ErrPair {
	var out []*ErrPair
	for _, f := range m.Funcs {
		var values, errs []*Chan
		for _, op := range f.Ops {
			if op.Kind != Make {
				continue
			}
			c := m.Chan(op)
			switch {
			case !m.plainReply(c):
			case m.errors(m.Pkg.Info.TypeOf(op.Node.(*ast.CallExpr))):
				errs = append(errs, c)
			case !signals(m.Pkg.Info.TypeOf(op.Node.(*ast.CallExpr))):
				values = append(values, c)
			}
		}
		for _, e := range errs {
			for _, v := range values {
				if p := m.errPair(v, e); p != nil {
					out = append(out, p)
				}
			}
		}
	}
	return out
}

// plainReply reports whether a channel is a local variable on which one goroutine
// of its maker's sends, and of which the maker receives once.
func (m *Model) plainReply(c *Chan) bool {
	mk := c.Make
	if len(c.Names) != 1 || len(c.Unknown)+len(c.Measured)+len(c.Closes)+len(c.Returned)+len(c.Holders) > 0 || len(c.Recvs) != 1 || len(c.Sends) == 0 {
		return false
	}
	if name := c.Names[0]; !mk.Fn.Owns(name) || m.Assigned(name) || len(m.usesOf(name)) != len(c.Sends)+1 {
		return false
	}
	recv := c.Recvs[0]
	if recv.Fn != mk.Fn || recv.Range || recv.Deferred || recv.commaOk() || recv.Loop() != mk.Loop() {
		return false
	}
	sp := m.spawnOf(c.Sends[0].Fn)
	if sp == nil || sp.Fn != mk.Fn || sp.Body.Lit == nil || sp.Loop() != mk.Loop() {
		return false
	}
	return !slices.ContainsFunc(c.Sends, func(s *Op) bool {
		return s.Fn != sp.Body || !s.Bare() || s.Select != nil || s.Deferred || s.Loop() != nil
	})
}

func (m *Model) errPair(v, e *Chan) *ErrPair {
	if v.Sends[0].Fn != e.Sends[0].Fn || v.Make.Loop() != e.Make.Loop() {
		return nil
	}
	p := &ErrPair{Value: v, Err: e}
	rv, re := v.Recvs[0], e.Recvs[0]
	switch {
	case rv.Select != nil && rv.Select == re.Select:
		p.Either = true
		if !m.oneOf(p) {
			return nil
		}
	case rv.Select == nil && re.Select == nil:
		if !m.neighbours(p) {
			return nil
		}
		first, second := rv, re
		if re.Node.Pos() < rv.Node.Pos() {
			first, second = re, rv
		}
		p.Anchor = m.Anchor(first.Stmt(), second.Stmt())
		if first.Stmt() == second.Stmt() {
			p.Anchor = first.Stmt()
		}
		if p.Anchor == nil || first.Conditional() || second.Conditional() && first.Stmt() == second.Stmt() {
			return nil
		}
	default:
		return nil
	}
	return p
}

// oneOf reports whether the goroutine sends at most once, on either channel.
func (m *Model) oneOf(p *ErrPair) bool {
	all := slices.Concat(p.Value.Sends, p.Err.Sends)
	g := all[0].Fn.graph()
	if g.gotos {
		return false
	}
	for _, op := range all {
		from := g.at(op.Node)
		if from == nil || from.leads(func(*point) bool { return true }, func(n *point) bool {
			return slices.ContainsFunc(n.ops, func(o *Op) bool { return slices.Contains(all, o) })
		}) != nil {
			return false
		}
		p.Sends = append(p.Sends, []*Op{op})
	}
	for _, op := range p.Err.Sends {
		if !m.surelyError(op) {
			p.Withheld = "the error may be nil and would pass for a value"
		}
	}
	return true
}

// surelyError reports whether what is sent is an error that is not nil: it has
// just been checked, or is made here.
func (m *Model) surelyError(op *Op) bool {
	switch e := ast.Unparen(op.Node.(*ast.SendStmt).Value).(type) {
	case *ast.CallExpr:
		name := fullName(m.Static(e))
		return name == "errors.New" || name == "fmt.Errorf"
	case *ast.Ident:
		v, ok := m.Pkg.Info.Uses.Of(e).(*types.Var)
		if ok && v.Parent() == m.Pkg.Types.Scope() {
			return true // an error that the package declares
		}
		for c := op.cur(); c.Node() != nil && c.Node() != op.Fn.Node(); c = c.Parent() {
			check, ok := c.Parent().Node().(*ast.IfStmt)
			if !ok || check.Body != c.Node() {
				continue
			}
			cond, ok := ast.Unparen(check.Cond).(*ast.BinaryExpr)
			if ok && cond.Op == token.NEQ && m.Pkg.Info.Types.Of(cond.Y).IsNil() && m.ref(cond.X).Obj == types.Object(v) {
				return !slices.ContainsFunc(check.Body.List, func(s ast.Stmt) bool {
					a, ok := s.(*ast.AssignStmt)
					return ok && m.Mentions(v, exprs(a.Lhs)...)
				})
			}
		}
	case *ast.SelectorExpr:
		v, ok := m.Pkg.Info.Uses.Of(e.Sel).(*types.Var)
		return ok && !v.IsField() // io.EOF
	case *ast.UnaryExpr:
		return e.Op == token.AND
	}
	return false
}

// neighbours reports whether the goroutine sends on both channels, if on any: in
// statements that stand beside each other, with values that do not change
// between them.
func (m *Model) neighbours(p *ErrPair) bool {
	v, e := p.Value.Sends, p.Err.Sends
	if len(v) != len(e) {
		return false
	}
	g := v[0].Fn.graph()
	for i := range v {
		list, at := siblings(m.cursor(v[i].Node))
		before := at > 0 && list[at-1] == e[i].Node
		after := at+1 < len(list) && list[at+1] == e[i].Node
		if !before && !after || !m.settled(v[i]) || !m.settled(e[i]) {
			return false
		}
		pair := []*Op{v[i], e[i]}
		if before {
			pair = []*Op{e[i], v[i]}
		}
		p.Sends = append(p.Sends, pair)
		last := g.at(pair[1].Node)
		if last == nil || last.leads(func(*point) bool { return true }, func(n *point) bool {
			return slices.ContainsFunc(n.ops, func(o *Op) bool { return slices.Contains(v, o) || slices.Contains(e, o) })
		}) != nil {
			return false
		}
	}
	return !g.gotos
}

// settled reports whether the value of a send is the same a statement earlier or
// later.
func (m *Model) settled(op *Op) bool {
	value := ast.Unparen(op.Node.(*ast.SendStmt).Value)
	if m.Pkg.Info.Types.Of(value).IsNil() || m.Pkg.Info.Types.Of(value).Value != nil {
		return true
	}
	id, ok := value.(*ast.Ident)
	if !ok {
		return false
	}
	v, ok := m.Pkg.Info.Uses.Of(id).(*types.Var)
	return ok && op.Fn.Owns(v)
}
