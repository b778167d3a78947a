package snippets

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated JSON")

// prefixes is the catalogue. A snippet is never renamed: fingers remember it.
var prefixes = strings.Fields(`
	hsaddr hsask hsbubble hsctxstop hsdone hsgate hsguard hsonce hspool hsready
	hsreadyvalue hsrendezvous hsreply hsresult hsserver hsstarted hsstop hstest
	hswait hswithin hsworker`)

func TestPrefixes(t *testing.T) {
	var got []string
	for _, s := range All() {
		got = append(got, s.Prefix)
	}
	if !slices.IsSorted(got) {
		t.Errorf("not sorted: %q", got)
	}
	if got := slices.Compact(got); !slices.Equal(got, prefixes) {
		t.Errorf("got  %q\nwant %q", got, prefixes)
	}
}

// For each language version there is at most one form of a snippet, and for the
// newest exactly one.
func TestFits(t *testing.T) {
	versions := []string{"go1.9", "go1.18", "go1.21", "go1.22", "go1.24", "go1.24.3", "go1.25", "go1.25.1", "go1.26", ""}
	for _, v := range versions {
		count := make(map[string]int)
		for _, s := range All() {
			if s.Fits(v) {
				count[s.Prefix]++
			}
		}
		for _, prefix := range prefixes {
			if n := count[prefix]; n > 1 || n == 0 && v == "" {
				t.Errorf("%s: %d forms fit Go version %q", prefix, n, v)
			}
		}
		if count["hswait"] != 1 {
			t.Errorf("hswait has no form for Go version %q", v)
		}
	}
}

func TestText(t *testing.T) {
	names := make(map[string]string)
	for _, s := range All() {
		if other, ok := names[s.Name]; ok && other != s.Prefix {
			t.Errorf("%s and %s are both named %q", s.Prefix, other, s.Name)
		}
		names[s.Name] = s.Prefix
		if strings.HasSuffix(s.Description, ".") || strings.HasPrefix(s.Description, "Snippet") {
			t.Errorf("%s: description %q: want one line without full stop that says what it does", s.Prefix, s.Description)
		}
		for _, line := range s.Body {
			if strings.HasPrefix(line, " ") || strings.ContainsAny(line, "\r\n") {
				t.Errorf("%s: line %q: want one line indented with tabs", s.Prefix, line)
			}
		}
	}
}

// What editors disagree about is not in a body: tab stops are numbered from 1 in the
// order in which they stand, the default comes first, $0 occurs once.
func TestTabStops(t *testing.T) {
	for _, s := range All() {
		next, final := 1, 0
		for _, p := range split(s.Body) {
			switch {
			case p.stop < 0:
				if strings.Contains(p.text, "${") {
					t.Errorf("%s: no tab stop: %q", s.Prefix, p.text)
				}
			case p.stop == 0:
				final++
			case p.def:
				if p.stop != next {
					t.Errorf("%s: tab stop %d stands where %d is due", s.Prefix, p.stop, next)
				}
				if p.text == "" || strings.ContainsAny(p.text, "${\n") {
					t.Errorf("%s: tab stop %d has the default %q", s.Prefix, p.stop, p.text)
				}
				next++
			case p.stop >= next:
				t.Errorf("%s: $%d stands before its default", s.Prefix, p.stop)
			}
		}
		if final != 1 {
			t.Errorf("%s: $0 occurs %d times", s.Prefix, final)
		}
		if got := join(split(s.Body)); !slices.Equal(got, s.Body) {
			t.Errorf("%s: taken apart and joined again:\n%s", s.Prefix, strings.Join(got, "\n"))
		}
	}
}

