package rules_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/load"
	"handshake/refactor/rules"
)

// BenchmarkRules runs all rules on packages that are type-checked, as a server
// does after an edit: the time is that of the model and of the rules together,
// without the making of fixes. It also reports the model's share, and what part
// of the type check's time in the same run both take.
func BenchmarkRules(b *testing.B) {
	for _, path := range []string{"net/http", "os/exec"} {
		b.Run(path, func(b *testing.B) {
			pkg := distributed(b, path)
			b.ReportAllocs()
			var checking, building, analysing time.Duration
			for b.Loop() {
				b.StopTimer()
				start := time.Now()
				pkg := refactor.Check(pkg.ID, pkg.Path, pkg.Fset, pkg.Files, pkg.Config)
				checking += time.Since(start)
				runtime.GC()
				b.StartTimer()
				start = time.Now()
				chanflow.Of(pkg)
				building += time.Since(start)
				if _, errs := refactor.Analyze(pkg, rules.All()); errs != nil {
					b.Fatal(errs)
				}
				analysing += time.Since(start)
			}
			b.ReportMetric(building.Seconds()*1e3/float64(b.N), "model-ms/op")
			b.ReportMetric(100*float64(analysing)/float64(checking), "%-of-check")
		})
	}
}

// BenchmarkEdit does what a server does while somebody types in the body of a
// function: it checks that body, builds the model of the package and runs the
// rules that report what is urgent. It also reports what the check and the model take
// of that.
func BenchmarkEdit(b *testing.B) {
	reporting := slices.DeleteFunc(rules.All(), func(r *refactor.Rule) bool { return !r.Batched() || r.Run == nil })
	for _, c := range []struct{ path, file, function string }{
		{"net/http", "server.go", ") Shutdown(ctx context.Context) error {\n"},
		{"os/exec", "exec.go", "func (c *Cmd) Start() error {\n"},
	} {
		b.Run(c.path, func(b *testing.B) {
			pkg := distributed(b, c.path)
			var file *refactor.File
			for _, f := range pkg.Files {
				if filepath.Base(f.Name) == c.file {
					file = f
				}
			}
			before, after, ok := strings.Cut(string(file.Src), c.function)
			if !ok {
				b.Skip("the function is another in this Go release")
			}
			b.ReportAllocs()
			var checking, building time.Duration
			n := 0
			for b.Loop() {
				n++
				start := time.Now()
				edited := pkg.WithBodies(map[string][]byte{file.Name: fmt.Appendf(nil, "%s%s\tprintln(%d)\n%s", before, c.function, n, after)})
				if edited == nil {
					b.Fatal("the body does not compile")
				}
				checking += time.Since(start)
				start = time.Now()
				chanflow.Of(edited)
				building += time.Since(start)
				if _, errs := refactor.Analyze(edited, reporting); errs != nil {
					b.Fatal(errs)
				}
			}
			b.ReportMetric(checking.Seconds()*1e3/float64(b.N), "check-ms/op")
			b.ReportMetric(building.Seconds()*1e3/float64(b.N), "model-ms/op")
		})
	}
}

// An edit of one body must not cost what the package does: what is allocated is
// compared, which is the same on every machine.
func TestEditAllocatesLittle(t *testing.T) {
	var src strings.Builder
	src.WriteString("package p\n\nimport \"sync\"\n")
	for i := range 300 {
		fmt.Fprintf(&src, `
type server%[1]d struct {
	mu    sync.Mutex
	stop  chan struct{}
	reply chan int
}

func new%[1]d() *server%[1]d {
	return &server%[1]d{stop: make(chan struct{}), reply: make(chan int)}
}

func (s *server%[1]d) run(n int) {
	defer close(s.stop)
	go func() {
		for {
			select {
			case <-s.stop:
				return
			case s.reply <- n:
			}
		}
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	println(<-s.reply)
}
`, i)
	}
	reporting := slices.DeleteFunc(rules.All(), func(r *refactor.Rule) bool { return !r.Batched() || r.Run == nil })
	analyze := func(pkg *refactor.Package) {
		if _, errs := refactor.Analyze(pkg, reporting); errs != nil {
			t.Fatal(errs)
		}
	}
	files := map[string][]byte{"/p/p.go": []byte(src.String())}
	pkg := checked(t, files)
	analyze(pkg)
	whole := testing.AllocsPerRun(1, func() { analyze(checked(t, files)) })
	n := 0
	edit := testing.AllocsPerRun(3, func() {
		n++
		edited := pkg.WithBodies(map[string][]byte{"/p/p.go": []byte(strings.Replace(src.String(), "println(<-s.reply)", fmt.Sprintf("println(<-s.reply, %d)", n), 1))})
		if edited == nil {
			t.Fatal("the body does not compile")
		}
		analyze(edited)
	})
	t.Logf("%.0f allocations for the package, %.0f for an edit", whole, edit)
	if edit > whole/4 {
		t.Errorf("an edit allocates %.0f times, the whole package %.0f times", edit, whole)
	}
}

// distributed returns a package of the Go distribution with its tests.
func distributed(t testing.TB, path string) *refactor.Package {
	t.Helper()
	dir := filepath.Join(runtime.GOROOT(), "src", filepath.FromSlash(path))
	g, err := load.Load(context.Background(), load.Config{Dir: dir, Tests: true}, ".")
	if err != nil {
		t.Skip(err)
	}
	pkg, err := g.Package(context.Background(), g.Roots()[0])
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}
