package refactor_test

import (
	"errors"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"

	"handshake/refactor"
)

func check(t *testing.T, src string) *refactor.Package {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, "p.go", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	f := &refactor.File{Name: "p.go", Src: []byte(src), Syntax: syntax, Tok: fset.File(syntax.FileStart)}
	return refactor.Check("p", "p", fset, []*refactor.File{f}, types.Config{})
}

// A fix that compiles is withheld for the reason that its rule gives against
// it.
func TestResolveProves(t *testing.T) {
	pkg := check(t, "package p\n\nfunc f() { println(1) }\n")
	file := pkg.Files[0]
	at := strings.Index(string(file.Src), "println")
	rule := &refactor.Rule{Name: "toy"}
	safety := refactor.Review
	rule.Run = func(*refactor.Package) []refactor.Finding {
		span := refactor.Span{File: file.Name, Start: at, End: at + 7}
		fix := refactor.Fix{Title: "Shout", Safety: safety, Make: func() ([]refactor.Edit, error) { return []refactor.Edit{{Span: span, New: "panic"}}, nil }}
		return []refactor.Finding{{Span: span, Message: "quiet", Fixes: []refactor.Fix{fix}}}
	}
	resolve := func() error {
		found, _ := refactor.Analyze(pkg, []*refactor.Rule{rule})
		if len(found) != 1 {
			t.Fatalf("%d findings", len(found))
		}
		_, err := pkg.Resolve(found[0].Fixes[0])
		return err
	}
	rule.Prove = func(before, after *refactor.Package, edits []refactor.Edit) error {
		if before != pkg || after == pkg || len(edits) != 1 {
			t.Errorf("proved %p to %p by %d edits", before, after, len(edits))
		}
		return errors.New("it hangs")
	}
	if err := resolve(); err == nil || err.Error() != "it hangs" {
		t.Errorf("a fix that hangs: %v", err)
	}
	rule.Prove = func(before, after *refactor.Package, edits []refactor.Edit) error {
		return refactor.Unproved{Reason: "it is long"}
	}
	if err := resolve(); err != nil {
		t.Errorf("a fix that is reviewed and not proved: %v", err)
	}
	safety = refactor.Safe
	if err := resolve(); err == nil || err.Error() != "not proved: it is long" {
		t.Errorf("a fix that is safe and not proved: %v", err)
	}
	rule.Prove = nil
	if err := resolve(); err != nil {
		t.Errorf("a fix that nothing speaks against: %v", err)
	}
}
