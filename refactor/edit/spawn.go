package edit

import (
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"strings"
)

// WrapGo turns `go f(x, g(y))` into
//
//	go func(a T) {
//		first
//		f(x, a)
//	}(g(y))
//
// so that the code `first` runs at the start of the goroutine. What the go
// statement evaluates stays evaluated there (Go spec, "Go statements"): the
// function value and the arguments become arguments of the literal, unless
// they are constants or stable says of each variable in them that it always
// has the value that it has now. It does not touch the statement if the body
// is a literal already: then the code is inserted first in that.
func (b *Builder) WrapGo(stmt *ast.GoStmt, first string, stable func(types.Object) bool) {
	if lit, ok := ast.Unparen(stmt.Call.Fun).(*ast.FuncLit); ok {
		b.InsertFirst(lit.Body, first)
		return
	}
	call, params, args, err := b.Deferrable(stmt.Call, stable)
	if err != nil {
		b.fail(err)
		return
	}
	b.ReplaceNode(stmt.Call, fmt.Sprintf("func(%s) {\n%s\n\t%s\n}(%s)",
		strings.Join(params, ", "), indent(first, "\t"), call, strings.Join(args, ", ")))
}

// Deferrable returns the source of a call that can run later than where it
// stands, together with the parameters and arguments of a literal around it
// that are evaluated where it stands.
func (b *Builder) Deferrable(c *ast.CallExpr, stable func(types.Object) bool) (call string, params, args []string, err error) {
	pass := func(e ast.Expr, name string) (string, error) {
		if b.isStable(e, stable) {
			return b.Text(e), nil
		}
		typ, err := b.TypeName(c, b.pkg.Info.TypeOf(e))
		if err != nil {
			return "", err
		}
		name = b.Fresh(c.Pos(), name)
		params = append(params, name+" "+typ)
		args = append(args, b.Text(e))
		return name, nil
	}
	fun := b.Text(c.Fun)
	switch f := ast.Unparen(c.Fun).(type) {
	case *ast.SelectorExpr:
		if b.pkg.Info.Selections[f] == nil {
			break // a function of another package
		}
		recv, err := pass(f.X, "recv")
		if err != nil {
			return "", nil, nil, err
		}
		fun = recv + "." + f.Sel.Name
	case *ast.Ident, *ast.IndexExpr, *ast.IndexListExpr:
		if id, ok := f.(*ast.Ident); ok {
			if _, ok := b.pkg.Info.Uses[id].(*types.Var); ok {
				if fun, err = pass(id, "fn"); err != nil {
					return "", nil, nil, err
				}
			}
		}
	default:
		return "", nil, nil, errors.New("the spawned function is a computed value")
	}
	var texts []string
	for i, a := range c.Args {
		text, err := pass(a, fmt.Sprintf("arg%d", i+1))
		if err != nil {
			return "", nil, nil, err
		}
		if c.Ellipsis.IsValid() && i == len(c.Args)-1 {
			text += "..."
		}
		texts = append(texts, text)
	}
	return fmt.Sprintf("%s(%s)", fun, strings.Join(texts, ", ")), params, args, nil
}

// isStable reports whether an expression has the same value and no effect
// whenever it is evaluated from now on.
func (b *Builder) isStable(e ast.Expr, stable func(types.Object) bool) bool {
	if tv := b.pkg.Info.Types[e]; tv.Value != nil || tv.IsNil() {
		return true
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		switch obj := b.pkg.Info.Uses[e].(type) {
		case *types.Var:
			return stable(obj)
		case *types.Func:
			return true
		}
	case *ast.UnaryExpr: // the address of a variable is its identity
		if id, ok := ast.Unparen(e.X).(*ast.Ident); ok && e.Op.String() == "&" {
			_, isVar := b.pkg.Info.Uses[id].(*types.Var)
			return isVar
		}
	case *ast.FuncLit:
		return true
	}
	return false
}

// TypeName returns the source for a type in the file of the node, which must
// import the packages that it names.
func (b *Builder) TypeName(at ast.Node, t types.Type) (string, error) {
	f := b.pkg.FileOf(at.Pos())
	var missing error
	name := types.TypeString(t, func(p *types.Package) string {
		if p == b.pkg.Types {
			return ""
		}
		for _, spec := range f.Syntax.Imports {
			if pkgName := b.pkg.Info.PkgNameOf(spec); pkgName != nil && pkgName.Imported().Path() == p.Path() {
				if pkgName.Name() != "." && pkgName.Name() != "_" {
					return pkgName.Name()
				}
			}
		}
		missing = fmt.Errorf("the type %s cannot be named here", t)
		return p.Name()
	})
	for _, named := range []*types.Named{asNamed(t)} {
		if named != nil && named.Obj().Pkg() != nil && named.Obj().Pkg() != b.pkg.Types && !named.Obj().Exported() {
			missing = fmt.Errorf("the type %s cannot be named here", t)
		}
	}
	if basic, ok := t.(*types.Basic); ok && basic.Info()&types.IsUntyped != 0 {
		return types.Default(t).String(), missing
	}
	return name, missing
}

func asNamed(t types.Type) *types.Named {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	n, _ := types.Unalias(t).(*types.Named)
	return n
}
