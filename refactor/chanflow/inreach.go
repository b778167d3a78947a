package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"iter"
	"slices"
)

// A StopRef is a stop signal as code at some place refers to it.
type StopRef struct {
	Obj     types.Object // the context, or the variable or field that holds the channel
	Text    string       // a channel expression, such as "ctx.Done()"
	Context string       // the context whose channel it is, such as "ctx", or ""

	base types.Object // the parameter or receiver that the expression begins with
}

// InReach yields what may tell the frame to stop and can be referred to at a
// position in it: contexts and channels of events. First come the parameters of
// the frame and of those around it, innermost first, then the fields of the
// receiver. Whether such a channel is a stop signal, the caller has to find out.
func (m *Model) InReach(f *Func, pos token.Pos) iter.Seq[StopRef] {
	return func(yield func(StopRef) bool) {
		for at := f; at != nil; at = at.Outer {
			for _, p := range at.Params() {
				if p != nil && mayTell(p) && m.meansAt(p, pos) && !yield(stopRef(p, p.Name(), p)) {
					return
				}
			}
		}
		recv := f.Top().Recv()
		if recv == nil || !m.meansAt(recv, pos) {
			return
		}
		st := structOfType(recv.Type())
		if st == nil {
			return
		}
		for v := range st.Fields() {
			if v = v.Origin(); mayTell(v) && !yield(stopRef(v, recv.Name()+"."+v.Name(), recv)) {
				return
			}
		}
	}
}

// mayTell reports whether a variable can hold a stop signal.
func mayTell(v types.Object) bool { return isContext(v.Type()) || signals(v.Type()) }

// stopRef returns the signal that the text refers to.
func stopRef(obj types.Object, text string, base types.Object) StopRef {
	if isContext(obj.Type()) {
		return StopRef{obj, text + ".Done()", text, base}
	}
	return StopRef{obj, text, "", base}
}

// meansAt reports whether the variable's name means it at the position.
func (m *Model) meansAt(obj types.Object, pos token.Pos) bool {
	scope := m.Pkg.ScopeAt(pos)
	if scope == nil || obj.Name() == "" || obj.Name() == "_" {
		return false
	}
	_, found := scope.LookupParent(obj.Name(), pos)
	return found == obj
}

// visibleAt reports whether an expression means the same at a position as where
// it stands: each variable that it mentions is in scope there.
func (m *Model) visibleAt(n ast.Node, pos token.Pos) bool {
	scope := m.Pkg.ScopeAt(pos)
	if scope == nil {
		return false
	}
	same := true
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			same = same && m.visibleAt(n.X, pos)
			return false
		case *ast.FuncLit:
			same = false
		case *ast.KeyValueExpr:
			same = same && m.visibleAt(n.Value, pos)
			return false
		case *ast.Ident:
			if obj := m.Pkg.Info.Uses.Of(n); obj != nil {
				_, at := scope.LookupParent(n.Name, pos)
				same = same && at == obj
			}
		}
		return same
	})
	return same
}

// repeatableAt reports whether an expression can be evaluated again at a
// position: it means the same there, reads variables and fields, and calls
// nothing but methods without arguments.
func (m *Model) repeatableAt(e ast.Expr, pos token.Pos) bool {
	plain := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			plain = plain && len(n.Args) == 0
		case *ast.SelectorExpr, *ast.Ident, *ast.ParenExpr, nil:
		default:
			plain = false
		}
		return plain
	})
	return plain && m.visibleAt(e, pos)
}

// structOfType returns the struct behind a type or a pointer to it, or nil.
func structOfType(t types.Type) *types.Struct {
	if t == nil {
		return nil
	}
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	st, _ := t.Underlying().(*types.Struct)
	return st
}

// hasField reports whether the type is a struct, or a pointer to one, that
// declares the field itself.
func hasField(t types.Type, field types.Object) bool {
	st := structOfType(t)
	if st == nil {
		return false
	}
	for f := range st.Fields() {
		if types.Object(f.Origin()) == field {
			return true
		}
	}
	return false
}

// sameStruct reports whether one struct type declares both fields.
func (m *Model) sameStruct(a, b types.Object) bool {
	of := m.structs()[b]
	return slices.ContainsFunc(m.structs()[a], func(tn *types.TypeName) bool { return slices.Contains(of, tn) })
}

type structsKey struct{}

// structs returns the types of the package by the fields that they have, several
// for one field in the order of their names.
func (m *Model) structs() map[types.Object][]*types.TypeName {
	return m.Pkg.Memo(structsKey{}, func() any {
		out := make(map[types.Object][]*types.TypeName)
		scope := m.Pkg.Types.Scope()
		for _, name := range scope.Names() {
			tn, ok := scope.Lookup(name).(*types.TypeName)
			if !ok {
				continue
			}
			if st := structOfType(tn.Type()); st != nil {
				for f := range st.Fields() {
					out[f.Origin()] = append(out[f.Origin()], tn)
				}
			}
		}
		return out
	}).(map[types.Object][]*types.TypeName)
}
