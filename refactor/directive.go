package refactor

import (
	"bytes"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
)

// A Directive is a comment that asks for findings to be ignored, in the form of
// staticcheck or of golangci-lint:
//
//	//lint:ignore RULE reason
//	//lint:file-ignore RULE reason
//	//nolint:handshake,RULE // reason
//
// RULE can be several names with commas between them. A directive in the first
// form is for the line of the statement, declaration or other syntax that it
// belongs to; in the third for its own line or, if it is above syntax and as far
// to the right, for all lines of that (staticcheck.dev/docs/configuration,
// golangci-lint.run/docs/linters/false-positives).
type Directive struct {
	Span            // of the comment
	Rules  []string // names, also those of other linters
	Reason string   // empty: the directive is void

	linter bool   // golangci-lint's: "handshake" and "all" stand for all rules
	whole  bool   // for the whole file
	lines  []line // those that it is for otherwise
}

// line is a range of lines, the last one included.
type line struct{ first, last int }

// linterName is what golangci-lint knows all rules by.
const linterName = "handshake"

// covers reports whether the directive asks for a finding of the rule, on a line
// of its file, to be ignored.
func (d *Directive) covers(rule string, at int) bool {
	if d.Reason == "" && !d.everybody() {
		return false
	}
	return d.names(rule) && (d.whole || slices.ContainsFunc(d.lines, func(l line) bool { return l.first <= at && at <= l.last }))
}

// names reports whether the rule is among those of the directive. Those of
// staticcheck may be patterns.
func (d *Directive) names(rule string) bool {
	return slices.ContainsFunc(d.Rules, func(name string) bool {
		if d.linter {
			return name == rule || name == linterName || name == "all"
		}
		ok, _ := path.Match(name, rule)
		return ok
	})
}

// everybody reports whether the directive is for all linters. They have no say
// in how it is written.
func (d *Directive) everybody() bool { return d.linter && slices.Contains(d.Rules, "all") }

// directives returns those of a file, in the order of their place.
func directives(fset *token.FileSet, f *File) []Directive {
	var out []Directive
	if bytes.Contains(f.Src, []byte("//lint:")) {
		out = append(out, lintDirectives(fset, f)...)
	}
	if bytes.Contains(f.Src, []byte("nolint")) {
		out = append(out, nolintDirectives(f)...)
	}
	slices.SortFunc(out, func(a, b Directive) int { return a.Start - b.Start })
	return out
}

// lintDirectives returns staticcheck's directives. As there, a comment belongs
// to the syntax that [ast.CommentMap] associates it with.
func lintDirectives(fset *token.FileSet, f *File) (out []Directive) {
	for node, groups := range ast.NewCommentMap(fset, f.Syntax, f.Syntax.Comments) {
		for _, g := range groups {
			for _, c := range g.List {
				command, rest, _ := strings.Cut(c.Text, " ")
				if command != "//lint:ignore" && command != "//lint:file-ignore" {
					continue
				}
				names, reason, _ := strings.Cut(strings.TrimSpace(rest), " ")
				d := Directive{Span: f.comment(c), Rules: strings.Split(strings.ToLower(names), ","), Reason: strings.TrimSpace(reason)}
				d.whole = command == "//lint:file-ignore"
				at := f.line(node.Pos())
				d.lines = []line{{at, at}}
				out = append(out, d)
			}
		}
	}
	return out
}

// nolintDirectives returns golangci-lint's directives.
func nolintDirectives(f *File) (out []Directive) {
	type place struct{ line, column int } // of syntax right below
	above := make(map[place][]int)
	for _, g := range f.Syntax.Comments {
		for _, c := range g.List {
			d, ok := nolint(c.Text)
			if !ok {
				continue
			}
			d.Span = f.comment(c)
			own := line{f.line(g.Pos()), f.line(g.End())}
			d.lines = []line{own}
			below := place{own.last + 1, f.column(g.Pos())}
			above[below] = append(above[below], len(out))
			out = append(out, d)
		}
	}
	if len(out) == 0 {
		return nil
	}
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		if n == nil {
			return false
		}
		first := f.line(n.Pos())
		for _, i := range above[place{first, f.column(n.Pos())}] {
			out[i].lines = append(out[i].lines, line{first, f.line(n.End())})
		}
		return true
	})
	return out
}

// nolint returns the directive that a comment is, without its place.
func nolint(text string) (d Directive, ok bool) {
	text, ok = strings.CutPrefix(strings.TrimLeft(text, "/ "), "nolint")
	d.linter = true
	list, named := strings.CutPrefix(text, ":")
	if !ok || !named && text != "" && text[0] != ' ' {
		return d, false
	}
	list, reason, _ := strings.Cut(list, "//")
	d.Rules, d.Reason = []string{"all"}, strings.TrimSpace(reason)
	if named {
		d.Rules = strings.Split(strings.ToLower(list), ",")
		for i, name := range d.Rules {
			d.Rules[i] = strings.TrimSpace(name)
		}
	}
	return d, true
}

// line returns the number of a line, column how far to the right a position is.
func (f *File) line(pos token.Pos) int   { return f.Tok.PositionFor(pos, false).Line }
func (f *File) column(pos token.Pos) int { return f.Tok.PositionFor(pos, false).Column }

// comment returns the span of a comment that ends with its line. The end that
// its syntax tells is of no use: the text there lacks carriage returns.
func (f *File) comment(c *ast.Comment) Span {
	start := f.Tok.Offset(c.Pos())
	return Span{f.Name, start, start + len(c.Text)}
}
