package refactor

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// Resolve makes a fix and proves that it may be offered: the edits apply to
// editable files of the package, the result parses and type-checks with no
// error that was not there before, every comment is still there, and what the
// rule proves of its rewrites holds. The error is the reason for withholding the
// fix.
func (p *Package) Resolve(fix Fix) (edits []Edit, err error) {
	defer func() {
		if v := recover(); v != nil {
			edits, err = nil, fmt.Errorf("internal error: %v", v)
		}
	}()
	edits, err = fix.Make()
	if err != nil {
		return nil, err
	}
	after, err := p.Try(edits)
	if err != nil {
		return nil, err
	}
	if err := fix.Prove(p, after, edits); err != nil {
		return nil, err
	}
	return edits, nil
}

// Try returns the package as it is after the edits, for [Rule.Prove] to look at,
// or an error that says why the edits must not be made. It fails if With does,
// and with the same error; but where only function bodies and imports change,
// nothing else is type-checked anew. The package then lists an edited file
// twice: as it was, without the functions that changed, and with nothing but these.
func (p *Package) Try(edits []Edit) (*Package, error) {
	files, err := p.edited(edits)
	if err != nil {
		return nil, err
	}
	if after := p.tryBodies(files); after != nil {
		return after, nil
	}
	return p.with(files)
}

// With returns the package as it is after the edits, parsed and type-checked
// anew, or an error that says why the edits must not be made.
func (p *Package) With(edits []Edit) (*Package, error) {
	files, err := p.edited(edits)
	if err != nil {
		return nil, err
	}
	return p.with(files)
}

// edited returns the files after the edits, in the order of Files. Their syntax
// is parsed where they changed and shared with p where not.
func (p *Package) edited(edits []Edit) ([]*File, error) {
	if len(edits) == 0 {
		return nil, errors.New("nothing to edit")
	}
	byFile := make(map[string][]Edit)
	for _, e := range edits {
		byFile[e.File] = append(byFile[e.File], e)
	}
	files := make([]*File, len(p.Files))
	for i, old := range p.Files {
		f := *old // its language version is set anew
		files[i] = &f
		edits, touched := byFile[old.Name]
		delete(byFile, old.Name)
		if !touched {
			continue // syntax is never changed: it serves both packages
		}
		if old.ReadOnly != "" {
			return nil, fmt.Errorf("%s is read-only: %s", old.Name, old.ReadOnly)
		}
		src, err := Apply(old.Src, edits)
		if err != nil {
			return nil, err
		}
		syntax, err := parser.ParseFile(p.Fset, old.Name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("the result does not parse: %w", err)
		}
		if lost := lostComment(old.Syntax, syntax, withdrawn(old.Src, edits)); lost != "" {
			return nil, fmt.Errorf("the comment %q would be lost", lost)
		}
		f.Src, f.Syntax, f.Tok = src, syntax, p.Fset.File(syntax.FileStart)
	}
	for name := range byFile {
		return nil, fmt.Errorf("%s is not part of package %s", name, p.Path)
	}
	return files, nil
}

// with returns the package that has the edited files instead of those of p.
func (p *Package) with(files []*File) (*Package, error) {
	new := Check(p.ID, p.Path, p.Fset, files, p.Config)
	if e := NewError(p.Errors, new.Errors); e != nil {
		return nil, fmt.Errorf("the result does not compile: %s", strings.Join(strings.Fields(e.Msg), " "))
	}
	new.Excluded = p.Excluded
	if err := outOfStep(p, new); err != nil {
		return nil, err
	}
	return new, nil
}

// Check type-checks the files, whose syntax is parsed, as one package. Errors
// are collected, not returned: a package with errors can still be looked at.
func Check(id, path string, fset *token.FileSet, files []*File, config types.Config) *Package {
	p := &Package{ID: id, Path: path, Fset: fset, Files: files, Config: config}
	info := newInfo()
	config.Error = collect(&p.Errors)
	syntax := make([]*ast.File, len(files))
	for i, f := range files {
		syntax[i] = f.Syntax
	}
	p.Types, _ = config.Check(path, fset, syntax, info) // errors are in p.Errors
	for _, f := range files {
		f.GoVersion = info.FileVersions[f.Syntax]
	}
	p.Info = whole(info)
	return p
}

func newInfo() *types.Info {
	return &types.Info{
		Types:        make(map[ast.Expr]types.TypeAndValue),
		Defs:         make(map[*ast.Ident]types.Object),
		Uses:         make(map[*ast.Ident]types.Object),
		Implicits:    make(map[ast.Node]types.Object),
		Selections:   make(map[*ast.SelectorExpr]*types.Selection),
		Scopes:       make(map[ast.Node]*types.Scope),
		FileVersions: make(map[*ast.File]string),
	}
}

// collect returns a handler that appends type errors to a list.
func collect(list *[]types.Error) func(error) {
	return func(err error) {
		var e types.Error
		if errors.As(err, &e) {
			*list = append(*list, e)
		}
	}
}

// NewError returns the first error of after that before does not have as
// often. Positions move with the edits, so errors are compared by message.
func NewError(before, after []types.Error) *types.Error {
	count := make(map[string]int)
	for _, e := range before {
		count[e.Msg]++
	}
	for _, e := range after {
		if count[e.Msg]--; count[e.Msg] < 0 {
			return &e
		}
	}
	return nil
}

// withdrawn counts the directives that edits take out, each by an edit of its
// own: that is on purpose.
func withdrawn(src []byte, edits []Edit) map[string]int {
	count := make(map[string]int)
	for _, e := range edits {
		if strings.TrimSpace(e.New) != "" || e.Start < 0 || e.End > len(src) || e.Start > e.End {
			continue
		}
		text := strings.TrimSpace(string(src[e.Start:e.End]))
		if _, is := nolint(text); !strings.Contains(text, "\n") && (is || strings.HasPrefix(text, "//lint:")) {
			count[CommentKey(text)]++
		}
	}
	return count
}

// lostComment returns the text of a comment that before has and after has not.
// The comments in withdrawn may be missing as often.
func lostComment(before, after *ast.File, withdrawn map[string]int) string {
	count := maps.Clone(withdrawn)
	for _, g := range after.Comments {
		for _, c := range g.List {
			count[CommentKey(c.Text)]++
		}
	}
	for _, g := range before.Comments {
		for _, c := range g.List {
			key := CommentKey(c.Text)
			if count[key]--; count[key] < 0 {
				return c.Text
			}
		}
	}
	return ""
}

// CommentKey returns the text of a comment without what indentation, formatting
// and line endings change: the white space around its lines.
func CommentKey(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n")
}

// Apply returns src with the edits, which lie in one file, made. It fails if
// they overlap or lie outside of src. Insertions at one place keep their order.
func Apply(src []byte, edits []Edit) ([]byte, error) {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b Edit) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	var out bytes.Buffer
	at := 0
	for _, e := range sorted {
		if e.Start < at || e.End < e.Start || e.End > len(src) {
			return nil, fmt.Errorf("edit [%d,%d) of %s overlaps another or lies outside of the file", e.Start, e.End, e.File)
		}
		out.Write(src[at:e.Start])
		out.WriteString(e.New)
		at = e.End
	}
	out.Write(src[at:])
	return out.Bytes(), nil
}
