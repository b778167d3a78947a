package nostop

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"go/version"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
)

// Listen makes each wait of the goroutine's loop a select that returns when the
// channel stop is closed. Expressions of the loop are not touched, so that other
// edits may be.
func Listen(b *edit.Builder, pkg *refactor.Package, e *chanflow.Endless, stop string) error {
	l := &listener{Builder: b, pkg: pkg, file: pkg.FileOf(e.Loop.Pos()), stop: stop}
	for _, st := range e.Waits {
		if err := l.wait(st); err != nil {
			return err
		}
	}
	return nil
}

type listener struct {
	*edit.Builder
	pkg  *refactor.Package
	file *refactor.File
	stop string
}

func (l *listener) wait(st ast.Stmt) error {
	if l.shared(st) {
		return errors.New("more follows on the line of a wait")
	}
	switch st := st.(type) {
	case *ast.RangeStmt:
		return l.loop(st)
	case *ast.SelectStmt:
		l.InsertBefore(st.Body.List[0], fmt.Sprintf("case <-%s:\n\treturn", l.stop))
		return nil
	case *ast.ExprStmt:
		if call, ok := ast.Unparen(st.X).(*ast.CallExpr); ok {
			return l.sleep(st, call)
		}
	case *ast.AssignStmt:
		if st.Tok == token.DEFINE {
			return l.defines(st)
		}
	}
	l.Insert(st.Pos(), l.head(st)+"case ")
	l.Insert(st.End(), ":")
	l.InsertAfter(st, "}")
	return nil
}

// shared reports whether more code follows on the line on which a wait ends.
func (l *listener) shared(st ast.Stmt) bool {
	rest, _, _ := strings.Cut(string(l.file.Src[l.file.Tok.Offset(st.End()):]), "\n")
	rest = strings.TrimSpace(rest)
	return rest != "" && !strings.HasPrefix(rest, "//") && !strings.HasPrefix(rest, "/*")
}

// head returns the select up to the case that the wait becomes.
func (l *listener) head(at ast.Node) string {
	in := l.indent(at)
	return fmt.Sprintf("select {\n%scase <-%s:\n%s\treturn\n%s", in, l.stop, in, in)
}

// sleep turns time.Sleep(d) into a case. Before Go 1.23 the garbage collector did
// not free a timer that is still running, so it is stopped.
func (l *listener) sleep(st *ast.ExprStmt, call *ast.CallExpr) error {
	arg := call.Args[0]
	if l.HasComment(st.Pos(), arg.Pos()) || l.HasComment(arg.End(), st.End()) {
		return errors.New("there is no place for the comments in the call of time.Sleep")
	}
	in, pkg := l.indent(st), l.Import(st.Pos(), "time")
	if v := l.file.GoVersion; v == "" || version.Compare(v, "go1.23") < 0 {
		timer := l.Fresh(st.Pos(), "timer")
		l.Replace(st.Pos(), arg.Pos(), fmt.Sprintf("%s := %s.NewTimer(", timer, pkg))
		l.Replace(arg.End(), st.End(), fmt.Sprintf(")\n%sselect {\n%scase <-%s:\n%s\t%s.Stop()\n%s\treturn\n%scase <-%s.C:", in, in, l.stop, in, timer, in, in, timer))
		l.InsertAfter(st, "}")
		return nil
	}
	l.Replace(st.Pos(), arg.Pos(), l.head(st)+fmt.Sprintf("case <-%s.After(", pkg))
	l.Replace(arg.End(), st.End(), "):")
	l.InsertAfter(st, "}")
	return nil
}

// defines turns v := <-ch into a case that holds the statements behind it, for
// which v is declared.
func (l *listener) defines(st *ast.AssignStmt) error {
	rest := l.behind(st)
	if len(rest) == 0 {
		return errors.New("nothing follows the receive")
	}
	for _, s := range rest {
		if breaksOut(s) {
			return errors.New("a break would leave the select instead")
		}
	}
	l.Insert(st.Pos(), l.head(st)+"case ")
	l.Insert(st.End(), ":")
	l.InsertAfter(rest[len(rest)-1], "}")
	return nil
}

