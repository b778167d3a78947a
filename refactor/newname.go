package refactor

import (
	"cmp"
	"go/ast"
	"go/types"
	"slices"
)

// A NewName is a place in the text of an edit that holds a name which the edits
// introduce: an editor can let its user choose another one.
type NewName struct {
	Edit       int // index of the edit
	Start, End int // byte offsets in Edit.New
	Group      int // from 1; places of one group hold the same name
}

// NewNames returns where edits that have been resolved for the package hold
// names that they declare and that nothing else uses, by edit and place. They
// are numbered in that order, too.
func (p *Package) NewNames(edits []Edit) []NewName {
	after, err := p.Try(edits)
	if err != nil {
		return nil
	}
	written := make(map[string][]stretch)
	for i, e := range edits {
		written[e.File] = append(written[e.File], stretch{edit: i, Edit: e})
	}
	type name struct {
		places   []NewName
		declared bool // in new text
		kept     bool // used in text that stays
	}
	names := make(map[types.Object]*name)
	for _, f := range after.Files {
		in := placed(written[f.Name])
		if in == nil {
			continue
		}
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok || id.Name == "_" {
				return true
			}
			def := after.Info.Defs.Of(id)
			obj := cmp.Or(def, after.Info.Uses.Of(id))
			if obj == nil {
				return true
			}
			if names[obj] == nil {
				names[obj] = new(name)
			}
			at := f.Tok.Offset(id.Pos())
			i := slices.IndexFunc(in, func(s stretch) bool { return s.at <= at && at+len(id.Name) <= s.at+len(s.New) })
			if i < 0 {
				names[obj].kept = true
				return true
			}
			start := at - in[i].at
			names[obj].places = append(names[obj].places, NewName{Edit: in[i].edit, Start: start, End: start + len(id.Name)})
			names[obj].declared = names[obj].declared || def != nil
			return true
		})
	}
	var groups [][]NewName
	for _, n := range names {
		if n.declared && !n.kept {
			groups = append(groups, n.places)
		}
	}
	return numbered(groups)
}

// A stretch is the new text of an edit, and where it begins in the file after.
type stretch struct {
	Edit
	edit, at int
}

// placed returns the edits of one file in order, with their places.
func placed(edits []stretch) []stretch {
	slices.SortStableFunc(edits, func(a, b stretch) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
	shift := 0
	for i, e := range edits {
		edits[i].at = e.Start + shift
		shift += len(e.New) - (e.End - e.Start)
	}
	return edits
}

func numbered(groups [][]NewName) []NewName {
	order := func(a, b NewName) int { return cmp.Or(cmp.Compare(a.Edit, b.Edit), cmp.Compare(a.Start, b.Start)) }
	for _, g := range groups {
		slices.SortFunc(g, order)
	}
	slices.SortFunc(groups, func(a, b []NewName) int { return order(a[0], b[0]) })
	var out []NewName
	for i, g := range groups {
		for _, n := range g {
			n.Group = i + 1
			out = append(out, n)
		}
	}
	slices.SortFunc(out, order)
	return out
}
