package chanflow

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// writer finds the one statement that ends the loop, in a goroutine that the
// frame has started before it. It reports false where the loop waits for
// something else, or may.
func (l *pollLoop) writer() bool {
	read := l.Ref(l.Read)
	v, _ := read.Obj.(*types.Var)
	base, _ := read.Base.(*types.Var)
	if v == nil || base == nil || read.Elem || base.IsField() || base.Parent() == l.Pkg.Types.Scope() {
		return false // of this value or of another
	}
	l.Var = v
	decl, initial := l.declared(base)
	if v.IsField() {
		if l.visible(v) || l.Assigned(base) {
			return false // others may write it
		}
		decl, initial = nil, zero(v.Type())
	}
	if initial == nil || !l.stays(initial) {
		return false
	}
	var write inspector.Cursor
	var target ast.Expr
	writes, others := 0, false
	for _, cur := range l.references(v) {
		how, at := l.access(cur)
		switch {
		case how == lost:
			return false
		case how == written:
			writes++
			write, target = at, operandAt(cur)
		case !within(l.Loop, cur.Node()):
			others = true
		}
	}
	if writes != 1 || !l.spawned(write) || l.Spawn.Outside(l.Ref(target)).Base != types.Object(base) {
		return false
	}
	value := l.value(write.Node(), initial)
	if value != nil && l.stays(value) {
		return false // it waits for more than one write
	}
	l.Write = stmtOf(write)
	spawn := l.Anchor(l.Spawn.Stmt, l.Loop)
	switch outer := l.loopOf(l.cursor(l.Loop)); {
	case value == nil:
		l.Withheld = "what " + v.Name() + " is set to may not end the loop"
	case l.loopOf(write) != nil:
		l.Withheld = "the goroutine may write " + v.Name() + " more than once"
	case spawn != l.Spawn.Stmt:
		l.Withheld = "more than one goroutine may write " + v.Name() + ", or none"
	case l.loopAt(base.Pos()) != outer || l.Spawn.Loop() != outer:
		l.Withheld = v.Name() + " outlives the goroutine, and so does what it was set to"
	case !l.whole(write.Node()):
		l.Withheld = "the write is part of a larger statement"
	default:
		if l.Withheld = l.named(); l.Withheld == "" {
			l.tell(l.Spawn.Body.Body)
		}
	}
	l.Flag = value != nil && value.Kind() == constant.Bool && constant.BoolVal(value)
	if !others {
		l.Decl = decl
	}
	return true
}

// spawned reports whether a write is in the body of a goroutine that was started
// before the loop, by the same frame.
func (l *pollLoop) spawned(write inspector.Cursor) bool {
	w := l.FuncOf(write.Node().Pos())
	for _, sp := range l.Sleep.Fn.Spawns {
		if sp.Body == w && w != nil && l.Anchor(sp.Stmt, l.Loop) != nil {
			l.Spawn = sp
		}
	}
	return l.Spawn != nil
}

// named returns why a declared function that the goroutine runs cannot get the
// channel as a parameter, or "".
func (l *pollLoop) named() string {
	body := l.Spawn.Body
	if l.Spawn.Lit() != nil {
		return ""
	}
	calls, all := l.Callers(body)
	switch {
	case l.Spawn.Kind != GoStmt || body.Decl == nil:
		return "the goroutine runs a function value"
	case body.Obj.Exported():
		return body.Name() + " is exported: its signature must not change"
	case !all || len(calls) != 1:
		return body.Name() + " is used in other places too"
	}
	return ""
}

// operandAt returns the variable or selector that an identifier ends.
func operandAt(cur inspector.Cursor) ast.Expr {
	if k, _ := cur.ParentEdge(); k == edge.SelectorExpr_Sel {
		cur = cur.Parent()
	}
	return cur.Node().(ast.Expr)
}

// tell finds the place at which the goroutine may tell. Where the loop takes a
// lock it has seen the variable only after the goroutine had left its locked
// part.
func (l *pollLoop) tell(body *ast.BlockStmt) {
	l.Told = l.Write
	if !l.locked {
		return
	}
	list, i := siblings(l.cursor(l.Write))
	for _, st := range list[i+1:] {
		if n, ok := l.locks(st); ok && n < 0 {
			if l.Told != l.Write {
				l.Told = st
			}
			return
		}
		if !plain(st) {
			break
		}
		l.Told = st
	}
	if l.Told != l.Write || l.Write != body.List[len(body.List)-1] {
		l.Withheld = "the goroutine does more under the lock that the loop takes"
	}
}

// whole reports whether the write is a statement of its own in a block.
func (l *pollLoop) whole(write ast.Node) bool {
	if e, ok := l.Write.(*ast.ExprStmt); ok && e.X != write || !ok && l.Write != write {
		return false
	}
	list, _ := siblings(l.cursor(l.Write))
	return list[0] != nil
}

func (m *Model) cursor(n ast.Node) inspector.Cursor {
	cur, _ := m.root.FindNode(n)
	return cur
}

// loopAt returns the innermost loop around a position, within its frame, or
// nil.
func (m *Model) loopAt(pos token.Pos) ast.Stmt {
	cur, ok := m.root.FindByPos(pos, pos)
	if !ok {
		return nil
	}
	return m.loopOf(cur)
}

