package chanflow

import (
	"go/ast"
	"go/types"
	"strings"
)

// writesOut reports whether a call out of the package may wait until a peer
// reads: it writes to a connection or pipe, as a method of that, or of something
// around it, or as a function that is handed it. Where a deadline is set in the
// same function, that ends the wait.
func (m *Model) writesOut(f *types.Func, call *ast.CallExpr) bool {
	if strings.HasPrefix(f.Name(), "New") || strings.HasPrefix(f.Name(), "Close") {
		return false
	}
	writes := false
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && f.Signature().Recv() != nil {
		t := m.Pkg.Info.TypeOf(sel.X)
		switch out := startsWith(f.Name(), "Write", "Flush", "Send", "Encode"); {
		case !out:
		case connection(t):
			writes = true
		default:
			pkg, _ := named(t)
			writes = wrapping(pkg) && m.wrapsConnections()
		}
	}
	params := f.Signature().Params()
	for i, arg := range call.Args {
		if i < params.Len() && connection(m.Pkg.Info.TypeOf(arg)) && moves(params.At(i).Type()) {
			writes = true
		}
	}
	if !writes {
		return false
	}
	by := m.FuncOf(call.Pos())
	return by == nil || !m.setsDeadline(by.Body)
}

// connection reports whether values of the type have a peer that they wait for:
// a pipe, what has deadlines and is no file, or what sends and receives messages.
func connection(t types.Type) bool {
	pkg, name := named(t)
	switch pkg {
	case "":
		return false
	case "io":
		return name == "PipeWriter" || name == "PipeReader"
	case "os":
		return false
	}
	return has(t, "SetWriteDeadline") || has(t, "SendMsg") && has(t, "RecvMsg") || has(t, "WriteFrame") && has(t, "ReadFrame")
}

// moves reports whether a parameter of the type is there to be read or written.
func moves(t types.Type) bool {
	return connection(t) || types.IsInterface(t) && (has(t, "Read") || has(t, "Write"))
}

func has(t types.Type, method string) bool {
	obj, _, _ := types.LookupFieldOrMethod(t, true, nil, method)
	_, ok := obj.(*types.Func)
	return ok
}

// wrapping reports whether a package of the standard library has writers that
// pass on what they get to another one.
func wrapping(pkg string) bool {
	return pkg == "bufio" || strings.HasPrefix(pkg, "encoding/") || strings.HasPrefix(pkg, "compress/")
}

// wrapsConnections reports whether the package puts such a writer around a
// connection somewhere.
func (m *Model) wrapsConnections() bool {
	type key struct{}
	return m.Pkg.Memo(key{}, func() any {
		for cur := range m.root.Preorder((*ast.CallExpr)(nil)) {
			call := cur.Node().(*ast.CallExpr)
			f := m.Static(call)
			if f == nil || f.Pkg() == nil || !wrapping(f.Pkg().Path()) || !strings.HasPrefix(f.Name(), "New") {
				continue
			}
			for _, arg := range call.Args {
				if connection(m.Pkg.Info.TypeOf(arg)) {
					return true
				}
			}
		}
		return false
	}).(bool)
}

// setsDeadline reports whether the code bounds how long a write may take.
func (m *Model) setsDeadline(code ast.Node) bool {
	found := false
	ast.Inspect(code, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if f := m.Static(call); f != nil && (f.Name() == "SetWriteDeadline" || f.Name() == "SetDeadline") {
				found = true
			}
		}
		return !found
	})
	return found
}