// behind returns the statements that follow st in its list.
func (l *listener) behind(st ast.Stmt) (rest []ast.Stmt) {
	see := func(list []ast.Stmt) {
		for i, s := range list {
			if s == st {
				rest = list[i+1:]
			}
		}
	}
	ast.Inspect(l.file.Syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			see(n.List)
		case *ast.CaseClause:
			see(n.Body)
		case *ast.CommClause:
			see(n.Body)
		}
		return n == nil || n.Pos() <= st.Pos() && st.End() <= n.End()
	})
	return rest
}

// breaksOut reports whether a break in the statement, without a label, leaves a
// statement around it.
func breaksOut(s ast.Stmt) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
			return false
		case *ast.BranchStmt:
			found = found || n.Tok == token.BREAK && n.Label == nil
		}
		return !found
	})
	return found
}

// loop turns a range over a channel, which nobody closes, into an endless loop
// around a select. What is ranged over is evaluated once.
func (l *listener) loop(st *ast.RangeStmt) error {
	if l.HasComment(st.Pos(), st.Body.Lbrace) {
		return errors.New("there is no place for the comments in the head of the loop")
	}
	in := l.indent(st)
	from := "case "
	if st.Key != nil {
		from += l.file.Text(st.Key.Pos(), st.Key.End()) + " " + st.Tok.String() + " "
	}
	if once(l.pkg, st.X) {
		l.Replace(st.Pos(), st.X.Pos(), "for {\n"+in+"\t"+strings.ReplaceAll(l.head(st), "\n", "\n\t")+from+"<-")
		l.Replace(st.X.End(), st.Body.Lbrace+1, ":")
	} else {
		name := l.Fresh(st.Pos(), "ticks", "values")
		l.Replace(st.Pos(), st.X.Pos(), name+" := ")
		l.Replace(st.X.End(), st.Body.Lbrace+1, "\n"+in+"for {\n"+in+"\t"+strings.ReplaceAll(l.head(st), "\n", "\n\t")+from+"<-"+name+":")
	}
	l.Insert(st.Body.Rbrace, "}\n"+in)
	return nil
}

// once reports whether the channel may be named in every turn: a variable that
// keeps its value, or the channel of a ticker.
func once(pkg *refactor.Package, e ast.Expr) bool {
	m := chanflow.Of(pkg)
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		return !m.Assigned(pkg.Info.Uses.Of(x))
	case *ast.SelectorExpr:
		id, ok := ast.Unparen(x.X).(*ast.Ident)
		return ok && !m.Assigned(pkg.Info.Uses.Of(id)) && !m.Assigned(pkg.Info.Uses.Of(x.Sel))
	}
	return false
}

// indent returns the white space at the start of the line of a node.
func (l *listener) indent(n ast.Node) string {
	at := l.file.Tok.Offset(n.Pos())
	line := string(l.file.Src[strings.LastIndexByte(string(l.file.Src[:at]), '\n')+1 : at])
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

// receiver returns what the methods of the type call their receiver.
func receiver(pkg *refactor.Package, h *chanflow.Host) string {
	for _, f := range chanflow.Of(pkg).Funcs {
		if r := f.Recv(); r != nil && r.Name() != "" && r.Name() != "_" {
			t := r.Type()
			if p, ok := types.Unalias(t).(*types.Pointer); ok {
				t = p.Elem()
			}
			if n, ok := types.Unalias(t).(*types.Named); ok && n.Origin().Obj() == h.Type {
				return r.Name()
			}
		}
	}
	return h.Base
}

// typeParams returns the type parameters of a generic type, for a receiver.
func typeParams(tn *types.TypeName) string {
	n, ok := tn.Type().(*types.Named)
	if !ok || n.TypeParams().Len() == 0 {
		return ""
	}
	var names []string
	for p := range n.TypeParams().TypeParams() {
		names = append(names, p.Obj().Name())
	}
	return "[" + strings.Join(names, ", ") + "]"
}

func indented(code string) string { return "\t" + strings.ReplaceAll(code, "\n", "\n\t") }
