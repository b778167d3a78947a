package refactor

import (
	"fmt"
	"go/ast"
	"go/scanner"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
)

// outOfStep returns an error if a declaration of the package changed that a file
// mentions which this build leaves out: nobody would see that it breaks.
func outOfStep(before, after *Package) error {
	if before.Excluded == nil {
		return nil
	}
	was, is := declared(before), declared(after)
	changed := make(map[string]bool)
	for name, text := range was {
		changed[name] = is[name] != text
	}
	for name, text := range is {
		changed[name] = was[name] != text
	}
	maps.DeleteFunc(changed, func(_ string, c bool) bool { return !c })
	if len(changed) == 0 {
		return nil
	}
	sources := before.Excluded()
	for _, file := range slices.Sorted(maps.Keys(sources)) {
		if name := mentions(sources[file], after.Types.Name(), changed); name != "" {
			return fmt.Errorf("%s changes, which %s mentions for another build", name, filepath.Base(file))
		}
	}
	return nil
}

// declared returns the text of the package's top-level declarations without
// function bodies, by the name that they declare; methods of one name share it.
func declared(p *Package) map[string]string {
	out := make(map[string]string)
	for _, f := range p.Files {
		for _, d := range f.Syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				end := d.End()
				if d.Body != nil {
					end = d.Body.Pos()
				}
				out[d.Name.Name] += f.Text(d.Pos(), end) + "\n"
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					text := f.Text(spec.Pos(), spec.End()) + "\n"
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						out[spec.Name.Name] += text
					case *ast.ValueSpec:
						for _, name := range spec.Names {
							out[name.Name] += text
						}
					}
				}
			}
		}
	}
	return out
}

// mentions returns the first identifier of a source that is among the names, if
// the source belongs to the package or to its external test.
func mentions(src []byte, pkg string, names map[string]bool) string {
	file := token.NewFileSet().AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, src, func(token.Position, string) {}, 0)
	first := true
	for {
		switch _, tok, lit := s.Scan(); {
		case tok == token.EOF:
			return ""
		case tok != token.IDENT:
		case first:
			if lit != pkg && lit != pkg+"_test" {
				return ""
			}
			first = false
		case names[lit]:
			return lit
		}
	}
}
