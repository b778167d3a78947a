package load

import (
	"bytes"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"

	"golang.org/x/tools/go/gcexportdata"
)

// closure returns the packages that the types of m lead to, by path: those that
// they mention, and what these lead to. Whoever reads m needs them all, as they
// are in g. It is false if one of them is not there.
func (g *Graph) closure(m *Meta, mentioned []string) (all map[string]*types.Package, ok bool) {
	deps := make([]*Meta, len(mentioned))
	for i, path := range mentioned {
		if deps[i] = g.below(m, path); deps[i] == nil {
			return nil, false
		}
	}
	g.prefetch(deps)
	all = make(map[string]*types.Package)
	for _, dep := range deps {
		pkg, err := g.declarations(dep)
		if err != nil {
			return nil, false
		}
		g.mu.Lock()
		d := g.decls[dep.ID]
		g.mu.Unlock()
		d.mentioning.Do(func() {
			if !d.cached {
				of, _ := g.closure(dep, mentionedBy(pkg))
				d.closure = slices.Collect(maps.Values(of))
			}
		})
		for _, p := range d.closure {
			all[p.Path()] = p
		}
		all[pkg.Path()] = pkg
	}
	return all, true
}

// below returns the package with a path that m imports, directly or not. Which
// variant that is depends on m, unless m is no variant itself.
func (g *Graph) below(m *Meta, path string) *Meta {
	if m.ID == m.Path {
		if dep := g.metas[path]; dep != nil {
			return dep
		}
	}
	seen := make(map[*Meta]bool)
	var find func(from *Meta) *Meta
	find = func(from *Meta) *Meta {
		if from == nil || seen[from] {
			return nil
		}
		seen[from] = true
		if from.Path == path && from != m {
			return from
		}
		for _, dep := range from.imports {
			if found := find(dep); found != nil {
				return found
			}
		}
		return nil
	}
	return find(m)
}

// An entry for a package consists of two lines and export data. The first line is
// what mentionedBy returns. The second has the names that the package declares
// and does not export. Of what is not exported, export data have only what can be
// reached from what is; but whoever asks for the rest must be told that it is not
// exported, not that it does not exist.

// readExport returns the package that an entry describes, and its closure, or
// nil. The other packages that it mentions are those of g, so that it does not
// matter which of them were read and which were checked. Positions of objects
// are lost; what is checked from source has none either that could be looked up.
func (g *Graph) readExport(m *Meta, k Key) (pkg *types.Package, closure []*types.Package) {
	data, ok := g.cfg.Cache.Get(k)
	if !ok {
		return nil, nil
	}
	mentioned, data, _ := bytes.Cut(data, []byte("\n"))
	hidden, data, _ := bytes.Cut(data, []byte("\n"))
	var err error
	imports, ok := g.closure(m, strings.Fields(string(mentioned)))
	known := len(imports)
	if ok {
		closure = slices.Collect(maps.Values(imports))
		pkg, err = gcexportdata.Read(bytes.NewReader(data), token.NewFileSet(), imports, m.Path)
	}
	// A package that would be made for the occasion would be another one than
	// the rest of the graph will know.
	if !ok || err != nil || len(imports) != known+1 {
		g.cfg.Cache.Remove(k)
		return nil, nil
	}
	pkg.SetImports(m.named().Imports())
	for name := range strings.FieldsSeq(string(hidden)) {
		if pkg.Scope().Lookup(name) == nil {
			pkg.Scope().Insert(types.NewVar(token.NoPos, pkg, name, types.Typ[types.Invalid]))
		}
	}
	return pkg, closure
}

// named returns a package that has only the name of m, and imports such packages.
// It stands for what is imported and not used in declarations. The type-checker
// follows the imports of packages to see which names need a path to tell them
// apart.
func (m *Meta) named() *types.Package {
	m.naming.Do(func() {
		m.onlyName = types.NewPackage(m.Path, m.Name)
		m.onlyName.MarkComplete()
		var imports []*types.Package
		for _, dep := range m.direct() {
			imports = append(imports, dep.named())
		}
		m.onlyName.SetImports(imports)
	})
	return m.onlyName
}

// writeExport makes the entry for a package that was checked from source.
func (g *Graph) writeExport(k Key, pkg *types.Package) {
	var buf bytes.Buffer
	buf.WriteString(strings.Join(mentionedBy(pkg), " "))
	buf.WriteByte('\n')
	for _, name := range pkg.Scope().Names() {
		if !token.IsExported(name) {
			buf.WriteString(name)
			buf.WriteByte(' ')
		}
	}
	buf.WriteByte('\n')
	if exported(&buf, pkg) {
		g.cfg.Cache.Put(k, buf.Bytes())
	}
}

// exported writes export data without positions. It is false if the package
// cannot be described, as may be where something in it is not valid.
func exported(buf *bytes.Buffer, pkg *types.Package) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return gcexportdata.Write(buf, nil, pkg) == nil
}
