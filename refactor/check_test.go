package refactor

import (
	"go/parser"
	"go/token"
	"testing"
)

func TestLostComment(t *testing.T) {
	for _, r := range []struct{ before, after, lost string }{
		{"package p // a\n", "package p // a\n", ""},
		{"package p // a\n", "package p\n", "// a"},
		{"package p // a\n// a\n", "package p // a\n", "// a"},
		{"package p\n\n/* a\n   b */\n", "package p\n\n\t/* a\n\t  b */\n", ""},
		{"package p\r\n\r\n/* a\r\nb */\r\n// c\r\n", "package p\n\n/* a\nb */\n// c\n", ""},
		{"package p\n\n/* a\nb */\n", "package p\n\n/* a b */\n", "/* a\nb */"},
	} {
		fset := token.NewFileSet()
		before, err := parser.ParseFile(fset, "", r.before, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		after, err := parser.ParseFile(fset, "", r.after, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if lost := lostComment(before, after, map[string]int{}); lost != r.lost {
			t.Errorf("from %q to %q: %q is lost, want %q", r.before, r.after, lost, r.lost)
		}
	}
}
