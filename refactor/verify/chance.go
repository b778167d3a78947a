package verify

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"

	"handshake/refactor/apply"
)

// excused takes out of failures, which do not occur without the fixes, those of
// tests that no fix touches, if they do not occur with them either when the tests
// are run again as often: the fixes are in the bodies of other tests. Such a test
// proves nothing from now on, as one that fails now and then before.
func (v *verifier) excused(ctx context.Context, o overlay, files []apply.File, targets []*target, failures []Failure) ([]Failure, error) {
	const many = 5 // that fail by chance at the same time
	touched, only := v.touchedTests(files)
	if !only || len(failures) > many {
		return failures, nil
	}
	var rest []Failure
	for _, f := range failures {
		t := byPath(targets, f.Package)
		if f.What != failsWhat || f.Test == "" || t == nil || touched[testID{f.Package, f.topLevel()}] {
			rest = append(rest, f)
			continue
		}
		v.say("running %s, which no fix touches, again with the fixes", f.topLevel())
		r, err := v.runOne(ctx, o, t, []string{f.topLevel()}, 2*v.Count+3)
		if err != nil {
			return nil, err
		}
		if again := r.tests[testID{f.Package, f.Test}]; again == nil || !again.stable() {
			rest = append(rest, f)
			continue
		}
		for id, b := range v.before.tests {
			if id.pkg == f.Package && (id.test == f.Test || strings.HasPrefix(f.Test, id.test+"/")) {
				b.runs, b.failed = b.runs+1, b.failed+1
			}
		}
	}
	return rest, nil
}

func byPath(targets []*target, path string) *target {
	for _, t := range targets {
		if t.Path == path {
			return t
		}
	}
	return nil
}

// touchedTests returns the top-level tests that the fixes change, and whether
// they change nothing else but imports.
func (v *verifier) touchedTests(files []apply.File) (tests map[testID]bool, only bool) {
	tests = make(map[testID]bool)
	for _, f := range files {
		if !strings.HasSuffix(f.Name, "_test.go") {
			return nil, false
		}
		before, after := declarations(f.Before), declarations(f.After)
		for decl := range after {
			if _, known := before[decl]; !known {
				before[decl] = "" // it is new
			}
		}
		for decl, text := range before {
			if after[decl] == text {
				continue
			}
			if !strings.HasPrefix(decl, "Test") {
				return nil, false
			}
			tests[testID{v.pathOf(filepath.Clean(f.Name)), decl}] = true
		}
	}
	return tests, true
}

// declarations returns the text of each top-level function of a file by its name,
// and of all else but imports by "".
func declarations(src []byte) map[string]string {
	out := make(map[string]string)
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", src, parser.SkipObjectResolution)
	if err != nil {
		return out
	}
	for _, d := range f.Decls {
		name := ""
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				name = d.Name.Name
			}
		case *ast.GenDecl:
			if d.Tok == token.IMPORT {
				continue
			}
		}
		out[name] += string(src[fset.Position(d.Pos()).Offset:fset.Position(d.End()).Offset])
	}
	return out
}
