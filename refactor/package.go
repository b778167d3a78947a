package refactor

import (
	"bytes"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
	"sync"
)

// A Package is what rules look at: the syntax and types of one package, widest
// test variant first. It is immutable once built.
type Package struct {
	ID    string // unique in its load, as in go/packages
	Path  string // import path
	Fset  *token.FileSet
	Files []*File
	Types *types.Package
	Info  *TypeInfo

	// Errors are the type errors; a region that contains one is never edited.
	Errors []types.Error

	// Config is what the package was checked with. Its Importer resolves any
	// import path, also one that the package does not import yet: fixes are
	// type-checked with it.
	Config types.Config

	// Excluded returns the sources, by name, of the Go files beside Files that
	// this build leaves out: for other systems or build tags. Nil if there are
	// none. A fix must not bring them out of step.
	Excluded func() map[string][]byte

	// Partial is set if the package is one of [Package.Try] or
	// [Package.WithBodies].
	Partial bool
	moved   map[string][]move // by the name of the edited file
	base    *Package

	memo sync.Map // key any -> *memo
}

// A File is one source file of a package.
type File struct {
	Name   string // absolute path
	Src    []byte
	Syntax *ast.File
	Tok    *token.File

	// GoVersion is the language version in force in this file, such as
	// "go1.22", from its build constraint or else its module; "" if unknown.
	GoVersion string

	// ReadOnly says why the file must not be edited: it is generated,
	// vendored, outside the main modules, has parse errors, … Empty if it may
	// be edited. Files that are not ours to change carry no findings either.
	ReadOnly string
}

// Span returns the byte range of the syntax from pos to end.
func (f *File) Span(pos, end token.Pos) Span {
	return Span{f.Name, f.Tok.Offset(pos), f.Tok.Offset(end)}
}

// Text returns the source text from pos to end.
func (f *File) Text(pos, end token.Pos) string {
	return string(f.Src[f.Tok.Offset(pos):f.Tok.Offset(end)])
}

// CommentsAt returns the text of the comments that stand right above the node or
// on its lines, or "".
func (f *File) CommentsAt(n ast.Node) string {
	var text strings.Builder
	first, last := f.Tok.Line(n.Pos()), f.Tok.Line(n.End())
	for _, group := range f.Syntax.Comments {
		if f.Tok.Line(group.End())+1 >= first && f.Tok.Line(group.Pos()) <= last {
			text.WriteString(group.Text())
		}
	}
	return text.String()
}

// FileOf returns the file that contains pos, or nil.
func (p *Package) FileOf(pos token.Pos) *File {
	for _, f := range p.Files {
		if f.Tok.Base() <= int(pos) && int(pos) <= f.Tok.Base()+f.Tok.Size() {
			return f
		}
	}
	return nil
}

// FileNamed returns the file with the given absolute path, or nil.
func (p *Package) FileNamed(name string) *File {
	for _, f := range p.Files {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Span returns the byte range from pos to end, which lie in one file.
func (p *Package) Span(pos, end token.Pos) Span {
	return p.FileOf(pos).Span(pos, end)
}

// Declares reports whether an object is of this package, in its own scope or
// deeper. In a package that is Partial, what is local to the functions that
// changed belongs to another types.Package of the same path.
func (p *Package) Declares(obj types.Object) bool {
	return obj.Pkg() == p.Types || p.Partial && obj.Pkg() != nil && obj.Pkg().Path() == p.Types.Path()
}

// ScopeAt returns the innermost scope around a position in a file of the package,
// or nil. In a package that is Partial the scope of the package has no children
// where something changed, and those that it has are of what was there before.
func (p *Package) ScopeAt(pos token.Pos) *types.Scope {
	f := p.FileOf(pos)
	if f == nil {
		return nil
	}
	for _, d := range f.Syntax.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil && fn.Body.Pos() <= pos && pos < fn.Body.End() {
			return p.Info.Scopes.Of(fn.Type).Innermost(pos)
		}
	}
	return p.Types.Scope().Innermost(pos)
}

// Base returns the package that this one, which is Partial, was made of; nil if it
// was checked as a whole. They share the syntax of what did not change.
func (p *Package) Base() *Package { return p.base }

// Memo returns the value that build makes for key, built once per package. It
// lets an analysis that many rules share (such as the chanflow model) be
// computed on first use without this package knowing of it.
func (p *Package) Memo(key any, build func() any) any {
	m, _ := p.memo.LoadOrStore(key, &memo{})
	e := m.(*memo)
	e.once.Do(func() { e.value = build() })
	return e.value
}

type memo struct {
	once  sync.Once
	value any
}

// MayMatter reports whether a source file can contain anything that a rule
// looks at. It is the syntactic gate: a package in which no file passes needs
// neither types nor a model.
func MayMatter(src []byte) bool {
	for _, word := range gate {
		if bytes.Contains(src, word) {
			return true
		}
	}
	return false
}

// Goroutines, channels and sleeps; WaitGroup and errgroup spawns imply ".Go(".
var gate = [][]byte{[]byte("go "), []byte("chan"), []byte("close("), []byte("time.Sleep"), []byte(".Go("), []byte("recover()")}
