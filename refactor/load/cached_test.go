package load_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"handshake/refactor/load"
)

// cached loads packages with a cache, without the user's settings.
func cached(t *testing.T, dir string, c *load.Cache, patterns ...string) *load.Graph {
	t.Helper()
	env := append(os.Environ(), "GOWORK=off", "GOPROXY=off", "GOFLAGS=")
	g, err := load.Load(t.Context(), load.Config{Dir: dir, Tests: true, Env: env, Cache: c}, patterns...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// complaints returns the errors in all root packages.
func complaints(t *testing.T, g *load.Graph) string {
	t.Helper()
	var b strings.Builder
	for _, m := range g.Roots() {
		pkg, err := g.Package(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range pkg.Errors {
			fmt.Fprintln(&b, e)
		}
	}
	return b.String()
}

// known tells of all root packages what each identifier in a function is, and
// what the type-checker complains of.
func known(t *testing.T, g *load.Graph) string {
	t.Helper()
	var b strings.Builder
	for _, m := range g.Roots() {
		pkg, err := g.Package(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, m.ID, pkg.Errors)
		b.WriteString(facts(pkg))
	}
	return b.String()
}

// same fails the test with the first line that differs.
func same(t *testing.T, what, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Errorf("%s: line %d is\n%s\nwant\n%s", what, i, strings.Join(g[min(i, len(g)):min(i+1, len(g))], ""), strings.Join(w[min(i, len(w)):min(i+1, len(w))], ""))
			return
		}
	}
}

// With the cache, packages know the same as without, whatever it has.
func TestCacheMakesNoDifference(t *testing.T) {
	patterns := []string{"net/http/cookiejar", "encoding/json", "maps", "os/user", "testing/synctest"}
	root := t.TempDir()
	want := known(t, cached(t, root, nil, patterns...))
	c := load.OpenCache(filepath.Join(root, "cache"), load.CacheLimit)
	r := rand.New(rand.NewPCG(1, 2))
	for _, state := range []string{"cold", "warm", "half", "half", "warm"} {
		if state == "half" {
			for name := range entries(t, c.Dir()) {
				if r.IntN(2) == 0 {
					os.Remove(name)
				}
			}
		}
		g := cached(t, root, c, patterns...)
		same(t, state, known(t, g), want)
		hits, misses := g.Read()
		if state == "cold" && hits != 0 || state == "warm" && misses != 0 || state == "half" && (hits == 0 || misses == 0) {
			t.Errorf("%s: %d packages are read and %d checked", state, hits, misses)
		}
	}
}

// Errors read the same where the dependencies come from the cache, where these
// are broken, and where imports are missing.
func TestCacheKeepsErrors(t *testing.T) {
	dir := write(t, module+`-- a/a.go --
package a

import "m/low/b"

type T struct{ hidden int; B b.B }

func (T) M(b.B) {}
func (T) unexported() {}

type U = T

func only(func() T) {}

func Generic[E interface{ ~int | ~string }, F any](E) (f F) { return f }

const Big, Tenth = 1 << 70, 0.1

var secret, Public = 1, hiddenType{}

type hiddenType struct{ N int }
-- low/b/b.go --
package b

type B struct{}

type I interface{ M(B); unexported() }
-- high/b/b.go --
package b

type B struct{}
-- broken/broken.go --
package broken

import "no/such/package"

var X undefined

var Y package.T

type Z struct { Z }

func F(n int) int { return n }
-- top/top.go --
package top

import (
	"m/a"
	"m/broken"
	high "m/high/b"
	"m/low/b"
)

func f() {
	_ = a.secret
	_ = a.only
	_ = a.nothing
	_ = a.public
	_ = a.T{}.hidden
	var i b.I = a.T{}
	a.T{}.M(high.B{})
	a.Generic[int8, int](1)
	var n int = a.Big
	var m int = a.Tenth * 10
	_ = a.Public.N + "x"
	var u a.U = 1
	_ = a.hiddenType{}
	broken.F("x")
	_ = broken.X + 1
	_ = broken.Nothing
	_, _, _, _ = i, n, m, u
}
-- top/top_test.go --
package top

var _ a.T = helper()
`)
	want := complaints(t, cached(t, dir, nil, "./..."))
	if n := strings.Count(want, "top.go:"); n < 12 {
		t.Fatalf("only %d errors:\n%s", n, want)
	}
	c := load.OpenCache(t.TempDir(), load.CacheLimit)
	for _, state := range []string{"cold", "warm"} {
		g := cached(t, dir, c, "./...")
		same(t, state, complaints(t, g), want)
		if hits, _ := g.Read(); state == "warm" && hits != 3 {
			t.Errorf("%d packages come from the cache, want a and both b", hits)
		}
	}
}

const chain = module + `-- a/a.go --
package a

type T = int

func F() T { return 1 }
-- b/b.go --
package b

import "m/a"

var V = a.F()
-- c/c.go --
package c

import "m/b"

var _ int = b.V
`

// What is used in function bodies only is neither checked nor read, but counts
// where names need a path to tell them apart.
func TestOnlyWhatIsMentioned(t *testing.T) {
	dir := write(t, module+`-- low/b/b.go --
package b

import "m/deep"

type B struct{ deep.D }
-- deep/deep.go --
package deep

type D struct{}
-- high/b/b.go --
package b

type B struct{}
-- a/a.go --
package a

import (
	"m/body"
	. "m/dot"
	named "m/high/b"
	"m/low/b"
	_ "m/nobody"
)

func F() b.B {
	named := named.B{}
	body.F(named)
	Dot()
	return b.B{}
}
-- body/body.go --
package body

func F(any) {}
-- dot/dot.go --
package dot

func Dot() {}
-- nobody/nobody.go --
package nobody
-- c/c.go --
package c

import "m/a"

var _ int = a.F()
`)
	c := load.OpenCache(t.TempDir(), load.CacheLimit)
	for _, want := range []struct{ hits, misses int }{{0, 4}, {3, 0}} { // m/dot is checked, and not mentioned
		g := cached(t, dir, c, "./c")
		pkg := only(t, g)
		if len(pkg.Errors) != 1 || !strings.Contains(pkg.Errors[0].Msg, `"m/low/b".B`) {
			t.Error(pkg.Errors)
		}
		if hits, misses := g.Read(); hits != want.hits || misses != want.misses {
			t.Errorf("%d packages are read and %d checked, want %v", hits, misses, want)
		}
	}
}

// A change of a dependency is seen even if size and time are as before.
func TestCacheSeesEveryChange(t *testing.T) {
	dir := write(t, chain)
	name := filepath.Join(dir, "a", "a.go")
	before := time.Now().Add(-time.Hour)
	c := load.OpenCache(t.TempDir(), load.CacheLimit)
	for i, step := range []struct {
		src    string
		errors int
	}{
		{"package a\n\nfunc F() int { return 1 }\n", 0},
		{"package a\n\nfunc F() any { return 1 }\n", 1},
		{"package a\n\nfunc F() int { return 1 }\n", 0},
		{"package a\n\nfunc F() an_ { return 1 }\n", 0}, // not valid: no second error
		{"package a\n\nfunc F() int { return 2 }\n", 0},
	} {
		if err := os.WriteFile(name, []byte(step.src), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, before, before); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if pkg := only(t, cached(t, dir, c, "./c")); len(pkg.Errors) != step.errors {
				t.Errorf("step %d: errors %v, want %d", i, pkg.Errors, step.errors)
			}
		}
	}
}

