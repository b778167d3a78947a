package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

const benchUsage = `usage: go run ./cmd/dev bench lsp [flags] [NAME=FILE ...]

Opens each file in handshake and in gopls, edits it, and writes how long they
take into -out: RESULTS.md and results.json. Nothing on the disk is changed.
Without arguments the file is server.go of net/http in the Go distribution.

`

// A target is a file of a package that is edited.
type target struct{ Name, File string }

// A figure is what was measured of one server in one package.
type figure struct {
	Target, Server string
	Lines          int // of the package, without tests in other packages

	ColdMS, WarmMS          float64 // from the start of the process to the first diagnostics
	Body, Declaration       times   // from an edit to the diagnostics that tell of it
	Import, Action, Resolve times
	CPU                     float64 // ms per body edit
	RSS, Peak               int     // MB, after the edits
}

// times are milliseconds, in order.
type times []float64

func (t times) at(quantile float64) string {
	if len(t) == 0 {
		return "–"
	}
	v := t[int(float64(len(t)-1)*quantile+0.5)]
	if v < 10 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func (t times) String() string {
	if len(t) == 0 {
		return "–"
	}
	return t.at(0.5) + " / " + t.at(0.95)
}

// A server is a language server that is measured. Smell is a statement that it
// reports by a rule, in words that Says is part of.
type server struct {
	Name     string
	args     []string
	cache    string // the variable that names its cache folder
	smell    string
	says     string
	resolves string // the kind of the code action that is resolved, or ""
}

func bench(ctx context.Context, root string, stdout io.Writer, args []string) error {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	gopls := fs.String("gopls", "gopls", "the program to compare with; none if empty")
	out := fs.String("out", filepath.Join(root, "testdata", "bench"), "the folder to write to")
	edits := fs.Int("edits", 40, "edits of each kind")
	fs.Usage = func() { fmt.Fprint(fs.Output(), benchUsage); fs.PrintDefaults() }
	if len(args) == 0 || args[0] != "lsp" {
		fs.Usage()
		return errors.New("bench lsp is the only one")
	}
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	targets := []target{{"net/http", filepath.Join(runtime.GOROOT(), "src", "net", "http", "server.go")}}
	if fs.NArg() > 0 {
		targets = nil
	}
	for _, arg := range fs.Args() {
		name, file, ok := strings.Cut(arg, "=")
		if !ok {
			return fmt.Errorf("%q is not NAME=FILE", arg)
		}
		targets = append(targets, target{name, file})
	}
	dir, err := os.MkdirTemp("", "handshake-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "handshake")
	if said, err := exec.CommandContext(ctx, "go", "build", "-C", root, "-o", binary, "./cmd/handshake").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	servers := []server{{"handshake", []string{binary, "serve"}, "HANDSHAKE_CACHE", "println(len(benched))\n\tclose(benched)", "closes the channel a second time", "quickfix.handshake.doubleclose"}}
	if *gopls != "" {
		servers = append(servers, server{"gopls", []string{*gopls, "serve"}, "GOPLSCACHE", "benched = benched", "self-assignment", ""})
	}
	var figures []figure
	for _, t := range targets {
		for _, s := range servers {
			cache := filepath.Join(dir, "cache", s.Name, t.Name)
			f, err := measure(ctx, s, t, cache, *edits)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", t.Name, s.Name, err)
			}
			fmt.Fprintf(stdout, "%s, %s: body edit %v ms\n", t.Name, s.Name, f.Body)
			figures = append(figures, f)
		}
	}
	return writeBench(*out, figures, *edits)
}

// measure starts the server twice, with an empty cache and then with what that
// left, and edits the file.
func measure(ctx context.Context, s server, t target, cache string, edits int) (figure, error) {
	f := figure{Target: t.Name, Server: s.Name}
	src, err := os.ReadFile(t.File)
	if err != nil {
		return f, err
	}
	others, err := filepath.Glob(filepath.Join(filepath.Dir(t.File), "*.go"))
	if err != nil {
		return f, err
	}
	for _, name := range others {
		text, err := os.ReadFile(name)
		if err != nil {
			return f, err
		}
		f.Lines += strings.Count(string(text), "\n")
	}
	text := texts{string(src)}
	p, err := open(ctx, s, t.File, text.body(0, s.smell), cache)
	if err != nil {
		return f, err
	}
	f.ColdMS, err = p.first(s.says)
	if err := errors.Join(err, p.end()); err != nil {
		return f, err
	}
	if p, err = open(ctx, s, t.File, text.body(0, s.smell), cache); err != nil {
		return f, err
	}
	defer p.end()
	if f.WarmMS, err = p.first(s.says); err != nil {
		return f, err
	}
	n := 0
	// Each edit makes another text, and the smell comes or goes with it.
	series := func(count int, text func(n int, smell string) string) (out times) {
		for range count {
			n++
			smell := ""
			if n%2 == 0 {
				smell = s.smell
			}
			ms, e := p.edit(text(n, smell), s.says, n%2 == 0)
			err = cmp.Or(err, e)
			out = append(out, ms)
		}
		slices.Sort(out)
		return out
	}
	series(4, text.body)
	p.settle() // what is done after the diagnostics is none of the edits'
	before := p.cpu()
	f.Body = series(edits, text.body)
	f.CPU = (p.cpu() - before) / float64(edits)
	if s.resolves != "" {
		for range edits / 2 {
			p.settle()
			action, resolve, e := p.fix(s.resolves)
			err = cmp.Or(err, e)
			f.Action, f.Resolve = append(f.Action, action), append(f.Resolve, resolve)
			series(2, text.body) // so that nothing is known of the fix
		}
		slices.Sort(f.Action)
		slices.Sort(f.Resolve)
	}
	f.RSS, f.Peak = p.memory()
	f.Declaration = series(edits/2, text.declaration)
	f.Import = series(edits/4, text.imports)
	return f, err
}

// texts are what the edited file becomes.
type texts struct{ src string }

// body has another statement in a function for each n, and the smell in it.
func (t texts) body(n int, smell string) string {
	return fmt.Sprintf("%s\nfunc handshakeBenched() int {\n\tbenched := make(chan int)\n\tclose(benched)\n\t%s\n\treturn %d\n}\n", t.src, smell, n)
}

func (t texts) declaration(n int, smell string) string {
	return t.body(n, smell) + fmt.Sprintf("\nvar handshakeBenched%d = %d\n", n, n)
}

// imported are packages that hardly any other imports.
var imported = []string{"archive/tar", "container/ring", "debug/macho", "debug/plan9obj", "encoding/csv", "hash/adler32", "image/gif", "index/suffixarray", "text/scanner", "time/tzdata"}

func (t texts) imports(n int, smell string) string {
	head, rest, _ := strings.Cut(t.src, "\nimport")
	return texts{fmt.Sprintf("%s\nimport _ %q\n\nimport%s", head, imported[n%len(imported)], rest)}.body(n, smell)
}

func writeBench(dir string, figures []figure, edits int) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(figures, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "results.json"), append(raw, '\n'), 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "RESULTS.md"), []byte(report(figures, edits)), 0o666)
}
