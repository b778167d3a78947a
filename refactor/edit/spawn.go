package edit

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"handshake/refactor"
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
	bind := func(text string, t types.Type, name string) (string, error) {
		typ, err := b.TypeName(c, t)
		if err != nil {
			return "", err
		}
		name = b.Fresh(c.Pos(), name)
		params = append(params, name+" "+typ)
		args = append(args, text)
		return name, nil
	}
	pass := func(e ast.Expr, name string) (string, error) {
		if b.isStable(e, stable) {
			return b.Text(e), nil
		}
		return bind(b.Text(e), b.pkg.Info.TypeOf(e), name)
	}
	fun := b.Text(c.Fun)
	switch f := ast.Unparen(c.Fun).(type) {
	case *ast.SelectorExpr:
		sel := b.pkg.Info.Selections.Of(f)
		if sel == nil || sel.Kind() == types.MethodExpr {
			break // a function of another package, or of a type
		}
		if sel.Kind() == types.FieldVal {
			if fun, err = bind(fun, sel.Type(), "fn"); err != nil {
				return "", nil, nil, err
			}
			break
		}
		var recv string
		switch how, err := receiver(sel); {
		case err != nil:
			return "", nil, nil, err
		case how == address && isVariable(b.pkg.Info, f.X):
			recv = b.Text(f.X) // its address is its identity
		case how == address:
			recv, err = bind("&"+b.Text(f.X), types.NewPointer(sel.Recv()), "recv")
			if err != nil {
				return "", nil, nil, err
			}
		case how == pointee:
			recv, err = bind("*"+b.Text(f.X), types.Unalias(sel.Recv()).Underlying().(*types.Pointer).Elem(), "recv")
			if err != nil {
				return "", nil, nil, err
			}
		default:
			if recv, err = pass(f.X, "recv"); err != nil {
				return "", nil, nil, err
			}
		}
		fun = recv + "." + f.Sel.Name
	case *ast.Ident, *ast.IndexExpr, *ast.IndexListExpr:
		if id, ok := f.(*ast.Ident); ok && isVariable(b.pkg.Info, id) {
			if fun, err = pass(id, "fn"); err != nil {
				return "", nil, nil, err
			}
		}
	default:
		return "", nil, nil, errors.New("the spawned function is a computed value")
	}
	var texts []string
	for i, a := range c.Args {
		text, err := pass(a, b.paramName(c, i))
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

// paramName returns what the callee calls its i-th parameter.
func (b *Builder) paramName(c *ast.CallExpr, i int) string {
	if sig, ok := b.pkg.Info.TypeOf(c.Fun).Underlying().(*types.Signature); ok {
		i := min(i, sig.Params().Len()-1)
		if name := sig.Params().At(i).Name(); name != "" && name != "_" {
			return name
		}
	}
	return fmt.Sprintf("arg%d", i+1)
}

// A passing is what a method call evaluates of the operand before its dot.
type passing int

const (
	operand passing = iota
	address         // implicitly taken
	pointee         // implicitly copied
)

// receiver returns what a method call evaluates of its operand (Go spec,
// "Method values"). The error says that it is something behind an embedded
// field that has no short name.
func receiver(sel *types.Selection) (passing, error) {
	_, fromPointer := types.Unalias(sel.Recv()).Underlying().(*types.Pointer)
	_, wantsPointer := types.Unalias(sel.Obj().(*types.Func).Signature().Recv().Type()).(*types.Pointer)
	if types.IsInterface(sel.Recv()) {
		return operand, nil
	}
	if len(sel.Index()) > 1 && (!wantsPointer || throughPointer(sel)) {
		return 0, errors.New("the spawned method is that of an embedded field")
	}
	switch {
	case wantsPointer && !fromPointer:
		return address, nil
	case fromPointer && !wantsPointer:
		return pointee, nil
	}
	return operand, nil
}

// throughPointer reports whether the way to a promoted method leads through an
// embedded pointer or interface.
func throughPointer(sel *types.Selection) bool {
	t := sel.Recv()
	if p, ok := types.Unalias(t).Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	for _, i := range sel.Index()[:len(sel.Index())-1] {
		st, ok := t.Underlying().(*types.Struct)
		if !ok {
			return true
		}
		t = st.Field(i).Type()
		if _, ok := types.Unalias(t).Underlying().(*types.Pointer); ok || types.IsInterface(t) {
			return true
		}
	}
	return false
}

func isVariable(info *refactor.TypeInfo, e ast.Expr) bool {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return false
	}
	_, ok = info.Uses.Of(id).(*types.Var)
	return ok
}

// isStable reports whether an expression has the same value and no effect
// whenever it is evaluated from now on.
func (b *Builder) isStable(e ast.Expr, stable func(types.Object) bool) bool {
	if tv := b.pkg.Info.Types.Of(e); tv.Value != nil || tv.IsNil() {
		return true
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		switch obj := b.pkg.Info.Uses.Of(e).(type) {
		case *types.Var:
			return stable(obj)
		case *types.Func:
			return true
		}
	case *ast.UnaryExpr: // the address of a variable is its identity
		return e.Op == token.AND && isVariable(b.pkg.Info, e.X)
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
	if named := asNamed(t); named != nil && named.Obj().Pkg() != nil && !b.pkg.Declares(named.Obj()) && !named.Obj().Exported() {
		missing = fmt.Errorf("the type %s cannot be named here", t)
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
