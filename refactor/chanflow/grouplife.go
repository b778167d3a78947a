package chanflow

import (
	"go/ast"
	"go/types"
	"slices"
)

// A GroupLife is all that the package shows of the WaitGroups or errgroups that
// a variable, parameter or field may hold.
type GroupLife struct {
	Obj                types.Object
	Names              []types.Object // Obj first
	Adds, Dones, Waits []*Op          // in source order
	Spawns             []*Spawn       // started with Go
	Inlet              *Func          // a function whose unknown callers bring their own groups, or nil
	Visible            types.Object   // an exported variable or field that holds it, or nil
}

// IsGroup reports whether t is a WaitGroup, an errgroup, or a pointer to one.
func IsGroup(t types.Type) bool {
	return isNamed(t, "sync", "WaitGroup") || isNamed(t, "golang.org/x/sync/errgroup", "Group")
}

// GroupLife follows the groups that a variable, parameter or field may hold into
// the functions of the package that get them, and out of these.
func (m *Model) GroupLife(obj types.Object) *GroupLife {
	g := &GroupLife{Obj: obj, Names: []types.Object{obj}}
	passes := m.groupPasses()
	for i := 0; i < len(g.Names); i++ { // grows
		for _, other := range passes[g.Names[i]] {
			if !slices.Contains(g.Names, other) {
				g.Names = append(g.Names, other)
			}
		}
	}
	for _, name := range g.Names {
		for _, op := range m.OpsOn(name) {
			switch op.Kind {
			case Add:
				g.Adds = append(g.Adds, op)
			case Done:
				g.Dones = append(g.Dones, op)
			case Wait:
				g.Waits = append(g.Waits, op)
			}
		}
		for _, sp := range m.Spawns {
			if sp.Group.Obj == name {
				g.Spawns = append(g.Spawns, sp)
			}
		}
		if v, ok := name.(*types.Var); ok && m.visible(v) {
			g.Visible = v
		}
		if f := m.FuncOf(name.Pos()); f != nil && slices.Contains(f.Params(), name) && !m.known(f) {
			g.Inlet = f
		}
	}
	for _, list := range [][]*Op{g.Adds, g.Dones, g.Waits} {
		slices.SortFunc(list, func(a, b *Op) int { return int(a.Node.Pos() - b.Node.Pos()) })
	}
	slices.SortFunc(g.Spawns, func(a, b *Spawn) int { return int(a.Stmt.Pos() - b.Stmt.Pos()) })
	return g
}

type groupPassesKey struct{}

// groupPasses returns which variables that hold groups are handed on to which
// parameters, both ways.
func (m *Model) groupPasses() map[types.Object][]types.Object {
	return m.Pkg.Memo(groupPassesKey{}, func() any {
		out := make(map[types.Object][]types.Object)
		for _, f := range m.Funcs {
			for _, p := range f.Params() {
				if p == nil || !IsGroup(p.Type()) {
					continue
				}
				at := func(arg types.Object) {
					if arg != nil && IsGroup(arg.Type()) {
						out[p], out[arg] = append(out[p], arg), append(out[arg], p)
					}
				}
				for _, op := range m.uses().calls[f] {
					at(f.outside(Ref{Obj: p, Base: p}, op.Node.(*ast.CallExpr)).Obj)
				}
				for _, sp := range m.uses().spawns[f] {
					at(sp.Outside(Ref{Obj: p, Base: p}).Obj)
				}
			}
		}
		return out
	}).(map[types.Object][]types.Object)
}
