package nostopped

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

// Confirm writes the missing half of a stop handshake: what tells that the
// goroutines have returned, where they are started, and the wait for it, whose
// code is handed to wait. An error says why that cannot be written.
func Confirm(b *edit.Builder, pkg *refactor.Package, c *chanflow.Confirmation, wait func(code string)) error {
	w := &writer{Builder: b, pkg: pkg}
	if c.Type != nil {
		w.typeForm(c, wait)
	} else {
		w.localForm(c, wait)
	}
	return w.err
}

type writer struct {
	*edit.Builder
	pkg *refactor.Package
	err error
}

func (w *writer) localForm(c *chanflow.Confirmation, wait func(code string)) {
	signal := c.Stop.Op.Ref.Obj.Name()
	first := c.Leaves[0].Spawn.Stmt
	if !c.Group {
		name := w.Fresh(first.Pos(), names(signal, c)...)
		w.InsertBefore(first, name+" := make(chan struct{})")
		w.tell(c.Leaves[0].Spawn, true, "", fmt.Sprintf("close(%s)", name))
		wait("<-" + name)
		return
	}
	name := w.Fresh(first.Pos(), "wg", "goroutines")
	w.InsertBefore(outermost(c.Leaves[0].Spawn), fmt.Sprintf("var %s %s.WaitGroup", name, w.Import(first.Pos(), "sync")))
	for _, l := range c.Leaves {
		w.join(l.Spawn, true, name, name)
	}
	wait(name + ".Wait()")
}

func (w *writer) typeForm(c *chanflow.Confirmation, wait func(code string)) {
	form := c.Type
	owner := form.Owner.Type()
	if c.Group {
		field := w.FreshField(owner, "wg", "goroutines")
		w.AddField(form.Struct, form.Field.Name(), fmt.Sprintf("%s %s.WaitGroup", field, w.Import(form.Struct.Pos(), "sync")))
		for i, l := range c.Leaves {
			s := form.Starts[i]
			inner := ""
			if s.Inner != "" {
				inner = s.Inner + "." + field
			}
			if s.Lit != nil {
				w.unkeyed(s.Lit, form, w.Import(s.Lit.Pos(), "sync")+".WaitGroup{}")
			}
			w.join(l.Spawn, inner != "", s.Base+"."+field, inner)
		}
		wait(fmt.Sprintf("%s.%s.Wait()", form.Recv, field))
		return
	}
	field := w.FreshField(owner, names(form.Field.Name(), c)...)
	w.AddField(form.Struct, form.Field.Name(), field+" chan struct{}")
	s := form.Starts[0]
	sp := c.Leaves[0].Spawn
	if s.Lit == nil || !w.unkeyed(s.Lit, form, "make(chan struct{})") && !w.keyed(s.Lit, form, field) {
		w.InsertBefore(sp.Stmt, fmt.Sprintf("%s.%s = make(chan struct{})", s.Base, field))
	}
	w.tell(sp, s.Inner != "", fmt.Sprintf("close(%s.%s)", s.Base, field), fmt.Sprintf("close(%s.%s)", s.Inner, field))
	wait(w.bounded(c, fmt.Sprintf("<-%s.%s", form.Recv, field)))
}

// bounded returns the wait, which ends with the context of the stop method if
// that has one: Shutdown(ctx).
func (w *writer) bounded(c *chanflow.Confirmation, wait string) string {
	fn := c.Type.Stopper
	ctx := c.Type.Context()
	if ctx == "" {
		return wait
	}
	leave := ""
	if r := fn.Obj.Signature().Results(); r.Len() == 1 && types.Identical(r.At(0).Type(), types.Universe.Lookup("error").Type()) {
		for st := range chanflow.Of(w.pkg).After(c.After) {
			if _, ok := st.(*ast.ReturnStmt); ok {
				leave = fmt.Sprintf("\n\treturn %s.Err()", ctx)
			}
			break
		}
	}
	return fmt.Sprintf("select {\ncase %s:\ncase <-%s.Done():%s\n}", wait, ctx, leave)
}

