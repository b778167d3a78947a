package lsp

import (
	"go/ast"
	"slices"
	"strings"

	"handshake/refactor"
	"handshake/refactor/rules/unusedignore"
)

// fakeRules look at the text for calls of functions with telling names.
func fakeRules() []*refactor.Rule {
	return []*refactor.Rule{
		{
			Name: "badcall", Doc: "# badcall\n\nA call of bad.\n", Severity: refactor.Warning,
			Run: calls("bad()", func(f *refactor.Finding) {
				f.Message = "bad is called"
				f.Fixes = []refactor.Fix{
					{Title: "Call good instead", Make: replace(f.Span, "good()")},
					{Title: "Delete the call", Safety: refactor.Review, Reason: "bad may be needed", Make: replace(f.Span, "")},
				}
			}),
		},
		{
			Name: "broken", Doc: "# broken\n\nIts fix does not compile.\n", Severity: refactor.Info,
			Run: calls("broken()", func(f *refactor.Finding) {
				f.Message = "broken is called"
				f.Fixes = []refactor.Fix{{Title: "Break it", Make: replace(f.Span, "undefined()")}}
			}),
		},
		{
			Name: "kept", Doc: "# kept\n\nIts fix is withheld.\n", Severity: refactor.Hint,
			Run: calls("kept()", func(f *refactor.Finding) {
				f.Message = "kept is called"
				f.Withheld = []refactor.Withheld{{Title: "Delete the call", Reason: "it is called in a loop"}}
			}),
		},
		{
			Name: "swap", Doc: "# swap\n\nA refactoring.\n", OnDemand: true,
			Run: calls("swap()", func(f *refactor.Finding) {
				f.Message = "swap is called"
				f.Fixes = []refactor.Fix{{Title: "Swap the call", Make: replace(f.Span, "good()")}}
			}),
		},
		{
			Name: "early", Doc: "# early\n\nA preview rule.\n", Severity: refactor.Hint, Preview: true,
			Run: calls("early()", func(f *refactor.Finding) { f.Message = "early is called" }),
		},
		{
			Name: "pair", Doc: "# pair\n\nIts fix edits two files.\n", Severity: refactor.Info,
			Run: calls("pair()", func(f *refactor.Finding) {
				f.Message = "pair is called"
				declared := f.Related[0].Span
				f.Fixes = []refactor.Fix{{Title: "Rename pair", Make: func() ([]refactor.Edit, error) {
					return []refactor.Edit{{Span: f.Span, New: "couple()"}, {Span: declared, New: "func couple()"}}, nil
				}}}
			}),
		},
		{
			Name: "spread", Doc: "# spread\n\nIts fix edits two files and is for review.\n", Severity: refactor.Info,
			Run: calls("spread()", func(f *refactor.Finding) {
				f.Message = "spread is called"
				declared := f.Related[0].Span
				f.Fixes = []refactor.Fix{
					{Title: "Rename spread", Safety: refactor.Review, Reason: "others may call it", Make: func() ([]refactor.Edit, error) {
						return []refactor.Edit{{Span: f.Span, New: "spill()"}, {Span: declared, New: "func spill()"}}, nil
					}},
					{Title: "Delete the call", Safety: refactor.Review, Reason: "it may be needed", Make: replace(f.Span, "")},
				}
			}),
		},
		{
			Name: "named", Doc: "# named\n\nIts fix introduces names.\n", OnDemand: true,
			Run: calls("named()", func(f *refactor.Finding) {
				f.Message = "named is called"
				at := refactor.Span{File: f.Span.File, Start: f.Span.Start, End: f.Span.Start}
				f.Fixes = []refactor.Fix{{Title: "Wait for named", Make: func() ([]refactor.Edit, error) {
					return []refactor.Edit{
						{Span: f.Span, New: "<-done // ${1} }"},
						{Span: at, New: "done := make(chan int)\n\tgo func() { named(); close(done) }()\n\t"},
					}, nil
				}}}
			}),
		},
		{
			Name: "boom", Doc: "# boom\n\nIt panics.\n",
			Run: calls("boom()", func(*refactor.Finding) { panic("boom is called") }),
		},
		unusedignore.Rule,
	}
}

// calls finds the call in all files. The function of that name is related.
func calls(call string, describe func(*refactor.Finding)) func(*refactor.Package) []refactor.Finding {
	return func(pkg *refactor.Package) (found []refactor.Finding) {
		var related []refactor.Related
		for _, f := range pkg.Files {
			if i := strings.Index(string(f.Src), "func "+call); i >= 0 && declares(f, i) {
				related = append(related, refactor.Related{Span: refactor.Span{File: f.Name, Start: i, End: i + len("func "+call)}, Message: "it is declared here"})
			}
		}
		for _, f := range pkg.Files {
			src := string(f.Src)
			for at := 0; ; {
				i := strings.Index(src[at:], "\t"+call)
				if i < 0 {
					break
				}
				if at += i + 1; !declares(f, at) {
					continue
				}
				finding := &refactor.Finding{Span: refactor.Span{File: f.Name, Start: at, End: at + len(call)}, Related: related}
				describe(finding)
				found = append(found, *finding)
			}
		}
		return found
	}
}

// declares reports whether the syntax has a declaration at the offset: not all
// that the source has does, if only some bodies are looked at.
func declares(f *refactor.File, offset int) bool {
	return slices.ContainsFunc(f.Syntax.Decls, func(d ast.Decl) bool {
		return f.Tok.Offset(d.Pos()) <= offset && offset < f.Tok.Offset(d.End())
	})
}

func replace(span refactor.Span, with string) func() ([]refactor.Edit, error) {
	return func() ([]refactor.Edit, error) {
		return []refactor.Edit{{Span: span, New: with}}, nil
	}
}
