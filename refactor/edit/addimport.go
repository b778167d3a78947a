package edit

import (
	"cmp"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/module"
)

// addImport inserts an import: into the parenthesised declaration with the
// imports that are most like it, else beside the single ones. The name is
// written only if the path does not tell it.
func (f *file) addImport(path, name string) {
	var decls []*ast.GenDecl
	for _, d := range f.Syntax.Decls {
		if decl, ok := d.(*ast.GenDecl); ok && decl.Tok == token.IMPORT {
			if len(decl.Specs) == 1 && importPath(decl.Specs[0].(*ast.ImportSpec)) == "C" {
				continue // its comment is a preamble
			}
			decls = append(decls, decl)
		}
	}
	line := strconv.Quote(path)
	if !tells(path, name) {
		line = name + " " + line
	}
	if i := slices.IndexFunc(decls, func(d *ast.GenDecl) bool { return d.Lparen.IsValid() }); i >= 0 {
		best := decls[i]
		for _, d := range decls[i+1:] {
			if d.Lparen.IsValid() && likeness(d, path) > likeness(best, path) {
				best = d
			}
		}
		f.addSpec(best, path, line)
		return
	}
	switch len(decls) {
	case 0:
		f.addFirstImport("import " + line)
	case 1:
		old := decls[0].Specs[0]
		start := f.off(old.Pos())
		end, ok := f.endsLine(f.off(old.End()))
		if !ok {
			end = f.off(old.End())
		}
		end = skipBack(f.Src, end)
		opening, closing := "(\n\t", "\n)"
		if path < importPath(old.(*ast.ImportSpec)) {
			opening += line + "\n\t"
		} else {
			closing = "\n\t" + line + closing
		}
		f.do(op{start: start, end: start, text: opening, rank: before})
		f.do(op{start: end, end: end, text: closing, rank: after})
	default:
		p := slices.IndexFunc(decls, func(d *ast.GenDecl) bool { return path < importPath(d.Specs[0].(*ast.ImportSpec)) })
		if p == 0 {
			at := f.leading(lineStart(f.Src, f.off(decls[0].Pos())))
			f.insertLines(at, "import "+line, before)
			return
		} else if p < 0 {
			p = len(decls)
		}
		end, _ := f.endsLine(f.off(decls[p-1].End()))
		f.insertLines(nextLine(f.Src, end), "import "+line, after)
	}
}

// tells reports whether the path of a package ends in its name, but for a
// version.
func tells(importPath, name string) bool {
	prefix, _, ok := module.SplitPathVersion(importPath)
	return path.Base(importPath) == name || ok && path.Base(prefix) == name
}

// likeness returns how many path elements the closest import of a declaration
// shares with path; packages of the standard library are alike.
func likeness(d *ast.GenDecl, path string) int {
	best := -1
	for _, spec := range d.Specs {
		best = max(best, alike(importPath(spec.(*ast.ImportSpec)), path))
	}
	return best
}

func alike(a, b string) int {
	if standard(a) != standard(b) {
		return -1
	}
	n := 0
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	for n < len(as) && n < len(bs) && as[n] == bs[n] {
		n++
	}
	return n
}

// standard reports whether the path looks like one of the standard library.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// addSpec inserts a line into a parenthesised import declaration: in its order
// within the run of lines that is most like it, or as a run of its own.
func (f *file) addSpec(decl *ast.GenDecl, path, line string) {
	l, _ := f.listOf(decl, nil)
	if len(l.elems) == 0 {
		f.insertLast(l, line)
		return
	}
	var runs [][2]int // of elements without a blank line between them
	for i := range l.elems {
		if i == 0 || f.blankBetween(l.elems[i-1], l.elems[i]) {
			runs = append(runs, [2]int{i, i})
		}
		runs[len(runs)-1][1] = i + 1
	}
	pathOf := func(i int) string { return importPath(l.elems[i].(*ast.ImportSpec)) }
	score := func(run [2]int) int {
		best := -1
		for i := run[0]; i < run[1]; i++ {
			best = max(best, alike(pathOf(i), path))
		}
		return best
	}
	best := slices.MaxFunc(runs, func(a, b [2]int) int { return cmp.Compare(score(a), score(b)) })
	switch {
	case score(best) >= 0:
		for i := best[0]; i < best[1]; i++ {
			if path < pathOf(i) {
				f.insertBefore(place{l, i}, line)
				return
			}
		}
		f.insertAfter(place{l, best[1] - 1}, line)
	case standard(path):
		l.apart = true // a blank line between runs, as between declarations
		f.insertBefore(place{l, 0}, line)
	default:
		l.apart = true
		f.insertAfter(place{l, len(l.elems) - 1}, line)
	}
}

// blankBetween reports whether a blank line is between two nodes.
func (f *file) blankBetween(a, b ast.Node) bool {
	at, _ := f.startsLine(f.off(b.Pos()))
	at = f.leading(at)
	return at > 0 && f.off(a.End()) < at && strings.TrimSpace(string(f.Src[lineStart(f.Src, at-1):at])) == ""
}

// addFirstImport inserts an import into a file without any but that of "C",
// which stays first.
func (f *file) addFirstImport(line string) {
	end := f.off(f.Syntax.Name.End())
	for _, d := range f.Syntax.Decls {
		if decl, ok := d.(*ast.GenDecl); ok && decl.Tok == token.IMPORT {
			end = f.off(decl.End())
		}
	}
	last, ok := f.endsLine(end)
	if !ok {
		start, stop := end, skipSpace(f.Src, end)
		if f.Src[stop] == ';' {
			stop = skipSpace(f.Src, stop+1)
		}
		f.do(op{start: start, end: stop, text: "\n\n" + line + "\n\n", rank: between})
		return
	}
	at := nextLine(f.Src, last)
	if at < len(f.Src) && strings.TrimSpace(string(f.Src[at:nextLine(f.Src, at)])) != "" {
		line += "\n"
	}
	f.insertLines(at, "\n"+line, after)
}