func TestExpand(t *testing.T) {
	for _, test := range []struct{ body, work, want string }{
		{"${1:a} := $2", "", "a := \n"},
		{"${1:a} := ${2:b}($1, $2)", "", "a := b(a, b)\n"},
		{"{\n\t$0\n}", "", "{\n}\n"},
		{"{\n\t$0\n}", "f()", "{\n\tf()\n}\n"},
		{"f()$0", "", "f()\n"},
		{`"\$1 \\n ${1:{\}}"`, "", "\"$1 \\n {}\"\n"},
	} {
		if got := expand(strings.Split(test.body, "\n"), test.work); got != test.want {
			t.Errorf("%q: got %q, want %q", test.body, got, test.want)
		}
	}
}

func TestGofmt(t *testing.T) {
	for _, s := range All() {
		text := Expand(s.Body)
		if s.Scope != Statement {
			text = "package p\n\n" + text
		}
		got, err := format.Source([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", s.Prefix, err)
		} else if string(got) != text {
			t.Errorf("%s: gofmt writes\n%s", s.Prefix, got)
		}
	}
}

// Imports is what the editor adds: neither more nor less than the body needs.
func TestImports(t *testing.T) {
	bases := make(map[string]string) // base name → path, of every package that any snippet imports
	for _, s := range All() {
		for _, imp := range s.Imports {
			bases[path.Base(imp)] = imp
		}
	}
	for _, s := range All() {
		text := Expand(s.Body)
		if s.Scope == Statement {
			text = "func _() {\n" + text + "}\n"
		}
		f, err := parser.ParseFile(token.NewFileSet(), s.Prefix+".go", "package p\n"+text, 0)
		if err != nil {
			t.Error(err)
			continue
		}
		var want []string
		ast.Inspect(f, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && bases[x.Name] != "" {
					want = append(want, bases[x.Name])
				}
			}
			return true
		})
		slices.Sort(want)
		want = slices.Compact(want)
		if !slices.Equal(s.Imports, want) {
			t.Errorf("%s: imports %q, its body needs %q", s.Prefix, s.Imports, want)
		}
	}
}

func TestJSON(t *testing.T) {
	var got map[string]struct {
		Prefix      string
		Body        []string
		Description string
	}
	dec := json.NewDecoder(bytes.NewReader(JSON()))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(prefixes) {
		t.Errorf("%d entries for %d prefixes", len(got), len(prefixes))
	}
	for _, s := range All() {
		if s.Below != "" {
			continue
		}
		e := got[s.Name]
		if e.Prefix != s.Prefix || e.Description != s.Description || !slices.Equal(e.Body, s.Body) {
			t.Errorf("%s became %+v", s.Prefix, e)
		}
	}
}

// The extension of VS Code can only carry what is in its own folder, which is why
// the file is there; the package.json beside it is for LuaSnip.
const jsonDir = "../editors/vscode/snippets/"

func TestJSONIsFresh(t *testing.T) {
	if *update {
		if err := os.WriteFile(jsonDir+"go.json", JSON(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(jsonDir + "go.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), JSON()) {
		t.Errorf("%sgo.json is stale; run: go test ./snippets -update", jsonDir)
	}

	var manifest struct {
		Contributes struct {
			Snippets []struct{ Language, Path string }
		}
	}
	text, err := os.ReadFile(jsonDir + "package.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(manifest.Contributes.Snippets); got != "[{go ./go.json}]" {
		t.Errorf("package.json contributes %s", got)
	}
}

func TestParseErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"name: A\ndescription: B\nscope: statement\n", "no empty line"},
		{"name: A\ndescription: B\nscope: file\n\nf()\n", `unknown scope "file"`},
		{"name: A\ndescription: B\nimport: sync\n\nf()\n", `unknown key "import"`},
		{"name: A\n\nf()\n", "required"},
	} {
		_, err := parse("hsx.snip", test.text)
		if err == nil || !regexp.MustCompile(`^snippets/src/hsx\.snip: .*`+test.want).MatchString(err.Error()) {
			t.Errorf("%q: got %v, want %s", test.text, err, test.want)
		}
	}
}
