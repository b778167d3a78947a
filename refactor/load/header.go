package load

import (
	"go/parser"
	"go/token"
	"strings"
)

// Header returns a fingerprint of everything in a source file that the metadata
// of its package depends on: the package clause, the imports, the build
// constraints and the embed directives. As long as it stays the same, edits do
// not ask for another [Load]. It is false if the file does not parse that far.
func Header(src []byte) (fingerprint string, ok bool) {
	f, err := parser.ParseFile(token.NewFileSet(), "", src, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return "", false
	}
	lines := []string{f.Name.Name}
	for _, spec := range f.Imports {
		lines = append(lines, spec.Path.Value)
	}
	for _, g := range f.Comments {
		for _, c := range g.List {
			if strings.HasPrefix(c.Text, "//go:build") || strings.HasPrefix(c.Text, "// +build") {
				lines = append(lines, c.Text)
			}
		}
	}
	for line := range strings.Lines(string(src)) {
		if strings.HasPrefix(line, "//go:embed") { // may be anywhere in the file
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, "\n"), true
}
