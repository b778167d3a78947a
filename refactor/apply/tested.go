package apply

import (
	"go/ast"
	"strings"
	"unicode"
	"unicode/utf8"

	"handshake/refactor"
)

// provingTest returns the name of the test that can prove a review fix of the
// finding, "" if there is none or it is not to be relied on.
func (p *plan) provingTest(f refactor.Finding) string {
	if !p.opts.Tested || !f.Rule.ByTest {
		return ""
	}
	file := p.now.FileNamed(f.Span.File)
	if file == nil || !strings.HasSuffix(file.Name, "_test.go") {
		return ""
	}
	for _, d := range file.Syntax.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || !isTest(fn) {
			continue
		}
		if at := file.Span(fn.Pos(), fn.End()); at.Start <= f.Span.Start && f.Span.End <= at.End {
			return fn.Name.Name
		}
	}
	return ""
}

// isTest reports whether the go command takes the function for a test: "TestX"
// with one parameter (package testing, TestMain apart).
func isTest(fn *ast.FuncDecl) bool {
	rest, ok := strings.CutPrefix(fn.Name.Name, "Test")
	first, _ := utf8.DecodeRuneInString(rest)
	return ok && fn.Recv == nil && !unicode.IsLower(first) && fn.Name.Name != "TestMain" &&
		fn.Type.Params.NumFields() == 1
}

// onlyTests reports whether the edits change test files alone.
func onlyTests(edits []refactor.Edit) bool {
	for _, e := range edits {
		if !strings.HasSuffix(e.File, "_test.go") {
			return false
		}
	}
	return true
}
