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

// inTests reports whether the edits change test files alone, or none.
func inTests(edits []refactor.Edit, only bool) bool {
	for _, e := range edits {
		if strings.HasSuffix(e.File, "_test.go") != only {
			return false
		}
	}
	return true
}

// coverable reports whether tests that come to the place of the finding can prove
// a review fix: it is not in a test itself.
func (p *plan) coverable(f refactor.Finding) bool {
	return p.opts.Tested && f.Rule.ByTest && !strings.HasSuffix(f.Span.File, "_test.go")
}

// declares reports whether the edits change more than imports and what functions
// do: whoever uses the package could see that, and no test needs to.
func (p *plan) declares(edits []refactor.Edit) bool {
	after, err := p.now.Try(edits)
	return err == nil && !after.Partial && declarations(after) != declarations(p.now)
}
