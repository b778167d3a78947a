package chanflow

import (
	"fmt"
	"go/ast"
	"go/types"
)

// finalizer returns the function that is registered to run when a value is
// collected, if f is it or is called by it, or nil: what runs then must not wait.
func (m *Model) finalizer(f *Func) *Func {
	for _, call := range m.finalizers {
		for _, g := range m.Funcs {
			if (g.Obj != nil && m.Mentions(g.Obj, call) || g.Lit != nil && within(call, g.Lit)) && m.reaches(g, f) {
				return g
			}
		}
	}
	return nil
}

// otherValues returns why the struct cannot get a field that only the start of
// the goroutine fills: there are other values of it, or it is copied.
func (m *Model) otherValues(c *Confirmation) string {
	form := c.Type
	name := form.Owner.Name()
	if form.Struct == nil {
		return fmt.Sprintf("%s is not declared as a struct in this package", name)
	}
	owner := func(t types.Type) bool {
		n, ok := types.Unalias(t).(*types.Named)
		return ok && n.Origin().Obj() == form.Owner
	}
	starts := make(map[ast.Node]bool)
	for i, l := range c.Leaves {
		if form.Starts[i].Made {
			made, _ := m.made(l.Spawn.Fn, form)
			starts[made] = true
		}
	}
	others := fmt.Sprintf("there are other values of %s, whose goroutine is not started", name)
	for cur := range m.root.Preorder((*ast.CompositeLit)(nil), (*ast.CallExpr)(nil), (*ast.StarExpr)(nil)) {
		switch n := cur.Node().(type) {
		case *ast.CompositeLit:
			if t := m.Pkg.Info.TypeOf(n); t == nil || starts[n] || !owner(t) {
				continue
			}
			for field, value := range m.FieldValues(n) {
				if field == form.Field && m.ref(value).Obj == form.Field {
					return fmt.Sprintf("%s is copied, and its copies share the signal", name)
				}
			}
			if !c.Group {
				return others
			}
			if _, ok := cur.Parent().Node().(*ast.UnaryExpr); !ok {
				return fmt.Sprintf("%s is copied", name)
			}
		case *ast.CallExpr:
			if !c.Group && !starts[n] && m.isNew(n) && owner(m.Pkg.Info.TypeOf(n.Args[0])) {
				return others
			}
		case *ast.StarExpr:
			if tv := m.Pkg.Info.Types.Of(n); tv.IsValue() && owner(tv.Type) {
				if _, ok := cur.Parent().Node().(*ast.SelectorExpr); !ok {
					return fmt.Sprintf("%s is copied", name)
				}
			}
		}
	}
	var held *types.Var
	for _, obj := range m.Pkg.Info.Defs.All() {
		if v, ok := obj.(*types.Var); ok && owner(v.Type()) && (held == nil || v.Pos() < held.Pos()) {
			held = v
		}
	}
	if held != nil && held.Embedded() {
		return fmt.Sprintf("%s is embedded by value in another struct", name)
	}
	if held != nil {
		return fmt.Sprintf("%s is held by value in %s", name, held.Name())
	}
	return ""
}
