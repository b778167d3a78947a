// Package unusedignore finds directives that ignore nothing.
package unusedignore

import (
	"bytes"
	_ "embed"
	"slices"

	"handshake/refactor"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule takes out directives for findings that are no more:
//
//	//lint:ignore sleepstart the clock is fake   =>
//
// A comment has no part in what the program does. Its reason may have been
// worth more than the directive: a person must look.
var Rule = &refactor.Rule{Name: "unusedignore", Doc: readme, Severity: refactor.Info, Audit: audit, Prove: prove.Unchanged}

func audit(pkg *refactor.Package, idle []refactor.Directive) []refactor.Finding {
	var found []refactor.Finding
	for _, d := range idle {
		f := refactor.Finding{Span: d.Span}
		if d.Reason == "" {
			f.Message = "this directive ignores nothing, because it gives no reason"
			found = append(found, f)
			continue
		}
		names := slices.DeleteFunc(slices.Clone(d.Rules), func(name string) bool { return name == "handshake" })
		f.Message = names[0] + " finds nothing here to ignore"
		if len(names) > 1 {
			f.Message = "none of these rules finds anything here to ignore"
		}
		f.Fixes = []refactor.Fix{{Title: "Delete the directive", Safety: refactor.Review, Reason: "its reason goes, too", Make: func() ([]refactor.Edit, error) {
			return []refactor.Edit{{Span: around(pkg.FileNamed(d.File).Src, d.Span)}}, nil
		}}}
		found = append(found, f)
	}
	return found
}

// around returns what goes with a comment that ends its line: the space before
// it, and the line if there is nothing else on it.
func around(src []byte, s refactor.Span) refactor.Span {
	s.Start = len(bytes.TrimRight(src[:s.Start], " \t"))
	if s.Start > 0 && src[s.Start-1] != '\n' {
		return s
	}
	if i := bytes.IndexByte(src[s.End:], '\n'); i >= 0 {
		s.End += i + 1
	} else {
		s.End = len(src)
	}
	return s
}
