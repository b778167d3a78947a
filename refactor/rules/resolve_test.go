package rules_test

import (
	"bytes"
	"path/filepath"
	"runtime"
	"testing"

	"handshake/refactor"
	"handshake/refactor/load"
	"handshake/refactor/rules"
)

// BenchmarkResolve makes one fix of a large package: net/http with its tests,
// to which a sleep was added that waits for a goroutine.
func BenchmarkResolve(b *testing.B) {
	dir := filepath.Join(runtime.GOROOT(), "src", "net", "http")
	name := filepath.Join(dir, "header.go")
	g, err := load.Load(b.Context(), load.Config{Dir: dir, Tests: true}, ".")
	if err != nil {
		b.Skip(err)
	}
	src, err := g.Source(name)
	if err != nil {
		b.Fatal(err)
	}
	src = append(bytes.Clone(src), "\nfunc guess() int {\n\tn := 0\n\tgo func() { n++ }()\n\ttime.Sleep(100 * time.Millisecond)\n\treturn n\n}\n"...)
	g = g.WithOverlay(map[string][]byte{name: src})
	pkg, err := g.Package(b.Context(), g.Containing(name))
	if err != nil || len(pkg.Errors) > 0 {
		b.Fatal(err, pkg.Errors)
	}
	findings, errs := refactor.Analyze(pkg, rules.All())
	for _, f := range findings {
		if f.Span.File != name || len(f.Fixes) == 0 {
			continue
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := pkg.Resolve(f.Fixes[0]); err != nil {
				b.Fatal(err)
			}
		}
		return
	}
	b.Fatal("nothing to fix", errs)
}
