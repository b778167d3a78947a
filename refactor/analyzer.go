package refactor

import (
	"fmt"
	"go/token"
	"go/types"
	"reflect"

	"golang.org/x/tools/go/analysis"
)

// Analyzers returns the rules in the form that go vet, golangci-lint and nogo
// run. Such drivers apply fixes unread, so that only safe ones are suggested.
func Analyzers(rules []*Rule) []*analysis.Analyzer {
	var out []*analysis.Analyzer
	for _, r := range rules {
		beside := []*Rule{r}
		if r.Audit != nil {
			beside = rules // it judges by what they find, which is cheap to find again
		}
		out = append(out, &analysis.Analyzer{
			Name:     r.Name,
			Doc:      r.Summary(),
			Requires: []*analysis.Analyzer{packageOf},
			Run:      func(pass *analysis.Pass) (any, error) { return nil, report(pass, beside, r) },
		})
	}
	return out
}

// Analyzer returns one analyzer that reports what all of the rules find.
func Analyzer(name, doc string, rules []*Rule) *analysis.Analyzer {
	return &analysis.Analyzer{
		Name:     name,
		Doc:      doc,
		Requires: []*analysis.Analyzer{packageOf},
		Run:      func(pass *analysis.Pass) (any, error) { return nil, report(pass, rules, nil) },
	}
}

// report runs rules on the package of a pass and reports what they find, or what
// the one among them finds that is not nil.
func report(pass *analysis.Pass, rules []*Rule, only *Rule) error {
	pkg := pass.ResultOf[packageOf].(*Package)
	if pkg == nil || only != nil && only.Audit != nil && len(pkg.directives()) == 0 {
		return nil
	}
	findings, errs := Analyze(pkg, rules)
	if len(errs) > 0 {
		return errs[0]
	}
	for _, f := range findings {
		if only == nil || f.Rule == only {
			pass.Report(diagnostic(pkg, f))
		}
	}
	return nil
}

func diagnostic(pkg *Package, f Finding) analysis.Diagnostic {
	pos := func(s Span) (token.Pos, token.Pos) {
		file := pkg.FileNamed(s.File)
		return file.Tok.Pos(s.Start), file.Tok.Pos(s.End)
	}
	d := analysis.Diagnostic{Category: f.Rule.Name, Message: f.Message}
	d.Pos, d.End = pos(f.Span)
	for _, r := range f.Related {
		start, end := pos(r.Span)
		d.Related = append(d.Related, analysis.RelatedInformation{Pos: start, End: end, Message: r.Message})
	}
	for _, fix := range f.Fixes {
		if fix.Safety != Safe {
			continue
		}
		edits, err := pkg.Resolve(fix)
		if err != nil {
			continue
		}
		suggested := analysis.SuggestedFix{Message: fix.Title}
		for _, e := range edits {
			start, end := pos(e.Span)
			suggested.TextEdits = append(suggested.TextEdits, analysis.TextEdit{Pos: start, End: end, NewText: []byte(e.New)})
		}
		d.SuggestedFixes = append(d.SuggestedFixes, suggested)
	}
	return d
}

// packageOf makes a Package of a pass, once for all rules: the result is nil if
// the package does not pass the syntactic gate.
var packageOf = &analysis.Analyzer{
	Name:       "handshakepackage",
	Doc:        "collect what the rules of handshake look at",
	ResultType: reflect.TypeFor[*Package](),
	Run:        func(pass *analysis.Pass) (any, error) { return fromPass(pass) },
}

func fromPass(pass *analysis.Pass) (*Package, error) {
	pkg := &Package{
		ID: pass.Pkg.Path(), Path: pass.Pkg.Path(), Fset: pass.Fset, Types: pass.Pkg, Info: whole(pass.TypesInfo),
		Errors: pass.TypeErrors,
		Config: types.Config{GoVersion: pass.Pkg.GoVersion(), Sizes: pass.TypesSizes, FakeImportC: true, Importer: imported(pass.Pkg)},
	}
	if len(pass.IgnoredFiles) > 0 {
		pkg.Excluded = func() map[string][]byte { return ignored(pass) }
	}
	matters := false
	for _, syntax := range pass.Files {
		tok := pass.Fset.File(syntax.FileStart)
		src, err := pass.ReadFile(tok.Name())
		if err != nil {
			return nil, err
		}
		f := &File{Name: tok.Name(), Src: src, Syntax: syntax, Tok: tok, GoVersion: pass.TypesInfo.FileVersions[syntax]}
		f.ReadOnly = ReadOnly(f)
		if tok.Size() != len(src) {
			return nil, fmt.Errorf("%s changed while it was being read", f.Name)
		}
		matters = matters || MayMatter(src)
		pkg.Files = append(pkg.Files, f)
	}
	if !matters {
		return nil, nil
	}
	return pkg, nil
}

// ignored returns the sources of the Go files that the driver leaves out.
func ignored(pass *analysis.Pass) map[string][]byte {
	out := make(map[string][]byte)
	for _, name := range pass.IgnoredFiles {
		if src, err := pass.ReadFile(name); err == nil {
			out[name] = src
		}
	}
	return out
}

// imported imports what a package imports already; a driver gives us no other
// packages. A fix that needs one is left to the command.
func imported(pkg *types.Package) types.Importer {
	byPath := make(map[string]*types.Package)
	for _, p := range pkg.Imports() {
		byPath[p.Path()] = p
	}
	return importerFunc(func(path string) (*types.Package, error) {
		if path == "unsafe" {
			return types.Unsafe, nil
		}
		if p := byPath[path]; p != nil && p.Complete() {
			return p, nil
		}
		return nil, fmt.Errorf("package %s is not available", path)
	})
}

type importerFunc func(string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }
