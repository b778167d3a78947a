// Package idiom writes the statements that the fixes of several rules share.
package idiom

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
)

// Failure returns the statement by which the frame handles the error in an
// expression, whose source is given, at a position in it: as its results, its
// test or the program call for.
func Failure(pkg *refactor.Package, b *edit.Builder, f *chanflow.Func, pos token.Pos, expr string) (string, error) {
	switch f.Reports() {
	case chanflow.ByTest:
		return fmt.Sprintf("%s.Fatal(%s)", f.TestHandle().Name(), expr), nil
	case chanflow.ByExit:
		return fmt.Sprintf("%s.Fatal(%s)", b.Import(pos, "log"), expr), nil
	case chanflow.ByReturn:
		if inLiteral(f, pos) {
			return "", errors.New("a return here ends the function literal only")
		}
		code := "return "
		results := f.Type.Results.List
		for _, field := range results[:len(results)-1] {
			zero := zeroValue(pkg.Info.TypeOf(field.Type), b.Text(field.Type))
			for range max(1, len(field.Names)) {
				code += zero + ", "
			}
		}
		return code + expr, nil
	}
	return "", errors.New("the function has no way to report an error")
}

// inLiteral reports whether a position in the frame is in a function literal,
// which is called on the spot or deferred.
func inLiteral(f *chanflow.Func, pos token.Pos) bool {
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if lit, ok := n.(*ast.FuncLit); ok && lit.Pos() <= pos && pos < lit.End() {
			found = true
		}
		return !found
	})
	return found
}

// Ready returns the name of a channel, a variable or parameter of the frame, once
// it tells more than that something has started: "ready", or the name that it has
// if a comment in the function speaks of it.
func Ready(b *edit.Builder, f *chanflow.Func, v types.Object) string {
	top := f.Top().Node()
	start := top.Pos()
	if d, ok := top.(*ast.FuncDecl); ok && d.Doc != nil {
		start = d.Doc.Pos()
	}
	word := regexp.MustCompile(`\b` + v.Name() + `\b`)
	for _, g := range f.File.Syntax.Comments {
		if start <= g.Pos() && g.End() <= top.End() && word.MatchString(g.Text()) {
			return v.Name()
		}
	}
	return b.Fresh(f.Body.Pos(), "ready")
}

func zeroValue(t types.Type, text string) string {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch {
		case u.Info()&types.IsBoolean != 0:
			return "false"
		case u.Info()&types.IsString != 0:
			return `""`
		case u.Info()&types.IsNumeric != 0:
			return "0"
		}
		return "nil" // unsafe.Pointer
	case *types.Struct, *types.Array:
		return text + "{}"
	case *types.Interface:
		if _, ok := t.(*types.TypeParam); ok {
			return "*new(" + text + ")"
		}
	}
	return "nil"
}

// SendFailure makes an exit of a goroutine that answers a failed check send the
// error on the channel with that name, which has room for it.
func SendFailure(b *edit.Builder, m *chanflow.Model, exit *chanflow.Op, name string) {
	b.InsertBefore(exit.Node, fmt.Sprintf("%s <- %s", name, m.FailedCheck(exit).Name))
}

// ReceiveFailure returns the statement by which the frame waits for the channel
// with that name to be closed, and handles the error that comes instead.
func ReceiveFailure(pkg *refactor.Package, b *edit.Builder, f *chanflow.Func, pos token.Pos, name string) (string, error) {
	failure, err := Failure(pkg, b, f, pos, "err")
	return fmt.Sprintf("if err := <-%s; err != nil {\n\t%s\n}", name, failure), err
}

// Received returns a send or receive statement as that of a case of a select,
// and the declarations, each with its line ending, of the variables that it
// declares and that have to outlive the case.
func Received(pkg *refactor.Package, b *edit.Builder, st ast.Stmt) (comm, vars string, err error) {
	as, ok := st.(*ast.AssignStmt)
	if !ok || as.Tok != token.DEFINE {
		return b.Text(st), "", nil
	}
	var names []string
	for _, lhs := range as.Lhs {
		id := lhs.(*ast.Ident)
		names = append(names, id.Name)
		if obj := pkg.Info.Defs.Of(id); obj != nil && id.Name != "_" {
			t, err := b.TypeName(as, obj.Type())
			if err != nil {
				return "", "", err
			}
			vars += fmt.Sprintf("var %s %s\n", id.Name, t)
		}
	}
	return strings.Join(names, ", ") + " = " + b.Text(as.Rhs[0]), vars, nil
}
