package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

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
	Open, RSS, Rest, Peak   int     // MB: after the first diagnostics, after the edits, after a pause, and at most until then
	ScanMS, RescanMS        float64 // from the start of the process to the end of the first scan of the workspace, and of the second
	ScanRSS, ScanPeak       int     // MB, after and during the first
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

// benchServers opens each target in each server.
func benchServers(ctx context.Context, o *benchOptions, dir, binary string, targets []target, stdout io.Writer) ([]figure, error) {
	servers := []server{{"handshake", []string{binary, "serve"}, "HANDSHAKE_CACHE", "println(len(benched))\n\tclose(benched)", "closes the channel a second time", "quickfix.handshake.doubleclose"}}
	if o.gopls != "" {
		servers = append(servers, server{"gopls", []string{o.gopls, "serve"}, "GOPLSCACHE", "benched = benched", "self-assignment", ""})
	}
	var figures []figure
	for _, t := range targets {
		for _, s := range servers {
			edits := o.edits
			if s.resolves == "" {
				edits = max(4, edits/4) // a second each, at least
			}
			f, err := measure(ctx, s, t, filepath.Join(dir, "cache", s.Name, t.Name), edits)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", t.Name, s.Name, err)
			}
			fmt.Fprintf(stdout, "%s, %s: body edit %v ms\n", t.Name, s.Name, f.Body)
			figures = append(figures, f)
		}
	}
	return figures, nil
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
	p, err := open(ctx, s, t.File, text.body(0, s.smell), cache, false)
	if err != nil {
		return f, err
	}
	f.ColdMS, err = p.first(s.says)
	if err := errors.Join(err, p.end()); err != nil {
		return f, err
	}
	if p, err = open(ctx, s, t.File, text.body(0, s.smell), cache, false); err != nil {
		return f, err
	}
	defer p.end()
	if f.WarmMS, err = p.first(s.says); err != nil {
		return f, err
	}
	p.settle()
	f.Open, _ = p.memory()
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
	time.Sleep(pause)
	f.Rest, _ = p.memory()
	f.Declaration = series(edits/2, text.declaration)
	f.Import = series(edits/4, text.imports)
	if err != nil || s.resolves == "" {
		return f, err
	}
	f.ScanMS, f.ScanRSS, f.ScanPeak, err = scanned(ctx, s, t, cache)
	if err == nil {
		f.RescanMS, _, _, err = scanned(ctx, s, t, cache)
	}
	return f, err
}

// pause is after which time a server has done all that it does on its own.
const pause = 6 * time.Second

// scanned lets a server of ours look at the whole workspace of an open file.
func scanned(ctx context.Context, s server, t target, cache string) (took float64, rss, peak int, err error) {
	src, err := os.ReadFile(t.File)
	if err != nil {
		return 0, 0, 0, err
	}
	p, err := open(ctx, s, t.File, string(src), cache, true)
	if err != nil {
		return 0, 0, 0, err
	}
	m, err := p.until(func(m arrived) bool { return m.Method == "$/progress" && m.Params.Value.Kind == "end" })
	p.settle()
	rss, peak = p.memory()
	return ms(m.at.Sub(p.start)), rss, peak, errors.Join(err, p.end())
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
