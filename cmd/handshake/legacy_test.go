package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// change is what fix -unsafe makes of one declaration of the legacy service.
type change struct {
	sleeps int      // calls of time.Sleep that stay
	has    []string // what the new text contains
}

// legacyChanges lists every declaration that fix -unsafe rewrites. All others
// must keep their text: their sleeps are the behaviour (a back-off, a rate
// limit, simulated work, a poll, an expiry, a soak, a negative check), their
// unbuffered channels are a rendezvous, or the fix is withheld (the Stop of
// Reporter holds the lock that its goroutine takes, that of Pool may be called
// by a job).
var legacyChanges = map[string]change{
	"cache/cache.go Cache.Get":                        {0, []string{"make(chan result, 1)"}},
	"cache/cache_test.go TestManyReaders":             {0, []string{".Done()\n\t\t\t<-gate", ".Wait()"}},
	"cache/cache_test.go TestReadWhileWriting":        {0, []string{"defer close(done)"}},
	"cache/cache_test.go TestWritersFinish":           {0, []string{"defer close(finished)"}},
	"feed/client.go Client.FetchWithin":               {0, []string{"make(chan answer, 1)"}},
	"feed/client.go Client.FetchAll":                  {0, []string{"make(chan answer, len(currencies))"}},
	"feed/client.go Warm":                             {0, []string{"sync.WaitGroup", ".Wait()"}},
	"feed/poller.go Poller":                           {0, []string{"chan struct{}"}},
	"feed/poller.go NewPoller":                        {0, []string{"make(chan struct{})"}},
	"feed/poller.go Poller.poll":                      {0, []string{"defer close(p."}},
	"feed/poller.go Poller.Stop":                      {0, []string{"<-p."}},
	"feed/feed_test.go TestFetchInBackground":         {0, []string{"defer close("}},
	"feed/feed_test.go TestRefresh":                   {0, []string{"defer close(", "go func(currency string) {", "}(favourite())"}},
	"feed/feed_test.go TestPollerStops":               {1, nil},
	"jobs/bus.go Relay":                               {0, []string{"make(chan struct{})", "<-started"}},
	"jobs/bus.go forward":                             {0, []string{"close(started)\n\tfor msg := range in"}},
	"jobs/jobs_test.go TestPublishReachesSubscriber":  {0, []string{"close(started)\n\t\tfor", "<-started"}},
	"jobs/jobs_test.go TestRecorderListens":           {0, []string{"close(started)\n\t\tfor", "<-started"}},
	"jobs/jobs_test.go record":                        {0, []string{"sync.OnceFunc(", "defer ", "<-started"}},
	"jobs/jobs_test.go TestForwardEnds":               {0, []string{"go forward(b, \"rates\", out, "}},
	"jobs/jobs_test.go count":                         {0, []string{"close(started)\n\tfor"}},
	"jobs/jobs_test.go TestCount":                     {0, []string{"<-started"}},
	"jobs/jobs_test.go TestTwoProducers":              {0, []string{".Done()\n\t\t<-start", ".Wait()"}},
	"jobs/jobs_test.go TestProducerInBackground":      {0, []string{"defer wg.Done()"}},
	"ratesd/main.go main":                             {0, []string{"net.Listen(", "debug.Serve(", "defer close("}},
	"stats/meter.go Meter":                            {0, []string{"chan struct{}"}},
	"stats/meter.go NewMeter":                         {0, []string{"make(chan struct{})"}},
	"stats/meter.go Meter.run":                        {0, []string{"defer close(m."}},
	"stats/meter.go Meter.Stop":                       {0, []string{"<-m."}},
	"stats/sink.go OpenSink":                          {0, []string{"make(chan error, 1)", "<- err", "return nil, err"}},
	"stats/stats_test.go TestMeterCountsLastInterval": {0, nil},
	"stats/stats_test.go TestMeterManyCallers":        {0, nil},
	"stats/stats_test.go TestCountersAreFlushed":      {0, []string{"defer close(", "<-stopped"}},
	"stats/stats_test.go TestCountersWithContext":     {0, []string{"defer close(", "<-stopped"}},
	"web/server.go Server.Start":                      {0, []string{`net.Listen("tcp", cmp.Or(s.http.Addr, ":http"))`, "s.http.Serve(", "return err"}},
	"web/server_test.go TestHealth":                   {0, []string{`net.Listen("tcp", addr)`, "http.Serve(", "t.Fatal(err)"}},
	"web/server_test.go TestBehindProxy":              {0, []string{`net.Listen("tcp", proxy.Addr)`, "proxy.Serve("}},
	"web/server_test.go TestServeOnListener":          {0, nil},
	"web/server_test.go TestOldClients":               {0, nil},
	"web/server_test.go TestBalancer":                 {0, []string{"ln, err := net.Listen", "t.Fatal(err)"}},
	"web/server_test.go TestTwoClients":               {0, []string{".Wait()"}},
	"web/server_test.go TestManyClients":              {0, []string{".Wait()"}},
	"web/server_test.go TestTally":                    {0, []string{".Wait()"}},
}

