package rules_test

import (
	"context"
	"path/filepath"
	"runtime"
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
