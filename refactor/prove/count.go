package prove

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"

	"handshake/refactor/prove/machine"
)

// Loops that run equally often, and what is added to a group for them, have to
// do with each other: a count stands for the expression that says how often. It
// is at most 2, however often they really run.

// A count is how often loops of a function run.
type count struct {
	key  string
	most int // if it is known
	used int // loops that start goroutines, and additions
}

// countOf returns the count that an expression stands for; its key is "" if the
// expression may not always have the same value.
func (t *translator) countOf(e ast.Expr) count {
	e = ast.Unparen(e)
	if c := t.pkg.Info.Types.Of(e).Value; c != nil {
		n, ok := constant.Int64Val(constant.ToInt(c))
		if !ok || n < 1 {
			return count{}
		}
		return count{key: fmt.Sprint(n), most: int(min(n, 3))}
	}
	text := ""
	if call, ok := e.(*ast.CallExpr); ok && t.isBuiltin(call, "len") {
		e, text = ast.Unparen(call.Args[0]), "len "
	}
	for {
		switch x := e.(type) {
		case *ast.Ident:
			obj, ok := t.pkg.Info.ObjectOf(x).(*types.Var)
			if !ok || t.m.Assigned(obj) {
				return count{}
			}
			return count{key: fmt.Sprint(text, obj.Pos())}
		case *ast.SelectorExpr:
			text += x.Sel.Name + "."
			e = ast.Unparen(x.X)
		default:
			return count{}
		}
	}
}

// loopCount returns how often a loop runs if nothing leaves it.
func (t *translator) loopCount(n ast.Node) count {
	switch s := n.(type) {
	case *ast.RangeStmt:
		x := t.pkg.Info.TypeOf(s.X)
		if x == nil {
			return count{} // a type error
		}
		switch typ := x.Underlying().(type) {
		case *types.Basic:
			if typ.Info()&types.IsInteger != 0 {
				return t.countOf(s.X)
			}
		case *types.Slice, *types.Array, *types.Map:
			c := t.countOf(s.X)
			if c.key != "" {
				c.key = "len " + c.key
			}
			return c
		}
	case *ast.ForStmt:
		init, ok := s.Init.(*ast.AssignStmt)
		cond, ok2 := s.Cond.(*ast.BinaryExpr)
		post, ok3 := s.Post.(*ast.IncDecStmt)
		if !ok || !ok2 || !ok3 || len(init.Lhs) != 1 || init.Tok != token.DEFINE || post.Tok != token.INC {
			break
		}
		var first string
		if c := t.pkg.Info.Types.Of(init.Rhs[0]).Value; c != nil {
			first = c.String()
		}
		if first == "0" && cond.Op == token.LSS || first == "1" && cond.Op == token.LEQ {
			return t.countOf(cond.Y)
		}
	}
	return count{}
}

// countLoops gives the function that begins here counts for its loops that
// start goroutines, where another loop or an addition to a group goes by the
// same number.
func (b *code) countLoops(body *ast.BlockStmt) {
	uses := make(map[string]count)
	spawns := make(map[string]bool)
	var order []string
	see := func(c count) {
		if c.key == "" {
			return
		}
		old, ok := uses[c.key]
		if !ok {
			order = append(order, c.key)
			old = c
		}
		old.used++
		uses[c.key] = old
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			c := b.t.loopCount(n)
			see(c)
			ast.Inspect(n, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.GoStmt:
					spawns[c.key] = true
				case *ast.CallExpr:
					if f := b.t.m.Static(n); f != nil && f.Name() == "Go" {
						spawns[c.key] = true
					}
				}
				return true
			})
		case *ast.CallExpr:
			if f := b.t.m.Static(n); f != nil && f.FullName() == "(*sync.WaitGroup).Add" {
				see(b.t.countOf(n.Args[0]))
			}
		}
		return true
	})
	for _, key := range order {
		c := uses[key]
		if c.used < 2 || !spawns[key] {
			continue
		}
		v := b.t.variable("count", false, machine.None)
		if b.env.counts == nil {
			b.env.counts = make(map[string]value)
		}
		b.env.counts[key] = v
		b.t.counted = b.t.counted || c.most == 0 || c.most > 2
		b.emit(machine.Op{Kind: machine.Make, Var: v.ref - 1, Obj: machine.Flag}, nil)
		set := func(n int) func() {
			return func() { b.emit(machine.Op{Kind: machine.Set, Var: v.ref - 1, N: n}, nil) }
		}
		if c.most > 0 {
			set(min(c.most, 2))()
		} else {
			b.choose(set(0), set(1), set(2))
		}
	}
}

// counter returns the variable with the count that an expression stands for, if
// it has one.
func (b *code) counter(e ast.Expr) value { return b.counts(b.t.countOf(e)) }

func (b *code) counts(c count) value {
	for e := b.env; e != nil && c.key != ""; e = e.up {
		if v, ok := e.counts[c.key]; ok {
			return v
		}
	}
	return value{}
}

// times makes a variable that counts down how often a loop still runs, if that
// goes by a count.
func (b *code) times(c count) value {
	from := b.counts(c)
	if from.ref == 0 {
		return from
	}
	v := b.t.variable("times", false, machine.None)
	b.emit(machine.Op{Kind: machine.Make, Var: v.ref - 1, Obj: machine.Flag}, nil)
	b.byCount(from, func(n int) { b.emit(machine.Op{Kind: machine.Set, Var: v.ref - 1, N: n}, nil) })
	return v
}

// byCount runs one of three alternatives, as a count says.
func (b *code) byCount(v value, act func(n int)) {
	heads := []*label{new(label), new(label), new(label)}
	end := new(label)
	b.next(b.emit(machine.Op{Kind: machine.Test, Var: v.ref - 1}, nil), heads...)
	for n, l := range heads {
		b.here(l)
		act(n)
		b.jump(end)
	}
	b.here(end)
}

// again begins a turn of a loop, or ends it.
func (b *code) again(times value, body, end *label) {
	one, two := new(label), new(label)
	b.next(b.emit(machine.Op{Kind: machine.Test, Var: times.ref - 1}, nil), end, one, two)
	for n, l := range []*label{one, two} {
		b.here(l)
		b.emit(machine.Op{Kind: machine.Set, Var: times.ref - 1, N: n}, nil)
		b.jump(body)
	}
}

// add adds a count to a group.
func (b *code) add(op machine.Op, count value, e *ast.CallExpr) {
	b.byCount(count, func(n int) {
		op.N = n
		b.emit(op, e)
	})
}
