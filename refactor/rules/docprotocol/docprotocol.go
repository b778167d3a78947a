// Package docprotocol writes the lifecycle comment of a type from what its
// methods do.
package docprotocol

import (
	_ "embed"
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"regexp"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule appends a paragraph to the comment of a type that goroutines work for: who
// starts them, who tells them to stop and waits for that, which methods block,
// and who closes which channel. It says nothing that the package does not show,
// and changes no code.
var Rule = &refactor.Rule{Name: "docprotocol", Doc: readme, Severity: refactor.Hint, OnDemand: true, Run: run, Prove: prove.Unchanged}

const title = "Write the lifecycle comment"

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, l := range chanflow.Of(pkg).Lifecycles() {
		spec, decl := declaration(pkg, l.Type)
		if spec == nil {
			continue
		}
		doc := decl.Doc
		if decl.Lparen.IsValid() {
			doc = spec.Doc
		}
		if doc != nil && told.MatchString(doc.Text()) {
			continue // the author has said it, or this rule has
		}
		f := refactor.Finding{
			Span:    pkg.Span(spec.Name.Pos(), spec.Name.End()),
			Message: fmt.Sprintf("write down who starts and stops the goroutines of %s, and what blocks", l.Type.Name()),
			Fixes: []refactor.Fix{{
				Title: title, Safety: refactor.Review, Reason: "says only what the package shows",
				Make: func() ([]refactor.Edit, error) { return write(pkg, l, spec, decl, doc) },
			}},
		}
		if len(f.Message) > 100 {
			f.Message = "write down who starts and stops the goroutines of the type, and what blocks"
		}
		found = append(found, f)
	}
	return found
}

// told finds comments that speak of goroutines.
var told = regexp.MustCompile(`(?i)\bgo-?routines?\b`)

// declaration returns the declaration of a type at top level.
func declaration(pkg *refactor.Package, tn *types.TypeName) (*ast.TypeSpec, *ast.GenDecl) {
	f := pkg.FileOf(tn.Pos())
	if f == nil {
		return nil, nil
	}
	for _, d := range f.Syntax.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range g.Specs {
			if s, ok := s.(*ast.TypeSpec); ok && s.Name.Pos() == tn.Pos() {
				return s, g
			}
		}
	}
	return nil, nil
}

// directive finds the lines of a comment that are no text: they stay its end.
var directive = regexp.MustCompile(`^//([a-z0-9]+:[a-z0-9]|nolint|lint:|line |export |extern )`)

func write(pkg *refactor.Package, l *chanflow.Lifecycle, spec *ast.TypeSpec, decl *ast.GenDecl, doc *ast.CommentGroup) ([]refactor.Edit, error) {
	b := edit.New(pkg)
	at, indent := decl.Pos(), ""
	if decl.Lparen.IsValid() {
		at, indent = spec.Pos(), "\t"
	}
	var last *ast.Comment
	if doc != nil {
		for _, c := range doc.List {
			if !strings.HasPrefix(c.Text, "//") {
				return nil, errors.New("its comment is not made of lines")
			}
			if !directive.MatchString(c.Text) && strings.Trim(c.Text, "/ \t\r") != "" {
				last = c
			}
		}
	}
	if last != nil {
		b.Insert(last.End(), "\n"+indent+"//\n"+comment(paragraph(l, false), indent))
		return b.Edits()
	}
	text := strings.TrimPrefix(comment(paragraph(l, true), indent), indent)
	if doc == nil {
		b.Insert(at, text+"\n"+indent)
		return b.Edits()
	}
	b.Insert(doc.Pos(), text+"\n"+indent+"//\n"+indent) // nothing but directives
	return b.Edits()
}

// comment breaks a paragraph into comment lines of 80 columns.
func comment(text, indent string) string {
	var lines []string
	line := indent + "//"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > 80 && line != indent+"//" {
			lines, line = append(lines, line), indent+"//"
		}
		line += " " + word
	}
	return strings.Join(append(lines, line), "\n")
}
