package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/sync/errgroup"

	"handshake/refactor"
	"handshake/refactor/apply"
	"handshake/refactor/load"
	"handshake/refactor/rules"
)

// goroutineLeaks is where the Go distribution keeps the kernels of real
// goroutine leaks (GoKer, of GoBench) and the leak patterns beside them.
const goroutineLeaks = "src/runtime/testdata/testgoroutineleakprofile"

// A kernel is a small program with, as a rule, a goroutine leak.
type kernel struct {
	Name  string // as its program knows it: "Grpc660"
	suite string // the folder of its program
	file  string // relative to the suite
	lines map[int]bool

	Found         []string // rules with a finding
	Fixed         []string // rules with a fix that was made
	Before, After leaks
}

// leaks is how often, of all runs, a kernel leaked a goroutine.
type leaks struct {
	runs, leaking int
	waits         []string // what the leaked ones wait for: "chan send"
	err           error    // of a run that failed
}

func (l leaks) String() string {
	if l.err != nil {
		return l.err.Error()
	}
	return strings.TrimSpace(fmt.Sprintf("%d/%d %s", l.leaking, l.runs, strings.Join(l.waits, ", ")))
}

// A yardstick is the suite of kernels, without the comments that give hints
// away, in a module of its own.
type yardstick struct {
	dir     string // of the module; the suites are folders in it
	kernels []*kernel
	fixed   map[string][]byte // changed files by path relative to dir
}

var suites = []string{"patterns", "goker", "rebuilt"}

// rebuilt are kernels of our own: of issues that the distribution does not have,
// and of shapes that its kernels leave out.
//
//go:embed testdata/rebuilt
var rebuilt embed.FS

// newYardstick copies the kernels of the installed Go distribution, and our own,
// to dir.
func newYardstick(ctx context.Context, dir string) (*yardstick, error) {
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	from := filepath.Join(strings.TrimSpace(string(goroot)), goroutineLeaks)
	y := &yardstick{dir: dir}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module leaks\n\ngo 1.26\n"), 0o666); err != nil {
		return nil, err
	}
	own, err := fs.Sub(rebuilt, "testdata/rebuilt")
	if err != nil {
		return nil, err
	}
	for suite, source := range map[string]fs.FS{"patterns": os.DirFS(from), "goker": os.DirFS(filepath.Join(from, "goker")), "rebuilt": own} {
		names, err := fs.Glob(source, "*.go")
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("no kernels of %s", suite)
		}
		if err := os.Mkdir(filepath.Join(dir, suite), 0o777); err != nil {
			return nil, err
		}
		for _, name := range names {
			src, err := fs.ReadFile(source, name)
			if err != nil {
				return nil, err
			}
			if src, err = withoutComments(name, src); err != nil {
				return nil, err
			}
			if err := os.WriteFile(filepath.Join(dir, suite, name), src, 0o666); err != nil {
				return nil, err
			}
			found, err := kernelsIn(suite, name, src)
			if err != nil {
				return nil, err
			}
			y.kernels = append(y.kernels, found...)
		}
	}
	slices.SortFunc(y.kernels, func(a, b *kernel) int {
		return strings.Compare(a.suite+" "+a.Name, b.suite+" "+b.Name)
	})
	return y, nil
}

// withoutComments returns a source file without its comments.
func withoutComments(name string, src []byte) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = format.Node(&out, fset, file)
	return out.Bytes(), err
}

// kernelsIn returns the kernels that a file registers, each with the lines of
// the functions and types that it is made of.
func kernelsIn(suite, name string, src []byte) ([]*kernel, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	decls := make(map[string][]ast.Decl) // by the names that they declare or are methods of
	var registered []string
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv != nil {
				ast.Inspect(d.Recv, func(n ast.Node) bool {
					if id, ok := n.(*ast.Ident); ok {
						decls[id.Name] = append(decls[id.Name], d)
					}
					return true
				})
				continue
			}
			decls[d.Name.Name] = append(decls[d.Name.Name], d)
			if d.Name.Name != "init" {
				continue
			}
			ast.Inspect(d.Body, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 2 {
					if id, ok := call.Args[1].(*ast.Ident); ok {
						registered = append(registered, id.Name)
					}
				}
				return true
			})
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if s, ok := s.(*ast.TypeSpec); ok {
					decls[s.Name.Name] = append(decls[s.Name.Name], d)
				}
			}
		}
	}
	var out []*kernel
	for _, r := range registered {
		k := &kernel{Name: r, suite: suite, file: name, lines: make(map[int]bool)}
		seen := make(map[ast.Decl]bool)
		var add func(string)
		add = func(name string) {
			for _, d := range decls[name] {
				if seen[d] {
					continue
				}
				seen[d] = true
				for l := fset.Position(d.Pos()).Line; l <= fset.Position(d.End()).Line; l++ {
					k.lines[l] = true
				}
				ast.Inspect(d, func(n ast.Node) bool {
					if id, ok := n.(*ast.Ident); ok && id.Name != "init" {
						add(id.Name)
					}
					return true
				})
			}
		}
		add(r)
		out = append(out, k)
	}
	return out, nil
}