// names returns names for the channel that answers to a signal: stopped, or
// cleanupStopped for cleanupStop; where that is taken, after the goroutine's
// body: runStopped.
func names(signal string, c *chanflow.Confirmation) []string {
	for _, suffix := range []string{"StopChan", "StopCh", "StopC", "Stop"} {
		if prefix, ok := strings.CutSuffix(signal, suffix); ok && prefix != "" {
			return []string{prefix + "Stopped", "stopped"}
		}
	}
	if body := c.Leaves[0].Spawn.Body; body.Decl != nil {
		return []string{"stopped", body.Decl.Name.Name + "Stopped"}
	}
	return []string{"stopped"}
}

// keyed adds the field to a keyed literal that makes the signal's channel, right
// behind that. It reports whether it did.
func (w *writer) keyed(lit *ast.CompositeLit, form *chanflow.TypeForm, field string) bool {
	file := w.pkg.FileOf(lit.Pos())
	line := func(p token.Pos) int { return w.pkg.Fset.Position(p).Line }
	for i, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return false
		}
		key, ok := kv.Key.(*ast.Ident)
		if _, call := kv.Value.(*ast.CallExpr); !ok || !call || key.Name != form.Field.Name() {
			continue
		}
		for _, g := range file.Syntax.Comments {
			if g.Pos() > kv.End() && line(g.Pos()) == line(kv.End()) {
				return false
			}
		}
		own := line(kv.Pos()) != line(lit.Lbrace) && (i == 0 || line(kv.Pos()) != line(lit.Elts[i-1].End()))
		text := fmt.Sprintf("%s: make(chan struct{})", field)
		if own {
			start := file.Tok.Offset(kv.Pos())
			from := strings.LastIndexByte(string(file.Src[:start]), '\n') + 1
			w.Insert(kv.End(), ",\n"+string(file.Src[from:start])+text)
		} else {
			w.Insert(kv.End(), ", "+text)
		}
		return true
	}
	return false
}

// unkeyed adds the value of the new field to a literal without keys. It reports
// whether it did.
func (w *writer) unkeyed(lit *ast.CompositeLit, form *chanflow.TypeForm, value string) bool {
	if len(lit.Elts) == 0 {
		return false
	}
	if _, keyed := lit.Elts[0].(*ast.KeyValueExpr); keyed {
		return false
	}
	i := 0
	for _, f := range form.Struct.Fields.List {
		i += max(1, len(f.Names))
		for _, name := range f.Names {
			if name.Name == form.Field.Name() && i <= len(lit.Elts) {
				w.Insert(lit.Elts[i-1].End(), ", "+value)
				return true
			}
		}
	}
	return false
}

// outermost returns the statement before which a variable is declared that the
// spawn and the signal share: the spawn, or the loop around it.
func outermost(sp *chanflow.Spawn) ast.Stmt {
	if loop := sp.Loop(); loop != nil {
		return loop
	}
	return sp.Stmt
}

// tell makes the goroutine defer a call, told in the spawner's terms and, if the
// body may be edited, in the body's.
func (w *writer) tell(sp *chanflow.Spawn, editable bool, outer, inner string) {
	if lit := sp.Lit(); lit != nil {
		w.InsertFirst(lit.Body, "defer "+inner)
		return
	}
	if outer != "" && editable {
		w.InsertFirst(sp.Body.Body, "defer "+inner)
		return
	}
	if outer == "" {
		outer = inner
	}
	w.wrap(sp, "defer "+outer+"\n")
}

// join makes the WaitGroup count the goroutine.
func (w *writer) join(sp *chanflow.Spawn, editable bool, outer, inner string) {
	modern := version.Compare(sp.Fn.File.GoVersion, "go1.25") >= 0
	if modern && len(sp.Call.Args) == 0 {
		if lit := sp.Lit(); lit != nil && lit.Type.Results == nil &&
			!w.HasComment(sp.Stmt.Pos(), lit.Pos()) && !w.HasComment(lit.End(), sp.Stmt.End()) {
			w.Replace(sp.Stmt.Pos(), lit.Pos(), outer+".Go(")
			w.Replace(lit.End(), sp.Stmt.End(), ")")
			return
		}
		if sp.Lit() == nil && sp.Body.Type.Results == nil && w.stable(sp, sp.Call.Fun) &&
			!w.HasComment(sp.Stmt.Pos(), sp.Call.Pos()) && !w.HasComment(sp.Call.Fun.End(), sp.Stmt.End()) {
			w.Replace(sp.Stmt.Pos(), sp.Call.Pos(), outer+".Go(")
			w.Replace(sp.Call.Fun.End(), sp.Stmt.End(), ")")
			return
		}
	}
	if modern && sp.Lit() == nil && sp.Loop() == nil && w.allStable(sp) {
		w.ReplaceNode(sp.Stmt, fmt.Sprintf("%s.Go(func() { %s })", outer, w.Text(sp.Call)))
		return
	}
	w.InsertBefore(sp.Stmt, outer+".Add(1)")
	switch {
	case sp.Lit() != nil:
		w.InsertFirst(sp.Lit().Body, "defer "+outer+".Done()")
	case editable && inner != outer:
		w.InsertFirst(sp.Body.Body, "defer "+inner+".Done()")
	default:
		w.wrap(sp, "defer "+outer+".Done()\n")
	}
}

