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

// imported returns the packages that the types of m can mention, by path: what
// it imports, and what the types of these mention. It is false if one of them is
// not there.
func (g *Graph) imported(m *Meta) (map[string]*types.Package, bool) {
	all := make(map[string]*types.Package)
	for _, dep := range m.imports {
		pkg, err := g.declarations(dep)
		if err != nil {
			return nil, false
		}
		all[pkg.Path()] = pkg
		for _, p := range g.mentioned(dep) {
			all[p.Path()] = p
		}
	}
	return all, true
}

// mentioned returns the packages that the types of m mention. Export data list
// them; for a package that was checked from source they are all that its
// imports mention, of which it can know.
func (g *Graph) mentioned(m *Meta) []*types.Package {
	g.mu.Lock()
	d := g.decls[m.ID]
	g.mu.Unlock()
	if d == nil {
		return nil // unsafe
	}
	d.mentioning.Do(func() {
		if !d.cached {
			all, _ := g.imported(m)
			d.mentions = slices.Collect(maps.Values(all))
		}
	})
	return d.mentions
}

// An entry for a package consists of the names that it declares and does not
// export, in one line, and of export data. Of what is not exported, that has only
// what can be reached from what is; but whoever asks for the rest must be told
// that it is not exported, not that it does not exist.

// readExport returns the package that an entry describes, and the other packages
// that its types mention, or nil. These are the packages of g, so that it does not
// matter which of them were read and which were checked. Positions of objects
// are lost; what is checked from source has none either that could be looked up.
func (g *Graph) readExport(m *Meta, k Key) (pkg *types.Package, mentions []*types.Package) {
	data, ok := g.cfg.Cache.Get(k)
	if !ok {
		return nil, nil
	}
	imports, ok := g.imported(m)
	if !ok {
		return nil, nil
	}
	known := len(imports)
	hidden, data, ok := bytes.Cut(data, []byte("\n"))
	var err error
	if ok {
		pkg, err = gcexportdata.Read(bytes.NewReader(data), token.NewFileSet(), imports, m.Path)
	}
	// A package that would be made for the occasion would be another one than
	// the rest of the graph will know.
	if !ok || err != nil || len(imports) != known+1 {
		g.cfg.Cache.Remove(k)
		return nil, nil
	}
	mentions = pkg.Imports()
	pkg.SetImports(g.directly(m))
	for name := range strings.FieldsSeq(string(hidden)) {
		if pkg.Scope().Lookup(name) == nil {
			pkg.Scope().Insert(types.NewVar(token.NoPos, pkg, name, types.Typ[types.Invalid]))
		}
	}
	return pkg, mentions
}

// directly returns the packages that m imports. The type-checker follows them to
// see which package names need a path to tell them apart.
func (g *Graph) directly(m *Meta) []*types.Package {
	var out []*types.Package
	for _, path := range slices.Sorted(maps.Keys(m.imports)) {
		if pkg, err := g.declarations(m.imports[path]); err == nil {
			out = append(out, pkg)
		}
	}
	return out
}

// writeExport makes the entry for a package that was checked from source.
func (g *Graph) writeExport(k Key, pkg *types.Package) {
	var buf bytes.Buffer
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