// declared returns the statement that declares nothing but the variable, and
// its value then; nil if it is declared otherwise or the value is not constant.
func (l *pollLoop) declared(v *types.Var) (ast.Stmt, constant.Value) {
	cur, ok := l.root.FindByPos(v.Pos(), v.Pos())
	if !ok {
		return nil, nil
	}
	for c := range cur.Enclosing((*ast.AssignStmt)(nil), (*ast.DeclStmt)(nil), (*ast.FuncType)(nil), (*ast.FuncLit)(nil)) {
		switch n := c.Node().(type) {
		case *ast.AssignStmt:
			if list, _ := siblings(c); n.Tok == token.DEFINE && len(n.Lhs) == 1 && len(n.Rhs) == 1 && list[0] != nil {
				return n, l.Pkg.Info.Types.Of(n.Rhs[0]).Value
			}
		case *ast.DeclStmt:
			g := n.Decl.(*ast.GenDecl)
			spec, ok := g.Specs[0].(*ast.ValueSpec)
			switch {
			case !ok || len(g.Specs) != 1 || len(spec.Names) != 1:
			case len(spec.Values) == 0:
				return n, zero(v.Type())
			default:
				return n, l.Pkg.Info.Types.Of(spec.Values[0]).Value
			}
		}
		break
	}
	return nil, nil
}

// zero returns what a variable of a basic or atomic type holds at first, or nil.
func zero(t types.Type) constant.Value {
	if pkg, name := named(t); pkg == "sync/atomic" {
		switch name {
		case "Bool":
			return constant.MakeBool(false)
		case "Int32", "Int64", "Uint32", "Uint64":
			return constant.MakeInt64(0)
		}
		return nil
	}
	b, ok := t.Underlying().(*types.Basic)
	switch {
	case !ok:
	case b.Info()&types.IsBoolean != 0:
		return constant.MakeBool(false)
	case b.Info()&types.IsInteger != 0:
		return constant.MakeInt64(0)
	}
	return nil
}

// references returns the identifiers that refer to a variable or field.
func (m *Model) references(v *types.Var) (out []inspector.Cursor) {
	nodes := m.root.Preorder((*ast.Ident)(nil))
	if !v.IsField() {
		nodes = m.root.decl(v.Pos()).cursor().Preorder((*ast.Ident)(nil))
	}
	for cur := range nodes {
		if origin(m.Pkg.Info.Uses.Of(cur.Node().(*ast.Ident))) == types.Object(v) {
			out = append(out, cur)
		}
	}
	return out
}

// use is what is done with a variable.
type use int

const (
	read    use = iota
	written     // assigned, or changed by a method or function of sync/atomic
	lost        // its address goes somewhere
)

// access returns what an identifier does with its variable and, for a write,
// the assignment or call.
func (l *pollLoop) access(cur inspector.Cursor) (use, inspector.Cursor) {
	k, _ := cur.ParentEdge()
	if k == edge.SelectorExpr_Sel {
		cur = cur.Parent()
		k, _ = cur.ParentEdge()
	}
	for k == edge.ParenExpr_X {
		cur = cur.Parent()
		k, _ = cur.ParentEdge()
	}
	parent := cur.Parent()
	switch k {
	case edge.AssignStmt_Lhs, edge.IncDecStmt_X, edge.KeyValueExpr_Key:
		return written, parent
	case edge.RangeStmt_Key, edge.RangeStmt_Value:
		return lost, parent
	case edge.UnaryExpr_X:
		if parent.Node().(*ast.UnaryExpr).Op != token.AND {
			return read, parent
		}
		call, ok := parent.Parent().Node().(*ast.CallExpr)
		if f := (*types.Func)(nil); ok {
			if f = l.Static(call); f != nil && f.Pkg() != nil && f.Pkg().Path() == "sync/atomic" {
				if startsWith(f.Name(), "Load") {
					return read, parent
				}
				return written, parent.Parent()
			}
		}
		return lost, parent
	case edge.SelectorExpr_X: // a method of an atomic, or of a named bool
		call, ok := parent.Parent().Node().(*ast.CallExpr)
		if !ok || call.Fun != parent.Node() {
			return lost, parent
		}
		if f := l.Static(call); f == nil || f.Pkg() == nil || f.Pkg().Path() != "sync/atomic" {
			return lost, parent
		} else if f.Name() == "Load" {
			return read, parent
		}
		return written, parent.Parent()
	}
	return read, parent
}

// value returns what the variable is after the write, or nil if that is not
// certain.
func (l *pollLoop) value(write ast.Node, initial constant.Value) constant.Value {
	plus := func(e ast.Expr) constant.Value {
		if v := l.Pkg.Info.Types.Of(e).Value; v != nil && v.Kind() == constant.Int && initial.Kind() == constant.Int {
			return constant.BinaryOp(initial, token.ADD, v)
		}
		return nil
	}
	switch w := write.(type) {
	case *ast.AssignStmt:
		switch {
		case len(w.Lhs) != 1 || len(w.Rhs) != 1:
		case w.Tok == token.ASSIGN:
			return l.Pkg.Info.Types.Of(w.Rhs[0]).Value
		case w.Tok == token.ADD_ASSIGN:
			return plus(w.Rhs[0])
		}
	case *ast.IncDecStmt:
		if initial.Kind() == constant.Int {
			op := token.ADD
			if w.Tok == token.DEC {
				op = token.SUB
			}
			return constant.BinaryOp(initial, op, constant.MakeInt64(1))
		}
	case *ast.CallExpr:
		if len(w.Args) == 0 {
			return nil // it does not compile
		}
		last := w.Args[len(w.Args)-1]
		switch name := l.Static(w).Name(); {
		case startsWith(name, "Store"):
			return l.Pkg.Info.Types.Of(last).Value
		case startsWith(name, "Add"):
			return plus(last)
		}
	}
	return nil
}
