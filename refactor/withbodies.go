package refactor

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
)

// WithBodies returns the package with other contents of some of its files, by
// name, for those who look at it while somebody types: only the function bodies
// that differ are type-checked. It returns nil if anything else differs or a body
// has an error. What only a check of the whole package can tell is as it was
// before: which imports are unused, and whether variables are initialised in a
// circle.
//
// Like that of [Package.Try], the package lists an edited file twice;
// [Package.Place] tells where something is.
func (p *Package) WithBodies(sources map[string][]byte) *Package {
	if p.Types == nil {
		return nil
	}
	files := slices.Clone(p.Files)
	var changes []*bodyChange
	var parsed []*token.File
	defer func() {
		for _, f := range parsed {
			p.Fset.RemoveFile(f) // of no use, and there may be many until the next check
		}
	}()
	for i, old := range p.Files {
		src, ok := sources[old.Name]
		if !ok || bytes.Equal(src, old.Src) {
			continue
		}
		f := *old
		f.Src = src
		edited, text := oneBody(old, src)
		syntax, err := parser.ParseFile(p.Fset, old.Name, text, parser.ParseComments|parser.SkipObjectResolution)
		f.Syntax, f.Tok = syntax, p.Fset.File(syntax.FileStart)
		parsed = append(parsed, f.Tok)
		if err != nil {
			return nil
		}
		c := p.compare(old, &f, edited)
		if c == nil || edited == nil && (!slices.EqualFunc(old.Syntax.Imports, syntax.Imports, sameImport) || !slices.Equal(between(old), between(&f))) {
			return nil
		}
		files[i] = &f
		changes = append(changes, c)
	}
	info := p.checkBodies(changes)
	if info == nil {
		return nil
	}
	after := p.replaced(files, changes, info)
	after.Errors = slices.DeleteFunc(slices.Clone(p.Errors), func(e types.Error) bool {
		return slices.ContainsFunc(changes, func(c *bodyChange) bool {
			return slices.ContainsFunc(c.before, func(d *ast.FuncDecl) bool { return d.Pos() <= e.Pos && e.Pos < d.End() })
		})
	})
	parsed = nil
	return after
}

// oneBody returns the function in the body of which all is that differs from the
// old file, and the source with blanks for the other declarations: most of a file
// need not be parsed again for one key. It returns nil, and the source, if there is
// no such function.
func oneBody(old *File, src []byte) (edited *ast.FuncDecl, text []byte) {
	from, to := 0, len(old.Src) // what differs of old.Src
	for from < min(to, len(src)) && old.Src[from] == src[from] {
		from++
	}
	by := len(src) - len(old.Src)
	for to > max(from, from-by) && old.Src[to-1] == src[to+by-1] {
		to--
	}
	for _, d := range old.Syntax.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil && old.Tok.Offset(fn.Body.Lbrace) < from && to <= old.Tok.Offset(fn.Body.Rbrace) {
			edited = fn
		}
	}
	if edited == nil {
		return nil, src
	}
	text = bytes.Clone(src)
	for _, d := range ownDecls(old.Syntax) {
		s := old.Span(d.Pos(), d.End())
		if d.Pos() > edited.Pos() {
			s.Start, s.End = s.Start+by, s.End+by
		}
		for i := s.Start; i < s.End && d != edited; i++ {
			if text[i] != '\n' { // lines stay where they are
				text[i] = ' '
			}
		}
	}
	return edited, text
}

// between returns the text around the declarations of a file: comments there can
// be directives.
func between(f *File) (out []string) {
	at := 0
	for _, d := range f.Syntax.Decls {
		s := f.Span(d.Pos(), d.End())
		out = append(out, strings.TrimSpace(string(f.Src[at:s.Start])))
		at = s.End
	}
	return append(out, strings.TrimSpace(string(f.Src[at:])))
}

func sameImport(a, b *ast.ImportSpec) bool {
	name := func(s *ast.ImportSpec) string {
		if s.Name == nil {
			return ""
		}
		return s.Name.Name
	}
	return a.Path.Value == b.Path.Value && name(a) == name(b)
}

// before is the folder that the rest of an edited file is said to be in.
const before = "before"

// aside returns the name of what did not change of an edited file: offsets in a
// file of its own name are those after the edits.
func aside(name string) string {
	return filepath.Join(filepath.Dir(name), before, filepath.Base(name))
}

// Place returns where a span of a package that is Partial is in the edited files.
func (p *Package) Place(s Span) Span {
	dir, base := filepath.Split(s.File)
	name := strings.TrimSuffix(dir, before+string(filepath.Separator)) + base
	for _, m := range p.moved[name] {
		if aside(name) == s.File && m.from <= s.Start && s.End <= m.to {
			return Span{name, s.Start + m.by, s.End + m.by}
		}
	}
	return s
}

// A move is a declaration that is elsewhere after an edit.
type move struct{ from, to, by int }

// moves returns where the declarations of an edited file, which did not change,
// are now.
func (c *bodyChange) moves() []move {
	var out []move
	for i, d := range ownDecls(c.old.Syntax) {
		s := c.old.Span(d.Pos(), d.End())
		out = append(out, move{s.Start, s.End, c.at[i] - s.Start})
	}
	return out
}
