package refactor

import (
	"strings"
	"testing"
)

func TestContextAt(t *testing.T) {
	for _, test := range []struct {
		src  string // the word is at hs
		want Context
	}{
		{"package p\n\nhs", TopLevel},
		{"package p\n\nhs\n\nfunc f() {}\n", TopLevel},
		{"package p\n\nfunc f() {}\n\nhs\n", TopLevel},
		{"package p\n\nfunc f() {\n\ths\n}\n", Statement},
		{"package p\n\nfunc f() { hs }\n", Statement},
		{"package p\n\nfunc f() struct{} {\n\ths\n}\n", Statement},
		{"package p\n\nfunc (t *T[K]) f(a struct{ x int }) (err error) {\n\ths\n}\n", Statement},
		{"package p\n\nfunc f() {\n\tx := 1\n\ths", Statement},
		{"package p\n\nfunc f() {\n\tif a; b {\n\t\ths\n\t}\n}\n", Statement},
		{"package p\n\nfunc f() {\n\tfor i := 0; i < n; i++ {\n\t\ths\n\t}\n}\n", Statement},
		{"package p\n\nfunc f() {\n\tselect {\n\tcase <-c:\n\t\ths\n\t}\n}\n", Statement},
		{"package p\n\nfunc f() {\n\tgo func() {\n\t\ths\n\t}()\n}\n", Statement},
		{"package p\n\nfunc f() {\n\tif a {\n\t} else {\n\t\ths\n\t}\n}\n", Statement},
		{"package p\n\nvar x = T{f: func() {\n\ths\n}}\n", Statement},
		{"package p\n\nfunc f() {\n\tx := T{\n\t\ths\n\t}\n}\n", NoCode},
		{"package p\n\nfunc f() {\n\tx := hs\n}\n", NoCode},
		{"package p\n\nfunc f() {\n\tg(hs)\n}\n", NoCode},
		{"package p\n\nfunc f() {\n\tx.hs\n}\n", NoCode},
		{"package p\n\nfunc f() {\n\t// hs\n}\n", NoCode},
		{"package p\n\nfunc f() {\n\t/* hs */\n}\n", NoCode},
		{"package p\n\nvar x = `\nhs\n`\n", NoCode},
		{"package p\n\ntype T struct {\n\ths\n}\n", NoCode},
		{"package p\n\nimport (\n\ths\n)\n", NoCode},
		{"hs", NoCode},
	} {
		if got := ContextAt([]byte(test.src), strings.Index(test.src, "hs")); got != test.want {
			t.Errorf("%q: %v, want %v", test.src, got, test.want)
		}
	}
}

func TestAddImports(t *testing.T) {
	for _, test := range []struct{ src, want string }{
		{"package p\n\nfunc f() {\n", "package p\n\nimport \"sync\"\nimport \"time\"\n\nfunc f() {\n"},
		{"package p\n\nimport \"time\"\n", "package p\n\nimport \"time\"\nimport \"sync\"\n"},
		{"package p\n\nimport (\n\t\"context\"\n\t\"os\"\n\n\t\"x.y/z\"\n)\n", "package p\n\nimport (\n\t\"context\"\n\t\"os\"\n\t\"sync\"\n\t\"time\"\n\n\t\"x.y/z\"\n)\n"},
		{"package p\n\nimport (\n\t\"unsafe\"\n)\n", "package p\n\nimport (\n\t\"sync\"\n\t\"time\"\n\t\"unsafe\"\n)\n"},
		{"package p\r\n\r\nimport (\r\n\t\"sync\"\r\n)\r\n", "package p\r\n\r\nimport (\r\n\t\"sync\"\r\n\t\"time\"\r\n)\r\n"},
		{"package p\n\nimport (\n\ts \"sync\"\n\t\"time\"\n)\n", "package p\n\nimport (\n\ts \"sync\"\n\t\"sync\"\n\t\"time\"\n)\n"},
		{"package p\n\nimport (\n", "package p\n\nimport (\n"},
	} {
		edits := AddImports("p.go", []byte(test.src), []string{"sync", "time"})
		got, err := Apply([]byte(test.src), edits)
		if err != nil || string(got) != test.want {
			t.Errorf("%q:\n%s\n%v, want\n%s", test.src, got, err, test.want)
		}
	}
}

func TestNamesAt(t *testing.T) {
	const src = `package p

import "math/rand"

var x, y = 1, a.b

type T struct{ field int }

func f(param int) {
	local := x.sel
	here
	go func() { inner() }()
}

func (t *T) method(other int) { elsewhere := 1 }
`
	names := NamesAt([]byte(src), strings.Index(src, "here"))
	for _, name := range []string{"rand", "x", "y", "T", "f", "param", "local", "inner"} {
		if !names[name] {
			t.Errorf("%s is missing", name)
		}
	}
	for _, name := range []string{"sel", "b", "other", "elsewhere", "field"} {
		if names[name] {
			t.Errorf("%s does not clash", name)
		}
	}
	if !NamesAt([]byte("package p\n\nfunc f() {\n\tdone := 1\n\ths\n"), 30)["done"] {
		t.Error("the file that does not parse has no names")
	}
}
