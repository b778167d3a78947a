package edit

import (
	"errors"
	"go/ast"
	"strings"
)

// Move moves a statement, with the comments that belong to it, to lines of its
// own above another. It must have its lines to itself.
func (b *Builder) Move(stmt, to ast.Stmt) {
	f, _, ok := b.element(stmt)
	if !ok {
		return
	}
	start, end, ok := f.lines(stmt)
	if !ok {
		b.fail(errors.New("a statement to move shares its line with others"))
		return
	}
	start = f.leading(start)
	text := dedent(string(f.Src[skipSpace(f.Src, start):end]), indentation(f.Src, start))
	f.do(op{start: start, end: nextLine(f.Src, end), rank: between, tidy: true})
	b.InsertBefore(to, text)
}

// lines returns the start of the line that a statement starts on, and the end of
// the comments behind it, if there is nothing else on its lines.
func (f *file) lines(stmt ast.Stmt) (start, end int, ok bool) {
	at := f.off(stmt.Pos())
	start, ok1 := f.startsLine(at)
	end, ok2 := f.endsLine(f.off(stmt.End()))
	return start, end, ok1 && ok2 && start == lineStart(f.Src, at)
}

// DeleteStmtFor deletes a statement for which another one of the same function,
// the heir, stands from now on. The heir gets the comments that speak of the
// deleted one: that behind it on its line, and those right above it for which
// speaks reports true. Other comments stay, as with DeleteStmt.
func (b *Builder) DeleteStmtFor(stmt, heir ast.Stmt, speaks func(comment string) bool) {
	f, _, ok := b.element(stmt)
	if !ok {
		return
	}
	start, end, ok := f.lines(stmt)
	behind := ""
	if ok {
		behind = strings.TrimSpace(unix(string(f.Src[f.off(stmt.End()):end])))
	}
	before := func() bool { return strings.TrimSpace(string(f.Src[start:f.off(stmt.Pos())])) != "" }
	if !ok || before() || len(f.inside(f.off(stmt.Pos()), f.off(stmt.End()), "")) > 0 || strings.HasPrefix(behind, ";") || strings.Contains(behind, "\n") {
		f.delete(stmt)
		return
	}
	above := ""
	if lead := f.leading(start); lead < start {
		text := unix(string(f.Src[lead:start]))
		below := nextLine(f.Src, end)
		next := heir.Pos() > stmt.Pos()
		detached := next && below < len(f.Src) && skipSpace(f.Src, below) < len(f.Src) && f.Src[skipSpace(f.Src, below)] == '\n'
		if speaks(text) && (!next || detached) {
			above = dedent(strings.TrimSpace(text), indentation(f.Src, start))
			start = lead
		}
	}
	f.do(op{start: start, end: nextLine(f.Src, end), rank: between, tidy: true})
	if line, alone := f.startsLine(f.off(heir.Pos())); above != "" && alone && heir.Pos() < stmt.Pos() {
		indent := indentation(f.Src, f.off(heir.Pos())) // below what is said of the heir already
		f.do(op{start: line, end: line, text: indent + strings.ReplaceAll(above, "\n", "\n"+indent) + "\n", rank: between})
	} else if above != "" {
		b.InsertBefore(heir, above)
	}
	if behind == "" {
		return
	}
	at := f.off(heir.End())
	last, ends := f.endsLine(at)
	if _, alone := f.startsLine(f.off(heir.Pos())); heir.Pos() < stmt.Pos() && alone && ends && strings.TrimSpace(string(f.Src[at:last])) == "" &&
		lineStart(f.Src, at) == lineStart(f.Src, f.off(heir.Pos())) {
		f.do(op{start: at, end: at, text: " " + behind, rank: between})
		return
	}
	b.InsertBefore(heir, behind)
}
