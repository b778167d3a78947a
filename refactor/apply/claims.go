package apply

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"

	"handshake/refactor"
)

// claims are what the fixes of a round have to themselves: the bytes that they
// edit and the top-level declarations in which these lie. Two fixes in one
// function could choose the same fresh name, or each rely on a statement that
// the other moves.
type claims struct {
	pkg   *refactor.Package
	spans []refactor.Span
	decls map[ast.Decl]bool
}

func newClaims(pkg *refactor.Package) *claims {
	return &claims{pkg: pkg, decls: make(map[ast.Decl]bool)}
}

func (c *claims) taken(edits []refactor.Edit) bool {
	for _, e := range edits {
		for _, s := range c.spans {
			if s.File == e.File && s.Start <= e.End && e.Start <= s.End {
				return true // touching counts: the order of insertions would be a guess
			}
		}
		if d := c.decl(e.Span); d != nil && c.decls[d] {
			return true
		}
	}
	return false
}

func (c *claims) take(edits []refactor.Edit) {
	for _, e := range edits {
		c.spans = append(c.spans, e.Span)
		if d := c.decl(e.Span); d != nil {
			c.decls[d] = true
		}
	}
}

// decl returns the declaration, other than one of imports, in which the span
// begins, or nil.
func (c *claims) decl(s refactor.Span) ast.Decl {
	f := c.pkg.FileNamed(s.File)
	if f == nil {
		return nil
	}
	for _, d := range f.Syntax.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			continue
		}
		if at := f.Span(d.Pos(), d.End()); at.Start <= s.Start && s.Start <= at.End {
			return d
		}
	}
	return nil
}

// declarations returns what of the package's source its importers, and files
// that this build leaves out, can depend on: everything but function bodies,
// comments and imports.
func declarations(pkg *refactor.Package) string {
	var b strings.Builder
	for _, f := range pkg.Files {
		for _, d := range f.Syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				end := d.End()
				if d.Body != nil {
					end = d.Body.Pos()
				}
				fmt.Fprintln(&b, f.Text(d.Pos(), end))
			case *ast.GenDecl:
				if d.Tok != token.IMPORT {
					fmt.Fprintln(&b, f.Text(d.Pos(), d.End()))
				}
			}
		}
	}
	return b.String()
}