// wrap replaces the call of a go statement by a literal that first runs the
// code. What the call evaluates is still evaluated by the spawner.
func (w *writer) wrap(sp *chanflow.Spawn, code string) {
	call := sp.Call
	var params, args, inner []string
	if !w.stable(sp, call.Fun) {
		w.err = errors.New("the function that is started would be evaluated later")
		return
	}
	for i, arg := range call.Args {
		if sp.Loop() == nil && w.stable(sp, arg) {
			inner = append(inner, w.Text(arg))
			continue
		}
		name := "arg"
		if list := sp.Body.Params(); i < len(list) && list[i] != nil && list[i].Name() != "_" {
			name = list[i].Name()
		}
		typ, ok := w.typeText(call.Pos(), w.pkg.Info.TypeOf(arg))
		if !ok {
			w.err = errors.New("the type of an argument cannot be written here")
			return
		}
		name = w.Fresh(call.Pos(), name)
		params = append(params, name+" "+typ)
		args = append(args, w.Text(arg))
		inner = append(inner, name)
	}
	dots := ""
	if call.Ellipsis.IsValid() {
		dots = "..."
	}
	w.ReplaceNode(call, fmt.Sprintf("func(%s) {\n\t%s\t%s(%s%s)\n}(%s)", strings.Join(params, ", "),
		code, w.Text(call.Fun), strings.Join(inner, ", "), dots, strings.Join(args, ", ")))
}

// allStable reports whether the whole call of the spawn means the same later.
func (w *writer) allStable(sp *chanflow.Spawn) bool {
	for _, arg := range sp.Call.Args {
		if !w.stable(sp, arg) {
			return false
		}
	}
	return w.stable(sp, sp.Call.Fun)
}

// stable reports whether an expression means the same at any later time: a
// constant, a function, a variable that is assigned once, or a method of such a
// pointer.
func (w *writer) stable(sp *chanflow.Spawn, e ast.Expr) bool {
	info := w.pkg.Info
	if tv := info.Types.Of(e); tv.Value != nil || tv.IsNil() {
		return true
	}
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		switch obj := info.Uses.Of(x).(type) {
		case *types.Func:
			return true
		case *types.Var:
			return sp.Keeps(obj)
		}
	case *ast.UnaryExpr: // a variable stays where it is
		id, ok := ast.Unparen(x.X).(*ast.Ident)
		return ok && x.Op == token.AND && sp.Fn.Owns(info.Uses.Of(id))
	case *ast.SelectorExpr:
		if sel := info.Selections.Of(x); sel != nil {
			_, pointer := info.TypeOf(x.X).Underlying().(*types.Pointer)
			return sel.Kind() == types.MethodVal && pointer && w.stable(sp, x.X)
		}
		_, isFunc := info.Uses.Of(x.Sel).(*types.Func)
		return isFunc
	}
	return false
}

// typeText returns how a type is written at pos; false if it cannot be.
func (w *writer) typeText(pos token.Pos, t types.Type) (string, bool) {
	if t == nil {
		return "", false
	}
	ok := true
	if tuple, is := t.(*types.Tuple); is && tuple != nil {
		return "", false
	}
	text := types.TypeString(types.Default(t), func(p *types.Package) string {
		if p == w.pkg.Types {
			return ""
		}
		return w.Import(pos, p.Path())
	})
	if n, is := types.Unalias(t).(*types.Named); is && !w.pkg.Declares(n.Obj()) && n.Obj().Pkg() != nil && !n.Obj().Exported() {
		ok = false
	}
	return text, ok
}