// fix makes all fixes of all rules, those that need a review too, in memory.
func (y *yardstick) fix(ctx context.Context, all []*refactor.Rule) error {
	g, err := load.Load(ctx, load.Config{Dir: y.dir}, "./...")
	if err != nil {
		return err
	}
	res, err := apply.Graph(ctx, g, apply.Options{Rules: all, Unsafe: true})
	if err != nil {
		return err
	}
	if len(res.Errors) > 0 {
		return res.Errors[0]
	}
	at := func(p apply.Place) (hit []*kernel) {
		for _, k := range y.kernels {
			if p.File == filepath.Join(y.dir, k.suite, k.file) && k.lines[p.Line] {
				hit = append(hit, k)
			}
		}
		return hit
	}
	note := func(list *[]string, rule string) {
		if !slices.Contains(*list, rule) {
			*list = append(*list, rule)
		}
	}
	for _, m := range res.Made {
		for _, k := range at(m.Place) {
			note(&k.Found, m.Rule.Name)
			note(&k.Fixed, m.Rule.Name)
		}
	}
	for _, l := range res.Left {
		for _, k := range at(l.Place) {
			note(&k.Found, l.Rule.Name)
		}
	}
	y.fixed = make(map[string][]byte)
	for _, f := range res.Files {
		rel, err := filepath.Rel(y.dir, f.Name)
		if err != nil {
			return err
		}
		y.fixed[rel] = f.After
	}
	return nil
}

// write puts the fixed files in the place of the former ones.
func (y *yardstick) write() error {
	for name, src := range y.fixed {
		if err := os.WriteFile(filepath.Join(y.dir, name), src, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// build builds the program of each suite with the leak profile.
func (y *yardstick) build(ctx context.Context, suffix string) error {
	for _, suite := range suites {
		cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(y.dir, suite+suffix), "./"+suite)
		cmd.Dir = y.dir
		cmd.Env = append(os.Environ(), "GOEXPERIMENT=goroutineleakprofile")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w\n%s", suite, err, out)
		}
	}
	return nil
}

// run runs a kernel some times, half of them on one processor, where the
// scheduler is easier to foretell, and counts the runs that leak.
func (y *yardstick) run(ctx context.Context, k *kernel, suffix string, times int) (l leaks) {
	for i := range times {
		cmd := exec.CommandContext(ctx, filepath.Join(y.dir, k.suite+suffix), k.Name)
		cmd.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1")
		if i%2 == 0 {
			cmd.Env = append(cmd.Env, "GOMAXPROCS=1")
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			l.err = err
			return l
		}
		l.runs++
		found := leaked.FindAllSubmatch(out, -1)
		if len(found) > 0 {
			l.leaking++
		}
		for _, m := range found {
			if wait := string(m[1]); !slices.Contains(l.waits, wait) {
				l.waits = append(l.waits, wait)
			}
		}
	}
	slices.Sort(l.waits)
	return l
}

// leaked matches the header of a goroutine that can never go on.
var leaked = regexp.MustCompile(`(?m)^goroutine \d+ \[(.*) \(leaked\)`)

// goker prints what the rules find in the kernels, what they fix, and how many
// of some runs leak a goroutine before and after.
func goker(ctx context.Context, out io.Writer, times int) error {
	dir, err := os.MkdirTemp("", "goker")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	y, err := newYardstick(ctx, dir)
	if err != nil {
		return err
	}
	if err := y.measure(ctx, rules.All(), times, func(*kernel) bool { return true }); err != nil {
		return err
	}
	return y.print(out)
}

// measure fixes the kernels and runs those that are chosen, before and after.
func (y *yardstick) measure(ctx context.Context, all []*refactor.Rule, times int, chosen func(*kernel) bool) error {
	if err := y.build(ctx, ".before"); err != nil {
		return err
	}
	if err := y.fix(ctx, all); err != nil {
		return err
	}
	if err := y.write(); err != nil {
		return err
	}
	if err := y.build(ctx, ".after"); err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, k := range y.kernels {
		if chosen(k) {
			group.Go(func() error {
				k.Before = y.run(ctx, k, ".before", times)
				k.After = y.run(ctx, k, ".after", times)
				return ctx.Err()
			})
		}
	}
	return group.Wait()
}

func (y *yardstick) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "kernel\tfound\tfixed\tleaks before\tleaks after")
	found, fixed := 0, 0
	for _, k := range y.kernels {
		if len(k.Found) > 0 {
			found++
		}
		if len(k.Fixed) > 0 {
			fixed++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%v\t%v\n", k.Name, dash(k.Found), dash(k.Fixed), k.Before, k.After)
	}
	fmt.Fprintf(w, "%d kernels\t%d\t%d\t\t\n", len(y.kernels), found, fixed)
	return w.Flush()
}

func dash(list []string) string {
	if len(list) == 0 {
		return "-"
	}
	return strings.Join(list, " ")
}
