package chanflow_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/load"
)

// A sample is a package of the Go distribution with its tests, parsed.
type sample struct {
	path    string
	files   []source
	imports *load.Graph
}

func newSample(t testing.TB, path string) *sample {
	t.Helper()
	dir := filepath.Join(runtime.GOROOT(), "src", filepath.FromSlash(path))
	g, err := load.Load(context.Background(), load.Config{Dir: dir, Tests: true}, ".")
	if err != nil {
		t.Skip(err)
	}
	s := &sample{path: path, imports: g}
	for _, m := range g.Roots() {
		if strings.HasSuffix(m.Name, "_test") {
			continue
		}
		for _, name := range m.Files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			s.files = append(s.files, source{name, text})
		}
	}
	s.check() // the imports are checked once
	return s
}

func (s *sample) check() *refactor.Package { return check(s.path, s.imports, s.files...) }

// BenchmarkModel builds the model of packages that are type-checked. It also
// reports how long that took, in the same run, and the ratio of the two: that
// is what says whether the model is cheap, on any machine.
func BenchmarkModel(b *testing.B) {
	for _, path := range []string{"net/http", "os/exec"} {
		b.Run(path, func(b *testing.B) {
			s := newSample(b, path)
			b.ReportAllocs()
			var checking, building time.Duration
			for b.Loop() {
				b.StopTimer()
				start := time.Now()
				pkg := s.check()
				checking += time.Since(start)
				runtime.GC()
				b.StartTimer()
				start = time.Now()
				chanflow.Of(pkg)
				building += time.Since(start)
			}
			b.ReportMetric(float64(checking.Milliseconds())/float64(b.N), "check-ms/op")
			b.ReportMetric(100*float64(building)/float64(checking), "%-of-check")
		})
	}
}

// TestModelIsLean bounds the allocations for a model by the size of the
// package. The ceiling is several times what is needed.
func TestModelIsLean(t *testing.T) {
	pkg := newSample(t, "os/exec").check()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m := chanflow.Of(pkg)
	runtime.ReadMemStats(&after)
	operations := 0
	for _, f := range m.Funcs {
		operations += 1 + len(f.Ops)
	}
	t.Logf("%d allocations for %d functions and operations", after.Mallocs-before.Mallocs, operations)
	if operations < 100 {
		t.Fatalf("only %d functions and operations", operations)
	}
	if allocs := int(after.Mallocs - before.Mallocs); allocs > 3*operations {
		t.Errorf("%d allocations for %d functions and operations", allocs, operations)
	}
}