// TestLegacy rewrites a copy of testdata/legacy with the command and checks
// that only the guessed waits are gone and that the service still works, now
// under the race detector too.
func TestLegacy(t *testing.T) {
	work := t.TempDir()
	bin := filepath.Join(work, "handshake")
	if runtime.GOOS == "windows" {
		bin += ".exe"
	}
	goTool(t, ".", "build", "-o", bin, ".")

	dir := filepath.Join(work, "legacy")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "testdata", "legacy"))); err != nil {
		t.Fatal(err)
	}
	mod := "module handshake/testdata/legacy\n\ngo 1.26\n"
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o666); err != nil {
		t.Fatal(err)
	}
	before := readLegacy(t, dir)
	goTool(t, dir, "vet", "./...")
	slow, passed := testTime(t, dir)
	if !passed {
		t.Log("the legacy tests are flaky, as they are meant to be: they failed this time")
	}

	fixLegacy(t, bin, dir)
	after := readLegacy(t, dir)
	compareLegacy(t, before, after)
	if t.Failed() {
		return // the rest would only repeat it
	}
	removed := before.slept - after.slept
	if least := 4800 * time.Millisecond; removed < least {
		t.Errorf("%v of guessed waiting removed, want at least %v", removed, least)
	}

	goTool(t, dir, "vet", "./...")
	fast, passed := testTime(t, dir)
	if !passed {
		t.Error("the tests fail")
	}
	goTool(t, dir, "test", "-race", "-count=20", "./...")

	fixLegacy(t, bin, dir)
	if diff := cmp.Diff(after.files, readLegacy(t, dir).files); diff != "" {
		t.Errorf("the second run changed something (-first +second):\n%s", diff)
	}
	t.Logf("%d of %d sleeps removed, %v of guessed waiting; the tests took %v, now %v",
		before.sleeps-after.sleeps, before.sleeps, removed, slow, fast)
}

// fixLegacy runs fix -unsafe on the module in dir. Exit code 1 is fine: what is
// withheld is still a finding.
func fixLegacy(t *testing.T, bin, dir string) {
	t.Helper()
	cmd := exec.Command(bin, "fix", "-unsafe", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatalf("handshake fix -unsafe: %v\n%s", err, out)
	}
}

// compareLegacy checks every declaration and every comment of the two trees.
func compareLegacy(t *testing.T, before, after legacyTree) {
	t.Helper()
	for name := range legacyChanges {
		if _, ok := before.decls[name]; !ok {
			t.Errorf("testdata/legacy has no %s", name)
		}
	}
	if diff := cmp.Diff(before.names, after.names); diff != "" {
		t.Errorf("declarations (-before +after):\n%s", diff)
	}
	for _, name := range before.names {
		was, is := before.decls[name], after.decls[name]
		want, ok := legacyChanges[name]
		switch {
		case !ok && is.text != was.text:
			t.Errorf("%s must stay as it is (-before +after):\n%s", name, cmp.Diff(was.text, is.text))
		case ok && is.text == was.text:
			t.Errorf("%s was not rewritten", name)
		case ok && is.sleeps != want.sleeps:
			t.Errorf("%s sleeps %d times, want %d:\n%s", name, is.sleeps, want.sleeps, is.text)
		case ok:
			for _, text := range want.has {
				if !strings.Contains(is.text, text) {
					t.Errorf("%s has no %q:\n%s", name, text, is.text)
				}
			}
		}
	}
	for file, comments := range before.comments {
		left := slices.Clone(after.comments[file])
		for _, c := range comments {
			if i := slices.Index(left, c); i >= 0 {
				left = slices.Delete(left, i, i+1)
			} else {
				t.Errorf("%s lost the comment %s", file, c)
			}
		}
	}
	for file, src := range after.files {
		if !strings.HasSuffix(file, ".go") {
			continue
		}
		if tidy, err := format.Source([]byte(src)); err != nil || string(tidy) != src {
			t.Errorf("%s is not formatted (%v)", file, err)
		}
	}
}

