package extractworker

import (
	"fmt"
	"go/ast"
	"go/types"

	"handshake/refactor"
	"handshake/refactor/chanflow"
)

// captured is what the goroutine takes from outside.
type captured struct {
	fields []field
	uses   []*ast.Ident // in the body
	raw    bool         // the body has a string of several lines
}

// A field holds what a captured variable or a parameter of the literal did.
type field struct {
	obj  types.Object
	arg  ast.Expr // of a parameter
	name string   // in the new type
	typ  string
}

func (c *captured) field(obj types.Object) *field {
	for i := range c.fields {
		if c.fields[i].obj == obj {
			return &c.fields[i]
		}
	}
	return nil
}

// capture finds the variables that the literal captures, or why it cannot do
// without them.
func capture(pkg *refactor.Package, e *chanflow.Endless) (c *captured, why string) {
	sp := e.Spawn
	lit := sp.Lit()
	c = &captured{}
	if decl := sp.Fn.Top(); decl.Obj == nil || generic(decl.Obj.Signature()) {
		return nil, "it depends on the type parameters of the function"
	}
	for i, p := range sp.Body.Params() {
		if sp.Body.Obj == nil && lit.Type.Params.NumFields() != len(sp.Call.Args) {
			return nil, "its arguments cannot be told apart"
		}
		if p == nil {
			return nil, "it leaves arguments unused"
		}
		c.fields = append(c.fields, field{obj: p, arg: sp.Call.Args[i]})
	}
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		if s, ok := n.(*ast.BasicLit); ok && s.Value[0] == '`' {
			for _, r := range s.Value {
				c.raw = c.raw || r == '\n'
			}
		}
		id, ok := n.(*ast.Ident)
		if !ok || why != "" {
			return why == ""
		}
		obj := pkg.Info.Uses.Of(id)
		if obj == nil || !pkg.Declares(obj) || obj.Parent() == pkg.Types.Scope() || lit.Body.Pos() <= obj.Pos() && obj.Pos() < lit.Body.End() {
			return true
		}
		v, ok := obj.(*types.Var)
		switch {
		case ok && v.IsField():
			return true
		case !ok:
			if _, method := obj.(*types.Func); method {
				return true
			}
			if _, pkgName := obj.(*types.PkgName); pkgName {
				return true
			}
			why = fmt.Sprintf("%s is declared inside of %s", obj.Name(), sp.Fn.Top().Name())
			return false
		}
		c.uses = append(c.uses, id)
		if c.field(v) != nil {
			return true
		}
		if !sp.Keeps(v) {
			why = fmt.Sprintf("%s may change after the goroutine was started", v.Name())
		} else if copied(v.Type()) {
			why = fmt.Sprintf("%s is not a pointer and would be copied", v.Name())
		}
		c.fields = append(c.fields, field{obj: v})
		return true
	})
	for _, f := range c.fields {
		if local(pkg, f.obj.Type()) {
			return nil, fmt.Sprintf("the type of %s is declared inside of %s", f.obj.Name(), sp.Fn.Top().Name())
		}
	}
	return c, why
}

func generic(s *types.Signature) bool {
	return s.TypeParams().Len() > 0 || s.RecvTypeParams().Len() > 0
}

// copied reports whether a variable of the type holds its state itself.
func copied(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Struct, *types.Array:
		return true
	}
	return false
}

// local reports whether a type mentions one that is declared in a function.
func local(pkg *refactor.Package, t types.Type) bool {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		if obj := t.Obj(); pkg.Declares(obj) && obj.Parent() != pkg.Types.Scope() {
			return true
		}
		for arg := range t.TypeArgs().Types() {
			if local(pkg, arg) {
				return true
			}
		}
	case *types.Map:
		return local(pkg, t.Key()) || local(pkg, t.Elem())
	case interface{ Elem() types.Type }:
		return local(pkg, t.Elem())
	}
	return false
}