// So is a file that comes or goes, another version of the language and another
// architecture.
func TestCacheSeesOtherBuilds(t *testing.T) {
	dir := write(t, module+`-- a/a.go --
package a

import "unsafe"

const Size = unsafe.Sizeof(uintptr(0))
-- b/b.go --
package b

import "m/a"

var _ [8]int = [a.Size]int{}
`)
	c := load.OpenCache(t.TempDir(), load.CacheLimit)
	errors := func(env ...string) int {
		g, err := load.Load(t.Context(), load.Config{Dir: dir, Cache: c, Env: append(os.Environ(), append(env, "GOWORK=off", "GOFLAGS=")...)}, "./b")
		if err != nil {
			t.Fatal(err)
		}
		return len(only(t, g).Errors)
	}
	for range 2 {
		if n := errors("GOARCH=amd64"); n != 0 {
			t.Errorf("%d errors for 64 bits", n)
		}
		if n := errors("GOARCH=386"); n != 1 {
			t.Errorf("%d errors for 32 bits, want 1", n)
		}
	}
	more := filepath.Join(dir, "a", "more.go")
	if err := os.WriteFile(more, []byte("package a\n\nconst Size = 4\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a", "a.go"), []byte("//go:build never\n\npackage a\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if n := errors("GOARCH=amd64"); n != 1 {
		t.Errorf("%d errors after the file was exchanged, want 1", n)
	}
}

// What is unsaved is seen, and leaves nothing behind.
func TestCacheWithUnsavedFiles(t *testing.T) {
	dir := write(t, chain)
	name := filepath.Join(dir, "a", "a.go")
	c := load.OpenCache(t.TempDir(), load.CacheLimit)
	g := cached(t, dir, c, "./c")
	check := func(g *load.Graph, errors int) {
		t.Helper()
		if pkg := only(t, g); len(pkg.Errors) != errors {
			t.Errorf("errors %v, want %d", pkg.Errors, errors)
		}
	}
	check(g, 0)
	saved := len(entries(t, c.Dir()))
	if saved != 2 {
		t.Errorf("%d entries, want those of a and b", saved)
	}
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	open := g.WithOverlay(map[string][]byte{name: src})
	check(open, 0)
	if hits, misses := open.Read(); hits != 2 || misses != 0 {
		t.Errorf("open, but as saved: %d packages are read and %d checked", hits, misses)
	}
	for n := range 3 {
		dirty := open.WithOverlay(map[string][]byte{name: fmt.Appendf(nil, "package a\n\nfunc F() any { return %d }\n", n)})
		check(dirty, 1)
		check(dirty.WithOverlay(nil), 0)
	}
	if n := len(entries(t, c.Dir())); n != saved {
		t.Errorf("%d entries after unsaved edits, want %d", n, saved)
	}
}

// A test variant of a package is another package.
func TestCacheKeepsVariantsApart(t *testing.T) {
	dir := write(t, module+`-- p/p.go --
package p

type T struct{ n int }
-- p/export_test.go --
package p

func (t T) N() int { return t.n }
-- q/q.go --
package q

import "m/p"

func Q() (t p.T) { return t }
-- p/p_test.go --
package p_test

import (
	"m/p"
	"m/q"
)

var t p.T = q.Q()

var _ = t.N() + q.Q().N()
-- r/r.go --
package r

import "m/q"

var _ = q.Q().N
`)
	c := load.OpenCache(t.TempDir(), load.CacheLimit)
	want := complaints(t, cached(t, dir, nil, "./..."))
	if strings.Count(want, "\n") != 1 {
		t.Errorf("want one error, in r:\n%s", want)
	}
	for range 2 {
		same(t, "variants", complaints(t, cached(t, dir, c, "./...")), want)
	}
}

// Without a place to write nothing else changes; damage is mended.
func TestCacheIsNotNeeded(t *testing.T) {
	dir := write(t, chain)
	file := filepath.Join(dir, "go.mod")
	for range 2 {
		if pkg := only(t, cached(t, dir, load.OpenCache(file, load.CacheLimit), "./c")); len(pkg.Errors) != 0 {
			t.Error(pkg.Errors)
		}
	}
	c := load.OpenCache(t.TempDir(), load.CacheLimit)
	only(t, cached(t, dir, c, "./c"))
	for name := range entries(t, c.Dir()) {
		if err := os.Truncate(name, 50); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{0, 2} {
		g := cached(t, dir, c, "./c")
		if pkg := only(t, g); len(pkg.Errors) != 0 {
			t.Error(pkg.Errors)
		}
		if hits, _ := g.Read(); hits != want {
			t.Errorf("%d packages come from the cache, want %d", hits, want)
		}
	}
}

// An entry that is whole but does not describe the package is of no use either.
func TestCacheEntryOfAnotherFormat(t *testing.T) {
	dir := write(t, chain)
	c := load.OpenCache(t.TempDir(), load.CacheLimit)
	g := cached(t, dir, c, "./c")
	for _, m := range g.Roots() {
		for _, data := range []string{"", "\n", "\ni", "x\nu\x00", "a b\ni\x03\x00\x00\x00"} {
			for _, k := range g.Needed(m) {
				c.Put(k, []byte(data))
			}
			if pkg := only(t, cached(t, dir, c, "./c")); len(pkg.Errors) != 0 {
				t.Errorf("with %q: %v", data, pkg.Errors)
			}
		}
	}
}

// A key stands for what was read: files that were saved in the meantime make it
// void, although they are as they were at last.
func TestKeyOfWhatWasRead(t *testing.T) {
	const excluded = "//go:build never\n\npackage c\n"
	dir := write(t, chain+"-- c/other.go --\n"+excluded)
	c := load.OpenCache(t.TempDir(), load.CacheLimit)
	for file, change := range map[string]string{"": "", "a/a.go": "any", "c/c.go": "any", "c/other.go": "nothing"} {
		name := filepath.Join(dir, filepath.FromSlash(file))
		g := cached(t, dir, c, "./c")
		m := g.Roots()[0]
		k, ok := g.Key(m)
		if again, _ := cached(t, dir, c, "./c").Key(m); !ok || again != k {
			t.Fatalf("keys %x and %x, %v of the same", k, again, ok)
		}
		os.RemoveAll(c.Dir())
		src, _ := os.ReadFile(name)
		save := func(src string) {
			if file != "" {
				if err := os.WriteFile(name, []byte(src), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		}
		save(strings.ReplaceAll(string(src), "int", "any") + "\n")
		pkg, err := g.Package(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if change == "any" {
			save(string(src)) // the disk alone does not tell
		}
		if got, want := g.Unchanged(m, pkg, k), file == ""; got != want {
			t.Errorf("with a change of %q, unchanged is %v", file, got)
		}
		save(string(src))
		if pkg := only(t, cached(t, dir, c, "./c")); len(pkg.Errors) != 0 {
			t.Errorf("after the change of %q: %v", file, pkg.Errors)
		}
	}
	g := cached(t, dir, c, "./c")
	dirty := g.WithOverlay(map[string][]byte{filepath.Join(dir, "a", "a.go"): []byte("package a")})
	if _, ok := dirty.Key(g.Roots()[0]); ok {
		t.Error("what is unsaved has a key")
	}
}

const worker = "HANDSHAKE_TEST_CACHE_WORKER"

// Processes and goroutines share a cache that is too small for what they need,
// so that entries come and go under their hands.
func TestCacheIsShared(t *testing.T) {
	dir, process := os.Getenv(worker), true
	if dir == "" {
		dir, process = t.TempDir(), false
	}
	patterns := []string{"os/signal"}
	var group sync.WaitGroup
	if !process {
		for range 2 {
			cmd := exec.Command(os.Args[0], "-test.run=^TestCacheIsShared$")
			cmd.Env = append(os.Environ(), worker+"="+dir)
			group.Go(func() {
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
	want := known(t, cached(t, t.TempDir(), nil, patterns...))
	for range 2 {
		group.Go(func() {
			for _, limit := range []int64{1 << 20, 1 << 17} {
				g := cached(t, t.TempDir(), load.OpenCache(dir, limit), patterns...)
				var checks sync.WaitGroup
				got := make([]string, 2)
				for i := range got {
					checks.Go(func() { got[i] = known(t, g) })
				}
				checks.Wait()
				for _, got := range got {
					same(t, "shared", got, want)
				}
			}
		})
	}
	group.Wait()
	for name := range entries(t, dir) {
		if !process && strings.Contains(name, ".tmp") {
			t.Errorf("%s is left", name)
		}
	}
}

// BenchmarkDependencies shows what the dependencies of net/http cost, without
// the go command.
func BenchmarkDependencies(b *testing.B) {
	for _, state := range []string{"off", "cold", "warm"} {
		b.Run(state, func(b *testing.B) {
			cfg := load.Config{Dir: b.TempDir()}
			if state != "off" {
				cfg.Cache = load.OpenCache(filepath.Join(cfg.Dir, "cache"), load.CacheLimit)
			}
			g, err := load.Load(b.Context(), cfg, "net/http")
			if err != nil {
				b.Fatal(err)
			}
			get := func() {
				fresh := g.Forget()
				for _, m := range fresh.Roots() {
					fresh.Prefetch(m)
				}
			}
			get()
			b.ReportAllocs()
			for b.Loop() {
				if state == "cold" {
					os.RemoveAll(cfg.Cache.Dir())
				}
				get()
			}
		})
	}
}