// legacyTree is the source of the service, taken apart.
type legacyTree struct {
	files    map[string]string // by slash-separated path
	names    []string          // keys of decls in order of files and lines
	decls    map[string]legacyDecl
	comments map[string][]string // by file
	sleeps   int
	slept    time.Duration // sum of the sleeps whose length is written down
}

// legacyDecl is a function, a method or a type.
type legacyDecl struct {
	text   string
	sleeps int
}

func readLegacy(t *testing.T, dir string) legacyTree {
	t.Helper()
	tree := legacyTree{
		files:    make(map[string]string),
		decls:    make(map[string]legacyDecl),
		comments: make(map[string][]string),
	}
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		tree.files[path] = string(src)
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		return tree.add(path, src)
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// add takes the file apart. Imports, constants and variables are left out: what
// they need follows from the functions.
func (tree *legacyTree) add(path string, src []byte) error {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			tree.comments[path] = append(tree.comments[path], c.Text)
		}
	}
	for _, decl := range file.Decls {
		name := ""
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			name = decl.Name.Name
			if decl.Recv != nil {
				name = decl.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name + "." + name
			}
		case *ast.GenDecl:
			if decl.Tok != token.TYPE {
				continue
			}
			name = decl.Specs[0].(*ast.TypeSpec).Name.Name
		}
		d := legacyDecl{text: string(src[fset.Position(decl.Pos()).Offset:fset.Position(decl.End()).Offset])}
		ast.Inspect(decl, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && selector(call.Fun) == "time.Sleep" {
				d.sleeps++
				tree.slept += literal(call.Args[0])
			}
			return true
		})
		tree.sleeps += d.sleeps
		tree.names = append(tree.names, path+" "+name)
		tree.decls[path+" "+name] = d
	}
	return nil
}

// literal returns the duration of an expression such as 50 * time.Millisecond,
// 0 for one that is not written down.
func literal(e ast.Expr) time.Duration {
	product, ok := e.(*ast.BinaryExpr)
	if !ok || product.Op != token.MUL || selector(product.Y) != "time.Millisecond" {
		return 0
	}
	lit, ok := product.X.(*ast.BasicLit)
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(lit.Value)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}

// selector returns "a.b" for that expression, "" for any other.
func selector(e ast.Expr) string {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return x.Name + "." + sel.Sel.Name
}

// testTime runs the tests of the module in dir once. It returns how long the
// packages took, without their compilation, and whether all passed.
func testTime(t *testing.T, dir string) (total time.Duration, passed bool) {
	t.Helper()
	cmd := goCommand(dir, "test", "-json", "-count=1", "./...")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	for events := json.NewDecoder(bytes.NewReader(out)); events.More(); {
		var e struct {
			Action, Test string
			Elapsed      float64
		}
		if err := events.Decode(&e); err != nil {
			t.Fatalf("%s: %v\n%s", cmd, err, out)
		}
		if e.Test == "" && (e.Action == "pass" || e.Action == "fail") {
			total += time.Duration(e.Elapsed * float64(time.Second))
		}
	}
	return total.Round(time.Millisecond), err == nil
}

// goTool runs the go command in dir, which must succeed.
func goTool(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := goCommand(dir, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}

func goCommand(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	return cmd
}
