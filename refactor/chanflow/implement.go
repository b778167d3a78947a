package chanflow

import (
	"go/ast"
	"go/types"
	"slices"
)

// Targets returns the functions of the package that a call may run: the
// callee, or for a call through an interface that the package declares, the
// methods of the package's types that implement it. It is empty if the call
// leaves the package or is dynamic. Types of other packages may implement an
// exported interface as well.
func (m *Model) Targets(call *ast.CallExpr) []*Func {
	if f := m.Callee(call); f != nil {
		return []*Func{f}
	}
	method := m.Static(call)
	if method == nil || !m.Pkg.Declares(method) || method.Signature().Recv() == nil {
		return nil
	}
	iface, ok := method.Signature().Recv().Type().Underlying().(*types.Interface)
	if !ok {
		return nil
	}
	return m.Pkg.Memo(targetKey{method}, func() any {
		var out []*Func
		scope := m.Pkg.Types.Scope()
		for _, name := range scope.Names() {
			tn, ok := scope.Lookup(name).(*types.TypeName)
			if !ok || tn.IsAlias() || types.IsInterface(tn.Type()) {
				continue
			}
			ptr := types.NewPointer(tn.Type())
			if !types.Implements(ptr, iface) {
				continue
			}
			obj, _, _ := types.LookupFieldOrMethod(ptr, true, m.Pkg.Types, method.Name())
			if f := m.byObj[origin(obj)]; f != nil && !slices.Contains(out, f) { // several types may embed it
				out = append(out, f)
			}
		}
		return out
	}).([]*Func)
}

type targetKey struct{ *types.Func }

// sole returns the one method of the package behind a call through an interface
// that only the package can implement, or nil.
func (m *Model) sole(call *ast.CallExpr) *Func {
	method := m.Static(call)
	if method == nil || method.Signature().Recv() == nil {
		return nil
	}
	named, ok := types.Unalias(method.Signature().Recv().Type()).(*types.Named)
	if !ok || named.Obj().Exported() || method.Exported() && !m.Closed() || !types.IsInterface(named) {
		return nil
	}
	if targets := m.Targets(call); len(targets) == 1 {
		return targets[0]
	}
	return nil
}
