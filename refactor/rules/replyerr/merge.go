package replyerr

import (
	"errors"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
)

// merge makes one case of the two that receive: its body tells them apart.
func (w *writer) merge() error {
	sel := w.pair.Value.Recvs[0].Select
	v, err := w.take(sel, w.pair.Value.Recvs[0], w.in+".value")
	if err != nil {
		return err
	}
	e, err := w.take(sel, w.pair.Err.Recvs[0], w.in+".err")
	if err != nil {
		return err
	}
	first, second := v, e
	if e.clause.Pos() < v.clause.Pos() {
		first, second = e, v
	}
	code := "case " + w.in + " := <-" + w.ch + ":\n\tif " + w.in + ".err != nil {\n" + indented(e.body, "\t\t") + "\t}"
	switch {
	case v.body == "":
		code += "\n"
	case leaves(e.clause.Body):
		code += "\n" + indented(v.body, "\t")
	default:
		code += " else {\n" + indented(v.body, "\t\t") + "\t}\n"
	}
	margin := w.margin(sel.Pos())
	code = indented(code, margin)
	f := w.pkg.FileOf(sel.Pos())
	start := f.Tok.LineStart(f.Tok.Line(first.clause.Pos()))
	if second.clause.Pos() == first.end || strings.TrimSpace(f.Text(first.end, second.clause.Pos())) == "" {
		w.Replace(start, second.line, code)
		return nil
	}
	w.Replace(start, first.line, code)
	w.Delete(f.Tok.LineStart(f.Tok.Line(second.clause.Pos())), second.line)
	return nil
}

// A body is what a case does with what it has received.
type body struct {
	clause *ast.CommClause
	body   string    // without the indentation of its first line
	end    token.Pos // of the clause and its comments
	line   token.Pos // start of the line that follows
}

// take returns the body of the case that receives, with value for what it has
// received.
func (w *writer) take(sel *ast.SelectStmt, recv *chanflow.Op, value string) (*body, error) {
	f := w.pkg.FileOf(sel.Pos())
	b := new(body)
	b.line = f.Tok.LineStart(f.Tok.Line(sel.Body.Rbrace))
	for _, c := range slices.Backward(sel.Body.List) {
		clause := c.(*ast.CommClause)
		if clause.Comm != nil && clause.Comm.Pos() <= recv.Node.Pos() && recv.Node.End() <= clause.Comm.End() {
			b.clause = clause
			break
		}
		b.line = f.Tok.LineStart(f.Tok.Line(clause.Pos()))
	}
	b.end = b.line
	from := b.clause.Colon + 1
	if f.Tok.Line(b.clause.Pos()) != f.Tok.Line(b.clause.Colon) || f.Tok.Line(from) == f.Tok.Line(b.line) {
		return nil, errors.New("the cases are not on lines of their own")
	}
	if next := f.Tok.LineStart(f.Tok.Line(from) + 1); strings.TrimSpace(f.Text(from, next)) == "" {
		from = next
	} else if len(b.clause.Body) > 0 && f.Tok.Line(b.clause.Body[0].Pos()) == f.Tok.Line(from) {
		return nil, errors.New("the cases are not on lines of their own")
	}
	head := ""
	var v *types.Var
	if a, ok := b.clause.Comm.(*ast.AssignStmt); ok {
		lhs := a.Lhs[0]
		if id, ok := lhs.(*ast.Ident); ok && a.Tok == token.DEFINE {
			v, _ = w.pkg.Info.Defs.Of(id).(*types.Var)
			if v != nil && chanflow.Of(w.pkg).Assigned(v) {
				head, v = id.Name+" := "+value+"\n", nil
			}
		} else {
			head = w.Text(lhs) + " = " + value + "\n"
		}
	}
	text, err := w.replaced(f, from, b.line, v, value)
	if err != nil {
		return nil, err
	}
	b.body = head + text
	return b, nil
}

// replaced returns the source between the positions, moved to the left margin,
// with the value for the variable.
func (w *writer) replaced(f *refactor.File, from, to token.Pos, v *types.Var, value string) (string, error) {
	text := f.Text(from, to)
	if strings.Contains(text, "`") {
		return "", errors.New("a case holds a raw string, whose lines must not move")
	}
	if v != nil {
		var uses []*ast.Ident
		for id, obj := range w.pkg.Info.Uses.All() {
			if obj == types.Object(v) {
				uses = append(uses, id)
			}
		}
		slices.SortFunc(uses, func(a, b *ast.Ident) int { return int(b.Pos() - a.Pos()) })
		for _, id := range uses {
			at := int(id.Pos() - from)
			text = text[:at] + value + text[at+len(id.Name):]
		}
	}
	margin := w.margin(from) // of the case
	if lines := strings.SplitAfter(text, "\n"); len(lines) > 0 {
		margin = lines[0][:len(lines[0])-len(strings.TrimLeft(lines[0], " \t"))]
		for i, l := range lines {
			lines[i] = strings.TrimPrefix(l, margin)
		}
		text = strings.Join(lines, "")
	}
	if text = strings.TrimRight(text, " \t\n"); text != "" {
		text += "\n"
	}
	return text, nil
}

// margin returns the indentation of the line.
func (w *writer) margin(pos token.Pos) string {
	f := w.pkg.FileOf(pos)
	line := f.Text(f.Tok.LineStart(f.Tok.Line(pos)), pos)
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

// indented puts the indentation before each line that has something on it.
func indented(text, by string) string {
	lines := strings.SplitAfter(text, "\n")
	for i, l := range lines {
		if strings.TrimSpace(l) != "" {
			lines[i] = by + l
		}
	}
	return strings.Join(lines, "")
}

// leaves reports whether nothing follows the statements.
func leaves(list []ast.Stmt) bool {
	if len(list) == 0 {
		return false
	}
	switch s := list[len(list)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		if !ok {
			return false
		}
		id, ok := ast.Unparen(call.Fun).(*ast.Ident)
		return ok && id.Name == "panic"
	}
	return false
}
