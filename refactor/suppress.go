package refactor

import (
	"go/parser"
	"go/token"
	"slices"
)

// directivesKey is the key under which a package keeps its directives.
type directivesKey struct{}

// directives returns the directives of the package by file name.
func (p *Package) directives() map[string][]Directive {
	return p.Memo(directivesKey{}, func() any {
		all := make(map[string][]Directive)
		for _, f := range p.Files {
			if p.base != nil && slices.Contains(p.base.Files, f) {
				if ds := p.base.directives()[f.Name]; len(ds) > 0 {
					all[f.Name] = ds
				}
				continue
			}
			ds := directives(p.Fset, f)
			if len(ds) > 0 && p.Partial {
				ds = directivesOf(f.Name, f.Src) // its syntax lacks what some of them belong to
			}
			if len(ds) > 0 {
				all[f.Name] = ds
			}
		}
		return all
	}).(map[string][]Directive)
}

// directivesOf returns the directives of a source.
func directivesOf(name string, src []byte) []Directive {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	return directives(fset, &File{Name: name, Src: src, Syntax: syntax, Tok: fset.File(syntax.FileStart)})
}

// ignore drops the findings that a directive is for. It is the one place where
// this is decided, for the command, the server and other drivers of analyzers.
// Idle are the directives that ignore nothing, as far as that can be told: the
// rules that they name have run, and saw all that there is to see.
func ignore(pkg *Package, findings []Finding, ran map[string]bool) (kept []Finding, idle []Directive) {
	all := pkg.directives()
	if len(all) == 0 {
		return findings, nil
	}
	used := make(map[Span]bool)
	for _, f := range findings {
		file, ignored := pkg.FileNamed(f.Span.File), false
		for _, d := range all[file.Name] {
			if !f.Rule.OnDemand && d.covers(f.Rule.Name, file.line(file.Tok.Pos(f.Span.Start))) {
				used[d.Span], ignored = true, true
			}
		}
		if !ignored {
			kept = append(kept, f)
		}
	}
	for _, f := range pkg.Files {
		for _, d := range all[f.Name] {
			if f.ReadOnly == "" && !used[d.Span] && d.idle(pkg, ran) {
				idle = append(idle, d)
			}
		}
	}
	return kept, idle
}

// idle reports whether a directive that was not used is of no use. With errors in
// the package, or other files for another build, rules may see less than there
// is, as they do in a part of it; a directive for a whole file is a provision, as in staticcheck.
func (d *Directive) idle(pkg *Package, ran map[string]bool) bool {
	ours, others := 0, 0
	for _, name := range d.Rules {
		switch {
		case ran[name]:
			ours++
		case d.linter && name == linterName && d.Reason == "":
			ours++
		case !d.linter || name != linterName:
			others++
		}
	}
	if d.Reason == "" {
		return ours > 0 && !d.everybody()
	}
	return ours > 0 && others == 0 && !d.whole && !pkg.Partial && len(pkg.Errors) == 0 && pkg.Excluded == nil
}
