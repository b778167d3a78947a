// Package snippets holds the canonical handshakes as snippets: the code that a
// person gets by typing "hsstarted", "hsworker", "hsask" and the like.
//
// There is one source. Each file in src is one snippet, named after its prefix:
// a few "key: value" lines, an empty line, and the body as it will appear in the
// editor, indented with tabs.
//
//	name: Done channel                    (unique; the key in the JSON)
//	description: Wait until one …         (one line, no full stop)
//	scope: statement                      (or toplevel, testfile)
//	imports: sync time                    (the packages that the body mentions)
//	go: 1.25                              (the first Go version that has what it uses)
//	below: 1.25                           (an older form, for versions below this one)
//
// The last three are optional. A file with "below" has the prefix of the newer form
// and a name such as hswait.below1.25.snip.
//
// In the body every name that a person would change is a tab stop, ${1:name}
// where it first stands and $1 wherever it recurs; $0 stands where the work goes.
// A literal $, } (inside a tab stop) or backslash is escaped with a backslash, as
// in the LSP specification's snippet syntax, of which this is the common subset of
// all editors: no nesting, no choices, no variables.
//
// The language server offers [All] as completions; [JSON] is the file that VS Code,
// LuaSnip (from_vscode) and collections in the format of friendly-snippets read. The
// tests expand each snippet with its defaults, and again with work in the place of
// $0, and run the result: the surroundings are in testdata, one file for each prefix.
// After a change, "go test ./snippets -update" writes the JSON anew.
package snippets

import (
	"embed"
	"fmt"
	"go/version"
	"slices"
	"strings"
	"sync"
)

// A Scope says where in a file a snippet makes sense.
type Scope int

const (
	// Statement snippets stand inside a function.
	Statement Scope = iota
	// TopLevel snippets are declarations, outside any function.
	TopLevel
	// TestFile snippets are declarations that stand only in a _test.go file.
	TestFile
)

func (s Scope) String() string {
	return [...]string{"statement", "toplevel", "testfile"}[s]
}

// A Snippet is one canonical handshake.
type Snippet struct {
	Prefix      string   // what is typed: "hs" and a word
	Name        string   // a short title
	Description string   // one line that says what the snippet is for
	Body        []string // lines in LSP snippet syntax, indented with tabs
	Scope       Scope
	Imports     []string // paths of the packages that the body mentions, sorted

	// MinGo is the first language version in which the snippet compiles, Below
	// the first in which a newer form with the same prefix replaces it: "go1.25",
	// as in go/version, or empty.
	MinGo, Below string
}

// Fits reports whether the snippet is the one to offer in a file of the given
// language version ("go1.25", as in go/version). An empty version stands for
// the newest.
func (s Snippet) Fits(goVersion string) bool {
	if goVersion == "" {
		return s.Below == ""
	}
	return version.Compare(goVersion, s.MinGo) >= 0 &&
		(s.Below == "" || version.Compare(goVersion, s.Below) < 0)
}

// All returns every snippet, sorted by prefix; where there are several forms for
// different language versions, the newest comes first. The caller must not change
// the slices inside.
func All() []Snippet {
	return slices.Clone(load())
}

//go:embed src/*.snip
var src embed.FS

// load parses the embedded source once. A mistake in it is a mistake in this
// package, which the tests find: hence the panic.
var load = sync.OnceValue(func() []Snippet {
	files, err := src.ReadDir("src")
	if err != nil {
		panic(err)
	}
	var all []Snippet
	for _, f := range files {
		text, err := src.ReadFile("src/" + f.Name())
		if err != nil {
			panic(err)
		}
		s, err := parse(f.Name(), string(text))
		if err != nil {
			panic(err)
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Snippet) int {
		if c := strings.Compare(a.Prefix, b.Prefix); c != 0 {
			return c
		}
		return version.Compare(b.MinGo, a.MinGo)
	})
	return all
})

// parse reads one source file; its name up to the first dot is the prefix.
func parse(file, text string) (Snippet, error) {
	fail := func(format string, args ...any) (Snippet, error) {
		return Snippet{}, fmt.Errorf("snippets/src/%s: %s", file, fmt.Sprintf(format, args...))
	}
	// A checkout on Windows may have turned the line ends.
	head, body, ok := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n")
	if !ok {
		return fail("no empty line before the body")
	}
	s := Snippet{Body: strings.Split(strings.TrimRight(body, "\n"), "\n")}
	s.Prefix, _, _ = strings.Cut(file, ".")
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "name":
			s.Name = value
		case "description":
			s.Description = value
		case "scope":
			scopes := []Scope{Statement, TopLevel, TestFile}
			i := slices.IndexFunc(scopes, func(scope Scope) bool { return scope.String() == value })
			if i < 0 {
				return fail("unknown scope %q", value)
			}
			s.Scope = scopes[i]
		case "imports":
			s.Imports = strings.Fields(value)
		case "go":
			s.MinGo = "go" + value
		case "below":
			s.Below = "go" + value
		default:
			return fail("unknown key %q", key)
		}
	}
	if s.Name == "" || s.Description == "" {
		return fail("name and description are required")
	}
	return s, nil
}
