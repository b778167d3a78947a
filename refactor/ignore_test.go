package refactor

import (
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"
)

// Each case is a file whose last call of bad is to be ignored, and what becomes
// of it. REASON stands for the placeholder.
func TestIgnore(t *testing.T) {
	for name, c := range map[string]struct {
		before, after string
		golangci      bool
	}{
		"a statement": {
			before: "func f() {\n\tif true {\n\t\tbad()\n\t}\n}\n",
			after:  "func f() {\n\tif true {\n\t\t//lint:ignore badcall REASON\n\t\tbad()\n\t}\n}\n",
		},
		"in the middle of a line": {
			before: "func f() { x, y := 1, bad(); _, _ = x, y }\n",
			after:  "//lint:ignore badcall REASON\nfunc f() { x, y := 1, bad(); _, _ = x, y }\n",
		},
		"an argument": {
			before: "func f() {\n\tgood(\n\t\t1,\n\t\tbad(),\n\t)\n}\n",
			after:  "func f() {\n\tgood(\n\t\t1,\n\t\t//lint:ignore badcall REASON\n\t\tbad(),\n\t)\n}\n",
		},
		"after a brace": {
			before: "func f() {\n\tif true {\n\t} else if bad() > 0 {\n\t}\n}\n",
			after:  "func f() {\n\tif true {\n\t} else if bad() > 0 { //lint:ignore badcall REASON\n\t}\n}\n",
		},
		"below a comment": {
			before: "func f() {\n\t// It is good.\n\tbad()\n}\n",
			after:  "func f() {\n\t// It is good.\n\t//lint:ignore badcall REASON\n\tbad()\n}\n",
		},
		"below a doc comment": {
			before: "// X is good.\nvar X = bad()\n",
			after:  "// X is good.\n//\n//lint:ignore badcall REASON\nvar X = bad()\n",
		},
		"below a directive": {
			before: "func f() {\n\t//lint:ignore othercall it is so\n\tbad()\n}\n",
			after:  "func f() {\n\t//lint:ignore othercall it is so\n\t//lint:ignore badcall REASON\n\tbad()\n}\n",
		},
		"behind a raw string": {
			before: "func f() {\n\tgood(`\n`, bad())\n}\n",
			after:  "",
		},
		"carriage returns": {
			before: "func f() {\r\n\tbad()\r\n}\r\n",
			after:  "func f() {\r\n\t//lint:ignore badcall REASON\r\n\tbad()\r\n}\r\n",
		},
		"golangci-lint": {
			golangci: true,
			before:   "func f() {\n\tbad()\n}\n",
			after:    "func f() {\n\tbad() //nolint:handshake,badcall // REASON\n}\n",
		},
		"golangci-lint, as elsewhere": {
			before: "func f() {\n\tgood() //nolint:errcheck\n\n\tbad()\n}\n",
			after:  "func f() {\n\tgood() //nolint:errcheck\n\n\tbad() //nolint:handshake,badcall // REASON\n}\n",
		},
		"golangci-lint, behind a comment": {
			golangci: true,
			before:   "func f() {\n\tbad() // It is good.\n}\n",
			after:    "func f() {\n\t//nolint:handshake,badcall // REASON\n\tbad() // It is good.\n}\n",
		},
		"golangci-lint, beside comments": {
			golangci: true,
			before:   "func f() {\n\tgood() // It is good.\n\tbad()\n}\n",
			after:    "func f() {\n\tgood() // It is good.\n\t//nolint:handshake,badcall // REASON\n\tbad()\n}\n",
		},
		"golangci-lint, carriage returns": {
			golangci: true,
			before:   "func f() {\r\n\tbad()\r\n}\r\n",
			after:    "func f() {\r\n\tbad() //nolint:handshake,badcall // REASON\r\n}\r\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			const head = "package p\n\nfunc bad() int    { return 0 }\nfunc good(...any) {}\n\n"
			src := head + c.before
			if strings.Contains(src, "\r") {
				src = strings.ReplaceAll(head, "\n", "\r\n") + c.before
			}
			fset := token.NewFileSet()
			syntax, err := parser.ParseFile(fset, "a.go", src, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			f := &File{Name: "a.go", Src: []byte(src), Syntax: syntax, Tok: fset.File(syntax.FileStart)}
			pkg := Check("p", "p", fset, []*File{f}, types.Config{})
			findings, _ := Analyze(pkg, []*Rule{badCalls})
			last := findings[len(findings)-1]
			e, reason, err := pkg.Ignore(last, c.golangci)
			if err != nil {
				if c.after != "" {
					t.Fatal(err)
				}
				return
			}
			if got := e.New[reason.Start:reason.End]; got != IgnoreReason {
				t.Errorf("the reason is %q", got)
			}
			got, _ := Apply(f.Src, []Edit{e})
			if after := strings.ReplaceAll(string(got[strings.Index(src, c.before):]), IgnoreReason, "REASON"); after != c.after {
				t.Errorf("got\n%s", after)
			}
			after, err := pkg.With([]Edit{e})
			if err != nil {
				t.Fatal(err)
			}
			if left, _ := Analyze(after, []*Rule{badCalls, idleIgnores}); len(left) >= len(findings) {
				t.Errorf("there are %d findings now, %d before", len(left), len(findings))
			}
		})
	}
}
