package verify

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"strings"
	"time"

	"handshake/refactor/apply"
)

// Sleeps are the calls of time.Sleep that fixes have done away with, or moved
// into a bubble of testing/synctest, where they take no time.
type Sleeps struct {
	Count   int
	Waited  time.Duration // that those of them took, each once, whose time is written there
	Unknown int           // the others
}

// SleepsRemoved counts what changes of files do away with.
func SleepsRemoved(files []apply.File) Sleeps {
	var s Sleeps
	for _, f := range files {
		before, after := sleepsIn(f.Before), sleepsIn(f.After)
		s.Count += before.Count - after.Count
		s.Waited += before.Waited - after.Waited
		s.Unknown += before.Unknown - after.Unknown
	}
	return s
}

// sleepsIn counts the sleeps of a file outside of bubbles; none if it does not
// parse.
func sleepsIn(src []byte) (s Sleeps) {
	f, err := parser.ParseFile(token.NewFileSet(), "", src, parser.SkipObjectResolution)
	if err != nil {
		return s
	}
	timePkg, synctest := importName(f, "time"), importName(f, "testing/synctest")
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if isMember(call.Fun, synctest, "Test") {
			return false
		}
		if isMember(call.Fun, timePkg, "Sleep") && len(call.Args) == 1 {
			s.Count++
			if d, ok := duration(call.Args[0], timePkg); ok {
				s.Waited += d
			} else {
				s.Unknown++
			}
		}
		return true
	})
	return s
}

// importName returns the name by which a file knows a package of the standard
// library, or "".
func importName(f *ast.File, path string) string {
	for _, spec := range f.Imports {
		if spec.Path.Value != `"`+path+`"` {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path[strings.LastIndex(path, "/")+1:]
	}
	return ""
}

func isMember(e ast.Expr, pkg, name string) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || pkg == "" || sel.Sel.Name != name {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == pkg
}

var units = map[string]time.Duration{
	"Nanosecond": time.Nanosecond, "Microsecond": time.Microsecond, "Millisecond": time.Millisecond,
	"Second": time.Second, "Minute": time.Minute, "Hour": time.Hour,
}

// duration returns the value of an expression of numbers and the units of
// package time.
func duration(e ast.Expr, timePkg string) (time.Duration, bool) {
	v := value(e, timePkg)
	if v.Kind() == constant.Unknown {
		return 0, false
	}
	n, exact := constant.Int64Val(constant.ToInt(v))
	return time.Duration(n), exact
}

func value(e ast.Expr, timePkg string) constant.Value {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return value(e.X, timePkg)
	case *ast.BasicLit:
		return constant.MakeFromLiteral(e.Value, e.Kind, 0)
	case *ast.SelectorExpr:
		if unit, ok := units[e.Sel.Name]; ok && isMember(e, timePkg, e.Sel.Name) {
			return constant.MakeInt64(int64(unit))
		}
	case *ast.CallExpr: // time.Duration(5)
		if isMember(e.Fun, timePkg, "Duration") && len(e.Args) == 1 {
			return value(e.Args[0], timePkg)
		}
	case *ast.BinaryExpr:
		x, y := value(e.X, timePkg), value(e.Y, timePkg)
		if x.Kind() != constant.Int && x.Kind() != constant.Float || y.Kind() != x.Kind() && y.Kind() != constant.Int && y.Kind() != constant.Float {
			break
		}
		switch op := e.Op; op {
		case token.ADD, token.SUB, token.MUL:
			return constant.BinaryOp(x, op, y)
		case token.QUO:
			if constant.Sign(y) == 0 {
				break
			}
			if x.Kind() == constant.Int && y.Kind() == constant.Int {
				op = token.QUO_ASSIGN // division of integers, see go/constant
			}
			return constant.BinaryOp(x, op, y)
		}
	}
	return constant.MakeUnknown()
}
