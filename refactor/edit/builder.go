// Package edit builds the edits of a fix. A rule says what changes in terms of
// syntax (a statement before this one, a parameter more, this node gone); the
// builder sees to indentation, comments, line endings, imports and formatting,
// so that a fix touches what it must and loses nothing.
//
// Code that is handed in is written with tabs from column 0 and with "\n"; it
// is indented to its place and gets the line endings of its neighbours.
package edit

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"handshake/refactor"
)

// A Builder collects the edits of one fix of one package. Mistakes in its use
// and places that cannot be edited are reported by [Builder.Edits]. It is not
// safe for concurrent use.
type Builder struct {
	pkg    *refactor.Package
	files  map[*refactor.File]*file
	errs   []error
	names  map[ast.Node]map[string]bool        // handed out by Fresh, by top-level declaration
	fields map[*types.TypeName]map[string]bool // handed out by FreshField, by type
	added  map[ast.Node]int                    // parameters and arguments added, by list or call
}

// New returns a builder of edits to the package, which stays as it is.
func New(pkg *refactor.Package) *Builder {
	return &Builder{
		pkg:    pkg,
		files:  make(map[*refactor.File]*file),
		names:  make(map[ast.Node]map[string]bool),
		fields: make(map[*types.TypeName]map[string]bool),
		added:  make(map[ast.Node]int),
	}
}

// A file is a source file with what is to be done to it.
type file struct {
	*refactor.File
	comments []comment
	ops      []op
	imports  map[string]string // names of the imports to add, by path
}

// An op replaces the bytes from start to end. Several ops may insert at one
// place; rank, then the order of the calls, says how they follow each other.
type op struct {
	start, end int
	text       string
	rank       rank
	tidy       bool // whole lines go: join the blank lines around them
}

type rank int

const (
	after   rank = iota // belongs to what ends here
	between             // raw
	before              // belongs to what starts here
	broken              // a line break that opens a one-line list
)

// file returns the file that holds pos; nil after an error.
func (b *Builder) file(pos token.Pos) *file {
	f := b.pkg.FileOf(pos)
	if f == nil || !pos.IsValid() {
		b.fail(errors.New("a position to edit lies outside of the package"))
		return nil
	}
	if b.files[f] == nil {
		b.files[f] = &file{File: f, comments: commentsOf(f), imports: make(map[string]string)}
	}
	return b.files[f]
}

func (b *Builder) fail(err error) { b.errs = append(b.errs, err) }

func (f *file) off(pos token.Pos) int { return f.Tok.Offset(pos) }

// do records an op. The same line break is asked for more than once.
func (f *file) do(o op) {
	if o.rank == broken && slices.Contains(f.ops, o) {
		return
	}
	f.ops = append(f.ops, o)
}

// Insert inserts the text at pos as it is. Several insertions at one place keep
// their order.
func (b *Builder) Insert(pos token.Pos, text string) { b.Replace(pos, pos, text) }

// Replace replaces the source from pos to end by the text as it is.
func (b *Builder) Replace(pos, end token.Pos, text string) {
	if f := b.file(pos); f != nil {
		f.do(op{start: f.off(pos), end: f.off(end), text: text, rank: between})
	}
}

// Delete deletes the source from pos to end.
func (b *Builder) Delete(pos, end token.Pos) { b.Replace(pos, end, "") }

// HasComment reports whether a comment begins from pos to end.
func (b *Builder) HasComment(pos, end token.Pos) bool {
	f := b.file(pos)
	return f != nil && len(f.inside(f.off(pos), f.off(end), "")) > 0
}

// Text returns the source text of a node, in the form in which code is handed
// in: lines that follow the first are moved left by the indentation of the
// line on which the node starts.
func (b *Builder) Text(n ast.Node) string {
	f := b.file(n.Pos())
	if f == nil {
		return ""
	}
	return dedent(f.Text(n.Pos(), n.End()), indentation(f.Src, f.off(n.Pos())))
}

// Edits returns the edits that make the fix, as small as they can be, in the
// order of their place. A file that was formatted with gofmt stays so; in any
// other nothing but the lines in question is touched. Imports that lose their
// last use are removed.
//
// It fails if edits overlap, touch a read-only file or a declaration that
// contains a type error, if the result does not parse, or if a method of the
// builder was asked for something impossible.
func (b *Builder) Edits() ([]refactor.Edit, error) {
	if err := errors.Join(b.errs...); err != nil {
		return nil, err
	}
	var edits []refactor.Edit
	for _, f := range b.pkg.Files { // their order is fixed, that of a map is not
		f := b.files[f]
		if f == nil || len(f.ops) == 0 && len(f.imports) == 0 {
			continue
		}
		if err := b.mayEdit(f); err != nil {
			return nil, err
		}
		changed, err := b.finish(f)
		if err != nil {
			return nil, err
		}
		edits = append(edits, diff(f.Name, f.Src, changed)...)
	}
	slices.SortStableFunc(edits, func(a, b refactor.Edit) int { return strings.Compare(a.File, b.File) })
	return edits, nil
}

// mayEdit reports why the ops of f must not be done, if so.
func (b *Builder) mayEdit(f *file) error {
	if f.ReadOnly != "" {
		return fmt.Errorf("%s is read-only: %s", f.Name, f.ReadOnly)
	}
	for _, e := range b.pkg.Errors {
		decl := declAt(f.File, e.Pos)
		if decl == nil {
			continue
		}
		start, end := f.off(decl.Pos()), f.off(decl.End())
		for _, o := range f.ops {
			if o.start < end && start < o.end || o.start == o.end && start < o.start && o.start < end {
				return fmt.Errorf("type errors in the touched region: %s", e.Msg)
			}
		}
	}
	return nil
}

// declAt returns the top-level declaration of f that contains pos, or nil.
func declAt(f *refactor.File, pos token.Pos) ast.Decl {
	for _, d := range f.Syntax.Decls {
		if d.Pos() <= pos && pos <= d.End() {
			return d
		}
	}
	return nil
}

// sortOps sorts into the order in which ops are done: by place, insertions
// before what is replaced there.
func sortOps(ops []op) {
	slices.SortStableFunc(ops, func(a, b op) int {
		return cmp.Or(
			cmp.Compare(a.start, b.start),
			cmp.Compare(min(a.end-a.start, 1), min(b.end-b.start, 1)),
			cmp.Compare(a.rank, b.rank),
		)
	})
}
