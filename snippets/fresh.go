package snippets

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
)

// Fresh returns the body with other defaults for the names that the snippet declares
// and that are taken: started becomes started2, and every mirror with it. Names that it
// only uses, or declares in an inner scope of its own, stay.
//
// For a statement snippet, taken should report the names in scope and those that are
// declared further down in the same block; for the others, those of the package.
func (s Snippet) Fresh(taken func(name string) bool) []string {
	parts := split(s.Body)
	declared, used := s.idents(parts)

	// An identifier can hold more than its tab stop: NewWorker, TestName.
	type affix struct{ before, after string }
	affixes := make(map[int][]affix)
	at := 0
	for _, p := range parts {
		for _, id := range declared {
			if p.stop > 0 && id.start <= at && at+len(p.text) <= id.start+len(id.name) {
				i := at - id.start
				affixes[p.stop] = append(affixes[p.stop], affix{id.name[:i], id.name[i+len(p.text):]})
			}
		}
		at += len(p.text)
	}

	rename := func(stop int, name string) string {
		for k := 1; ; k++ {
			candidate, free := name, true
			if k > 1 {
				candidate += strconv.Itoa(k)
			}
			for _, a := range affixes[stop] {
				full := a.before + candidate + a.after
				free = free && !taken(full) && (k == 1 || !used[full])
			}
			if free {
				return candidate
			}
		}
	}
	for i, p := range parts {
		if p.def {
			parts[i].text = rename(p.stop, p.text)
		}
	}
	return join(parts)
}

// An ident is an identifier at a byte offset of the expansion.
type ident struct {
	name  string
	start int
}

// idents returns the identifiers that the snippet declares in its outermost scope,
// and the names of all that occur in it.
func (s Snippet) idents(parts []part) (declared []ident, used map[string]bool) {
	head, tail := "package p\n", "\n"
	if s.Scope == Statement {
		head, tail = "package p\nfunc _() {\n", "\n}\n"
	}
	text := head
	for _, p := range parts {
		text += p.text
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", text+tail, parser.SkipObjectResolution)
	if err != nil {
		panic(err) // the source is at fault, and the tests find it
	}

	declare := func(id *ast.Ident) {
		declared = append(declared, ident{id.Name, fset.Position(id.Pos()).Offset - len(head)})
	}
	declareSpecs := func(d *ast.GenDecl) {
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				declare(spec.Name)
			case *ast.ValueSpec:
				for _, id := range spec.Names {
					declare(id)
				}
			}
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			declareSpecs(d)
		case *ast.FuncDecl:
			if s.Scope != Statement {
				if d.Recv == nil {
					declare(d.Name)
				}
				continue
			}
			for _, stmt := range d.Body.List {
				switch stmt := stmt.(type) {
				case *ast.AssignStmt:
					if stmt.Tok == token.DEFINE {
						for _, lhs := range stmt.Lhs {
							declare(lhs.(*ast.Ident))
						}
					}
				case *ast.DeclStmt:
					declareSpecs(stmt.Decl.(*ast.GenDecl))
				}
			}
		}
	}

	used = make(map[string]bool)
	ast.Inspect(f, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			used[id.Name] = true
		}
		return true
	})
	return declared, used
}
