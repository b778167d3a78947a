package refactor

import (
	"bytes"
	"go/ast"
	"path/filepath"
	"strings"
)

// ReadOnly returns the reason, as far as the file itself tells it, why a file
// that parses must not be edited, or "".
func ReadOnly(f *File) string {
	switch {
	case ast.IsGenerated(f.Syntax):
		return "it is generated"
	case strings.Contains(filepath.ToSlash(f.Name), "/vendor/"):
		return "it is vendored"
	case bytes.Contains(f.Src, []byte("\n//line ")) || bytes.Contains(f.Src, []byte("\n/*line ")):
		return "it has line directives"
	case importsC(f.Syntax):
		return "it uses cgo"
	}
	return ""
}

// importsC reports whether the file imports "C": without running cgo the types
// of what it calls there are unknown.
func importsC(f *ast.File) bool {
	for _, spec := range f.Imports {
		if spec.Path.Value == `"C"` {
			return true
		}
	}
	return false
}
