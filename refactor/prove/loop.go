package prove

import (
	"go/ast"

	"handshake/refactor/chanflow"
	"handshake/refactor/prove/machine"
)

func (b *code) forStmt(s *ast.ForStmt, name string) {
	if s.Init != nil {
		b.stmt(s.Init)
	}
	top, body, cont, end := new(label), new(label), new(label), new(label)
	times := b.times(b.t.loopCount(s))
	b.here(top)
	if times.ref != 0 {
		b.again(times, body, end)
	} else if s.Cond != nil {
		b.cond(s.Cond, body, end)
	}
	b.here(body)
	b.loops = append(b.loops, loop{name, end, cont})
	b.block(s.Body.List)
	b.loops = b.loops[:len(b.loops)-1]
	b.here(cont)
	if s.Post != nil {
		b.stmt(s.Post)
	}
	b.jump(top)
	b.here(end)
}

func (b *code) rangeStmt(s *ast.RangeStmt, name string) {
	top, body, end := new(label), new(label), new(label)
	b.loops = append(b.loops, loop{name, end, top})
	if t := b.t.pkg.Info.TypeOf(s.X); chanflow.IsChan(t) != nil {
		v := b.ref(s.X)
		if v.ref != 0 && b.t.prog.Vars[v.ref-1].Shared {
			r := b.t.variable("range", false, machine.None)
			b.copy(r, v)
			v = r
		}
		b.here(top)
		b.next(b.emit(machine.Op{Kind: machine.Recv, Var: v.ref - 1}, s), body, end)
	} else {
		b.expr(s.X)
		times := b.times(b.t.loopCount(s))
		b.here(top)
		if times.ref != 0 {
			b.again(times, body, end)
		} else {
			b.jump(body, end)
		}
	}
	b.here(body)
	for _, e := range []ast.Expr{s.Key, s.Value} {
		if e != nil {
			b.set(e, value{}, b.t.pkg.Info.TypeOf(e))
		}
	}
	b.block(s.Body.List)
	b.jump(top)
	b.here(end)
	b.loops = b.loops[:len(b.loops)-1]
}

// cases runs the body of one case of a switch, or none.
func (b *code) cases(list []ast.Stmt, name string) {
	end := new(label)
	b.loops = append(b.loops, loop{name, end, nil})
	def := false
	var alternatives []func()
	starts := make([]*label, len(list)+1)
	for i := range starts {
		starts[i] = new(label)
	}
	for i, c := range list {
		c := c.(*ast.CaseClause)
		def = def || c.List == nil
		alternatives = append(alternatives, func() {
			for _, e := range c.List {
				if !b.t.pkg.Info.Types.Of(e).IsType() {
					b.expr(e)
				}
			}
			b.here(starts[i])
			falls := b.falls
			b.falls = starts[i+1]
			b.block(c.Body)
			b.falls = falls
		})
	}
	if !def {
		alternatives = append(alternatives, func() {})
	}
	b.choose(alternatives...)
	b.here(end)
	b.loops = b.loops[:len(b.loops)-1]
}

func (b *code) selectStmt(s *ast.SelectStmt, name string) {
	end := new(label)
	if len(s.Body.List) == 0 {
		b.emit(machine.Op{Kind: machine.Hang}, s)
		return
	}
	op := machine.Op{Kind: machine.Select}
	type alternative struct {
		clause *ast.CommClause
		at     *label
	}
	var list []alternative
	var comms []ast.Node
	for _, c := range s.Body.List {
		c := c.(*ast.CommClause)
		a := alternative{c, new(label)}
		switch comm := c.Comm.(type) {
		case nil:
			op.Default = true
		case *ast.SendStmt:
			b.expr(comm.Value)
			op.Cases = append(op.Cases, machine.Case{Send: true, Var: b.latch(b.ref(comm.Chan), len(comms)).ref - 1})
			comms = append(comms, comm)
		default:
			recv := received(comm)
			if recv == nil {
				continue
			}
			op.Cases = append(op.Cases, machine.Case{Var: b.latch(b.ref(recv.X), len(comms)).ref - 1})
			comms = append(comms, recv)
		}
		list = append(list, a)
	}
	i := b.emit(op, s)
	at := &b.t.places[len(b.t.places)-1]
	if at.introduced {
		at.was = comms
	}
	for _, n := range comms { // a case that was added makes the select new
		if pos, end := head(n); b.t.inserted.has(b.t.pkg, pos, end) {
			at.introduced = true
		}
	}
	b.fix = append(b.fix, func() {
		k := 0
		for _, a := range list {
			if a.clause.Comm == nil {
				b.ops[i].Next = []int{a.at.at}
			} else {
				b.ops[i].Cases[k].Next = a.at.at
				k++
			}
		}
	})
	b.loops = append(b.loops, loop{name, end, nil})
	for _, a := range list {
		b.here(a.at)
		if as, ok := a.clause.Comm.(*ast.AssignStmt); ok {
			for _, lhs := range as.Lhs {
				b.set(lhs, value{}, b.t.pkg.Info.TypeOf(lhs))
			}
		}
		b.block(a.clause.Body)
		b.jump(end)
	}
	b.here(end)
	b.loops = b.loops[:len(b.loops)-1]
}

// received returns the receive of a case of a select.
func received(s ast.Stmt) *ast.UnaryExpr {
	var e ast.Expr
	switch s := s.(type) {
	case *ast.ExprStmt:
		e = s.X
	case *ast.AssignStmt:
		e = s.Rhs[0]
	}
	u, _ := ast.Unparen(e).(*ast.UnaryExpr)
	return u
}
