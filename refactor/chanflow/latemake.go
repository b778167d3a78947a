package chanflow

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A LateMake is a channel that a goroutine makes for itself, while others use the
// variable and may find it nil still.
type LateMake struct {
	Make  *Op
	Stmt  *ast.AssignStmt // x = make(…)
	Spawn *Spawn
	Use   *Op

	Base string        // of a field: what the spawner calls the struct
	Decl *ast.DeclStmt // of a variable: its declaration
	Only bool          // which declares nothing else, of the type that is made

	// Withheld is why its maker cannot make it instead, or "".
	Withheld string
}

// LateMakes returns the channels that are made on a goroutine although others
// need them from the start, in source order.
func (m *Model) LateMakes() []*LateMake {
	var out []*LateMake
	for _, sp := range m.Spawns {
		if sp.Body == nil {
			continue
		}
		for _, mk := range sp.Body.Ops {
			if mk.Kind != Make {
				continue
			}
			if l := m.lateMake(sp, mk); l != nil && !slices.ContainsFunc(out, func(o *LateMake) bool { return o.Make == mk }) {
				out = append(out, l)
			}
		}
	}
	slices.SortFunc(out, func(a, b *LateMake) int { return int(a.Make.Node.Pos() - b.Make.Node.Pos()) })
	return out
}

func (m *Model) lateMake(sp *Spawn, mk *Op) *LateMake {
	k, i := mk.cur().ParentEdge()
	as, ok := mk.cur().Parent().Node().(*ast.AssignStmt)
	if !ok || k != edge.AssignStmt_Rhs || len(as.Lhs) != len(as.Rhs) {
		return nil
	}
	p, ok := m.placeOf(as.Lhs[i])
	if !ok || len(m.stored()[p.obj]) != 1 || m.comparedToNil(p.obj) || len(sp.Body.Held(as)) > 0 {
		return nil
	}
	l := &LateMake{Make: mk, Stmt: as, Spawn: sp}
	if isField(p.obj) {
		if !m.fieldIsLate(l, p) {
			return nil
		}
	} else if !m.variableIsLate(l, p) {
		return nil
	}
	call := mk.Node.(*ast.CallExpr)
	switch {
	case len(as.Lhs) > 1:
		l.Withheld = "it is made together with something else"
	case sp.Loop() != nil:
		l.Withheld = "each of several goroutines makes it"
	case mk.Conditional():
		l.Withheld = "it is not made on every way"
	case slices.ContainsFunc(call.Args[1:], func(e ast.Expr) bool { return m.Pkg.Info.Types.Of(e).Value == nil }):
		l.Withheld = "its room is only known to the goroutine"
	case m.mentionedAhead(sp.Body, p.obj, as):
		l.Withheld = "the goroutine uses the variable before that"
	}
	return l
}

func (m *Model) mentionedAhead(f *Func, obj types.Object, st ast.Stmt) bool {
	for before := range m.Before(st) {
		if m.Mentions(obj, before) {
			return true
		}
	}
	return false
}

// variableIsLate reports whether who starts the goroutine uses the variable next.
func (m *Model) variableIsLate(l *LateMake, p place) bool {
	sp := l.Spawn
	if sp.Body.Owns(p.obj) || !local(p.obj, m.Pkg.Types) {
		return false
	}
	for _, n := range m.stores {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 0 {
			for _, id := range spec.Names {
				if m.Pkg.Info.Defs.Of(id) == p.obj {
					cur, _ := m.root.FindNode(spec)
					l.Decl, _ = cur.Parent().Parent().Node().(*ast.DeclStmt)
					l.Only = len(spec.Names) == 1 && l.Decl != nil && !l.Decl.Decl.(*ast.GenDecl).Lparen.IsValid() &&
						types.Identical(p.obj.Type(), m.Pkg.Info.TypeOf(l.Make.Node.(ast.Expr)))
				}
			}
		}
	}
	if l.Decl == nil {
		return false
	}
	for _, op := range m.OpsOn(p.obj) {
		if op.Fn == sp.Fn && op.Kind != Make && op.Node.Pos() > sp.Stmt.End() && !op.Ref.Elem && !m.ordered(sp, op.Node) {
			l.Use = op
			return true
		}
	}
	return false
}

// ordered reports whether the spawner may have waited for the goroutine before it
// comes to the node, or, if that is nil, before it returns.
func (m *Model) ordered(sp *Spawn, at ast.Node) bool {
	for _, op := range sp.Fn.Ops {
		if op.Node.Pos() < sp.Stmt.End() || at != nil && op.Node.End() > at.Pos() {
			continue
		}
		switch op.Kind {
		case Recv, Send, Wait, Lock, RLock:
			return true
		case Call:
			if op.Callee == nil || op.Callee.MayDo(Recv, Send, Wait, Lock, RLock) {
				return true
			}
		}
	}
	return false
}

// fieldIsLate reports whether others than the goroutine use the field.
func (m *Model) fieldIsLate(l *LateMake, p place) bool {
	sp := l.Spawn
	if m.visible(p.obj.(*types.Var)) || len(m.uses().spawns[sp.Body]) != 1 || m.ordered(sp, nil) {
		return false
	}
	if sp.Body.Obj != nil {
		if _, all := m.Callers(sp.Body); !all || sp.Body.Obj.Exported() && !m.Closed() || len(m.uses().calls[sp.Body]) > 0 {
			return false
		}
	}
	fun, args := sp.Call.Fun, sp.Call.Args
	if sp.Kind != GoStmt {
		fun, args = args[0], nil
	}
	at, ok := sp.Body.placeOutside(p, fun, args)
	if !ok || !sp.Fn.Owns(at.base) {
		return false
	}
	l.Base = at.base.Name()
	run := m.Run(sp)
	for _, op := range m.OpsOn(p.obj) {
		if op.Kind == Make || op.Ref.Elem || run.Has(op.Fn) || inTest(op.Fn) && !inTest(sp.Fn) {
			continue
		}
		if op.Fn != sp.Fn && len(m.Goroutines(op.Fn)) > 0 || op.Fn == sp.Fn && op.Node.Pos() > sp.Stmt.End() {
			l.Use = op
			return true
		}
	}
	return false
}

// comparedToNil reports whether the code knows that the channel may be missing,
// or its address is taken.
func (m *Model) comparedToNil(obj types.Object) bool {
	return slices.ContainsFunc(m.usesOf(obj), func(cur inspector.Cursor) bool {
		for k, _ := cur.ParentEdge(); k == edge.ParenExpr_X; k, _ = cur.ParentEdge() {
			cur = cur.Parent()
		}
		switch p := cur.Parent().Node().(type) {
		case *ast.BinaryExpr:
			return true
		case *ast.UnaryExpr:
			return p.Op.String() == "&"
		}
		return false
	})
}
