package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A ChanSet is the channels that a function makes for one goroutine, side by
// side in one list of statements, and that stay in their variables.
type ChanSet struct {
	Spawn *Spawn
	Chans []LocalChan // two or more, in source order
}

// A LocalChan is a variable that is declared by v := make(chan T) and never
// assigned again.
type LocalChan struct {
	Var  *types.Var
	Decl *ast.AssignStmt
	Make *ast.CallExpr
	Uses []*ast.Ident // all but the declaration, in source order
}

// ChanSets returns the channels that goroutines share with their spawners, by
// the first goroutine that refers to them.
func (m *Model) ChanSets() []*ChanSet {
	type key struct{}
	return m.Pkg.Memo(key{}, func() any {
		var out []*ChanSet
		taken := make(map[types.Object]bool)
		for _, sp := range m.Spawns {
			byList := make(map[*ast.Stmt]*ChanSet) // by the first statement of the list
			var order []*ast.Stmt
			ast.Inspect(sp.Call, func(n ast.Node) bool {
				id, ok := n.(*ast.Ident)
				if !ok {
					return true
				}
				v, ok := m.Pkg.Info.Uses.Of(id).(*types.Var)
				if !ok || taken[v] {
					return true
				}
				c, list := m.localChan(v)
				if list == nil {
					return true
				}
				taken[v] = true
				if byList[&list[0]] == nil {
					byList[&list[0]] = &ChanSet{Spawn: sp}
					order = append(order, &list[0])
				}
				s := byList[&list[0]]
				s.Chans = append(s.Chans, c)
				return true
			})
			for _, first := range order {
				s := byList[first]
				slices.SortFunc(s.Chans, func(a, b LocalChan) int { return int(a.Decl.Pos() - b.Decl.Pos()) })
				// Where the first is made, the struct is declared.
				at := s.Chans[0].Decl.Pos()
				s.Chans = slices.DeleteFunc(s.Chans, func(c LocalChan) bool { return m.speaksOf(c.Make.Args[0], at, c.Decl.Pos()) })
				if len(s.Chans) > 1 {
					out = append(out, s)
				}
			}
		}
		return out
	}).([]*ChanSet)
}

// localChan returns how a variable that holds a channel is declared, and the list
// of statements that it is declared in; nil if it is not one of a ChanSet.
func (m *Model) localChan(v *types.Var) (c LocalChan, list []ast.Stmt) {
	if IsChan(v.Type()) == nil || !local(v, m.Pkg.Types) || m.Assigned(v) {
		return c, nil
	}
	cur, ok := m.root.FindByPos(v.Pos(), v.Pos())
	if !ok {
		return c, nil
	}
	as, ok := cur.Parent().Node().(*ast.AssignStmt)
	if !ok || as.Tok != token.DEFINE || len(as.Lhs) != 1 {
		return c, nil
	}
	mk, ok := as.Rhs[0].(*ast.CallExpr)
	if !ok || !m.isMake(mk) {
		return c, nil
	}
	if list, _ = siblings(cur.Parent()); list[0] == nil {
		return c, nil
	}
	c = LocalChan{Var: v, Decl: as, Make: mk}
	for _, use := range m.mentions().chans[v] {
		if use.Pos() != v.Pos() {
			c.Uses = append(c.Uses, use)
		}
	}
	return c, list
}

// speaksOf reports whether the expression names something that is declared from
// start to end.
func (m *Model) speaksOf(e ast.Expr, start, end token.Pos) (found bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			obj := m.Pkg.Info.Uses.Of(id)
			found = found || obj != nil && start <= obj.Pos() && obj.Pos() < end
		}
		return !found
	})
	return found
}

// Event reports whether the channel carries no values.
func (c LocalChan) Event() bool { return signals(c.Var.Type()) }
