package card_test

import (
	"context"
	"flag"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"handshake/refactor"
	"handshake/refactor/card"
	"handshake/refactor/load"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// TestCards runs testdata/*.txtar: Go files, and what is said of places in them.
// A section "card a.go p.|stop" holds the card of the identifier at the bar in
// the first occurrence of p.stop, "diagram a.go TEXT" the diagram of the line of
// TEXT, in Mermaid. Each archive is a folder of one module m.
func TestCards(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no archives", err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	write(t, filepath.Join(dir, "go.mod"), "module m\n\ngo 1.26\n")
	archives := make(map[string]*txtar.Archive)
	for _, name := range names {
		ar, err := txtar.ParseFile(name)
		must(t, err)
		archives[name] = ar
		for _, f := range ar.Files {
			if strings.HasSuffix(f.Name, ".go") && !strings.Contains(f.Name, " ") {
				write(t, filepath.Join(dir, folder(name), f.Name), string(f.Data))
			}
		}
	}
	g, err := load.Load(t.Context(), load.Config{Dir: dir, Tests: true, Env: append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off")}, "./...")
	must(t, err)
	for _, name := range names {
		t.Run(folder(name), func(t *testing.T) {
			ar := archives[name]
			for i, f := range ar.Files {
				what, rest, ok := strings.Cut(f.Name, " ")
				if !ok {
					continue
				}
				file, needle, _ := strings.Cut(rest, " ")
				got := answer(t, g, filepath.Join(dir, folder(name), file), what, needle)
				if *update {
					ar.Files[i].Data = []byte(got)
				} else if diff := cmp.Diff(string(f.Data), got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", f.Name, diff)
				}
			}
			if *update {
				must(t, os.WriteFile(name, txtar.Format(ar), 0o666))
			}
		})
	}
}

func folder(name string) string {
	return strings.TrimSuffix(path.Base(filepath.ToSlash(name)), ".txtar")
}

func answer(t *testing.T, g *load.Graph, file, what, needle string) string {
	t.Helper()
	pkg := packageOf(t, g, file)
	src := string(pkg.FileNamed(file).Src)
	before, after, _ := strings.Cut(needle, "|")
	at := strings.Index(src, before+after)
	if at < 0 {
		t.Fatalf("%q is not in %s", before+after, file)
	}
	if what == "card" {
		c := card.At(pkg, file, at+len(before), nil)
		if c == nil {
			return "none\n"
		}
		return c.Markdown()
	}
	if what == "diagram" {
		seq := card.Around(pkg, file, 1+strings.Count(src[:at+len(before)], "\n"))
		if seq == nil {
			return "none\n"
		}
		return seq.Mermaid()
	}
	t.Fatalf("unknown section %s", what)
	return ""
}

func packageOf(t *testing.T, g *load.Graph, file string) *refactor.Package {
	t.Helper()
	m := g.Containing(file)
	if m == nil {
		t.Fatalf("no package has %s", file)
	}
	pkg, err := g.Package(context.Background(), m)
	must(t, err)
	if len(pkg.Errors) > 0 {
		t.Fatal(pkg.Errors)
	}
	return pkg
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(name), 0o777))
	must(t, os.WriteFile(name, []byte(text), 0o666))
}
