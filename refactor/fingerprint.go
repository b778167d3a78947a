package refactor

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"path/filepath"
)

// Fingerprints returns, for each of the findings that were made in a package, a
// name that stays the same when lines are added or removed elsewhere, and wherever
// the package is on disk: 32 hexadecimal digits of the rule, the import path and
// the base name of the file, the function around the finding, the text of its first
// line without white space at the ends and doubled, and which one of those that
// have all this in common it is, in the order given.
func Fingerprints(pkg *Package, findings []Finding) []string {
	out := make([]string, len(findings))
	seen := make(map[string]int)
	for i, f := range findings {
		file := pkg.FileNamed(f.Span.File)
		same := fmt.Sprintf("%s\x00%s\x00%s\x00%s\x00%s", f.Rule.Name, pkg.Path, filepath.Base(f.Span.File),
			file.function(f.Span.Start), bytes.Join(bytes.Fields(file.lineAt(f.Span.Start)), []byte(" ")))
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", same, seen[same]))
		seen[same]++
		out[i] = hex.EncodeToString(sum[:16])
	}
	return out
}

// function returns the name of the function declaration around an offset, with
// that of the receiver's type before it, or "".
func (f *File) function(offset int) string {
	for _, d := range f.Syntax.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || offset < f.Tok.Offset(fn.Pos()) || offset > f.Tok.Offset(fn.End()) {
			continue
		}
		if fn.Recv == nil || len(fn.Recv.List) == 0 {
			return fn.Name.Name
		}
		for n := range ast.Preorder(fn.Recv.List[0].Type) {
			if id, ok := n.(*ast.Ident); ok {
				return id.Name + "." + fn.Name.Name // the first is the type, the others its parameters
			}
		}
	}
	return ""
}

// lineAt returns the line of an offset.
func (f *File) lineAt(offset int) []byte {
	start := bytes.LastIndexByte(f.Src[:offset], '\n') + 1
	if n := bytes.IndexByte(f.Src[start:], '\n'); n >= 0 {
		return f.Src[start : start+n]
	}
	return f.Src[start:]
}
