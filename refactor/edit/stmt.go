package edit

import (
	"bytes"
	"errors"
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"handshake/refactor"
)

// ReplaceNode replaces a node by the code. Comments before and behind it stay;
// those inside of it that the code does not repeat move above the statement or
// declaration that the node is part of. So does a comment at the end of the line
// of a statement that becomes several lines: it speaks of all of them.
func (b *Builder) ReplaceNode(n ast.Node, code string) {
	f := b.file(n.Pos())
	if f == nil {
		return
	}
	start, end := f.off(n.Pos()), f.off(n.End())
	comments := f.inside(start, end, code)
	by := indentation(f.Src, start)
	if p, ok := f.placeOf(n); ok {
		at := f.off(p.elem().Pos())
		_, ownLine := f.startsLine(at)
		if c, ok := f.trailing(start, end); ok && ownLine && n == p.elem() && strings.Contains(code, "\n") {
			comments = append(comments, unix(c.text))
			f.do(op{start: len(strings.TrimRight(string(f.Src[:c.start]), " \t")), end: c.end, rank: between})
		}
		if !ownLine && (len(comments) > 0 || strings.Contains(code, "\n")) {
			f.openUp(p.list)
			by = f.indentOf(p.list)
		}
		if lines := indent(strings.Join(comments, "\n"), f.indentOf(p.list)); lines == "" {
			// nothing to move
		} else if ownLine {
			at = lineStart(f.Src, at)
			f.do(op{start: at, end: at, text: lines + "\n", rank: before})
		} else {
			f.insertInGap(p.list, p.i, lines, before)
		}
	} else if len(comments) > 0 {
		b.fail(errors.New("there is no place for the comments in a node to replace"))
	}
	f.do(op{start: start, end: end, text: hang(code, by), rank: between})
}

// trailing returns the comment between what is from start to end and the end of
// its line, if that is its only line and the comment does not go on below.
func (f *file) trailing(start, end int) (comment, bool) {
	at := skipSpace(f.Src, end)
	i := slices.IndexFunc(f.comments, func(c comment) bool { return c.start == at })
	if i < 0 || bytes.Contains(f.Src[start:f.comments[i].end], []byte("\n")) {
		return comment{}, false
	}
	if rest := skipSpace(f.Src, f.comments[i].end); rest < len(f.Src) && f.Src[rest] != '\n' {
		return comment{}, false
	}
	if next := skipSpace(f.Src, nextLine(f.Src, f.comments[i].end)); bytes.HasPrefix(f.Src[next:], []byte("//")) {
		return comment{}, false
	}
	return f.comments[i], true
}

// inside returns the texts of the comments from start to end that the code
// does not repeat.
func (f *file) inside(start, end int, code string) (comments []string) {
	repeated := make(map[string]int)
	scan([]byte(code), func(_ int, tok token.Token, lit string) {
		if tok == token.COMMENT {
			repeated[refactor.CommentKey(lit)]++
		}
	})
	for _, c := range f.comments {
		if start <= c.start && c.start < end {
			if key := refactor.CommentKey(c.text); repeated[key] > 0 {
				repeated[key]--
			} else {
				comments = append(comments, unix(c.text))
			}
		}
	}
	return comments
}

// DeleteStmt deletes a statement, with its line if it has that to itself.
// Comments on the line and inside of the statement are kept on lines of their
// own. Blank lines above and below the statement become one, or none at the
// start or end of a block.
func (b *Builder) DeleteStmt(stmt ast.Stmt) {
	if f, _, ok := b.element(stmt); ok {
		f.delete(stmt)
	}
}

// TakeStmt deletes a statement like DeleteStmt, but returns the comment behind it
// on its line for who puts another statement in its place elsewhere.
func (b *Builder) TakeStmt(stmt ast.Stmt) (behind string) {
	f, _, ok := b.element(stmt)
	if !ok {
		return ""
	}
	start, end, ok := f.lines(stmt)
	if ok {
		behind = strings.TrimSpace(unix(string(f.Src[f.off(stmt.End()):end])))
	}
	if !ok || !strings.HasPrefix(behind, "//") || skipBack(f.Src, f.off(stmt.Pos())) != start || len(f.inside(f.off(stmt.Pos()), f.off(stmt.End()), "")) > 0 {
		f.delete(stmt)
		return ""
	}
	f.do(op{start: start, end: nextLine(f.Src, end), rank: between, tidy: true})
	return behind
}

func (f *file) delete(n ast.Node) {
	start, end := f.off(n.Pos()), f.off(n.End())
	comments := f.inside(start, end, "")
	first := skipBack(f.Src, start)
	alone := first == lineStart(f.Src, start) // at the start of its line
	last := skipSpace(f.Src, end)
	if last < len(f.Src) && f.Src[last] == ';' {
		last = skipSpace(f.Src, last+1)
	}
	ended := last == len(f.Src) || f.Src[last] == '\n'
	switch {
	case alone && ended && len(comments) == 0:
		f.do(op{start: first, end: nextLine(f.Src, last), rank: between, tidy: true})
		return
	case ended:
		if len(comments) == 0 {
			start = first // no space is left at the end of the line
		}
		last = end
	}
	// Line comments need a line break behind them; what follows is then on a
	// line of its own.
	text := strings.Join(comments, "\n")
	if text != "" && !ended {
		text += "\n"
	}
	f.do(op{start: start, end: last, text: hangAll(text, indentation(f.Src, start)), rank: between})
}

// hangAll is like hang for comments, but keeps a line break at the end and
// indents what follows it.
func hangAll(comments, by string) string {
	text := hang(comments, by)
	if strings.HasSuffix(comments, "\n") {
		text += "\n" + by
	}
	return text
}
