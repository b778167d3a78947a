package prove

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"handshake/refactor/prove/machine"
)

// TestExecution compares what the translation of random Go functions can do
// with what they do. A process runs one of them; when nobody can go on any
// more, the Go runtime says so and tells on which line each goroutine is.
func TestExecution(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs a program")
	}
	const count, runs = 140, 3
	g := &generator{Rand: rand.New(rand.NewPCG(1, 1))}
	src := g.program(count)
	pkg := check(t, []txtar.File{{Name: "main.go", Data: []byte(src)}}, ".")
	if len(pkg.Errors) > 0 {
		t.Fatalf("%v\n%s", pkg.Errors[0], src)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module random\n\ngo 1.26\n", "main.go": src} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	bin := filepath.Join(dir, "random.exe")
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	harmless, stuck, panicked := 0, 0, 0
	for n := range count {
		tr := newTranslator(pkg, nil)
		var p *machine.Program
		for _, f := range tr.m.Funcs {
			if f.Decl != nil && f.Decl.Name.Name == fmt.Sprintf("case%d", n) {
				p = tr.program(scenario{main: func(b *code) {
					b.invoke(machine.Call, &function{decl: f, env: tr.globals}, nil, nil, nil)
				}})
			}
		}
		res := machine.Explore(p, machine.Bounds{States: 20_000, Processes: 8, Copies: 4, Objects: 48, Calls: 12, Count: 6})
		if !res.Complete || res.Bounded != 0 || len(tr.doubts) > 0 {
			continue
		}
		if len(res.Stuck)+len(res.Panics) == 0 {
			harmless++
		}
		lines := make(map[int]bool)
		for _, st := range res.Stuck {
			if node := tr.places[p.At(st.At).Tag].node; node != nil {
				for l := pkg.Fset.Position(node.Pos()).Line; l <= pkg.Fset.Position(node.End()).Line; l++ {
					lines[l] = true
				}
			}
		}
		for range runs {
			var stderr bytes.Buffer
			cmd := exec.Command(bin, strconv.Itoa(n))
			cmd.Stderr = &stderr
			cmd.Run() // it always fails
			out := stderr.String()
			switch {
			case strings.Contains(out, "all goroutines are asleep"):
				for _, trace := range strings.Split(out, "\n\n")[1:] {
					m := caseLine.FindStringSubmatch(trace)
					if m == nil {
						continue // main, which waits
					}
					stuck++
					if l, _ := strconv.Atoi(m[2]); !lines[l] {
						t.Errorf("case %d: a goroutine is stuck on line %d, which the translation does not know\n%s", n, l, around(src, l))
					}
				}
			case strings.Contains(out, "WaitGroup is reused") || strings.Contains(out, "WaitGroup misuse"):
				// a race that the machine does not look at
			default:
				panicked++
				if len(res.Panics) == 0 {
					t.Errorf("case %d panics, which the translation does not know:\n%s", n, out)
				}
			}
			if t.Failed() {
				t.FailNow()
			}
		}
	}
	t.Logf("%d functions cannot go wrong; %d goroutines stuck, %d panics in runs of the others", harmless, stuck, panicked)
	if harmless < 15 || stuck < 30 || panicked < 10 {
		t.Error("the functions test too little")
	}
}

var caseLine = regexp.MustCompile(`main\.((?:\(\*box\)\.)?(?:case|help))[^\n]*\n[^\n]*main\.go:(\d+)`)

// A generator writes random functions.
type generator struct {
	*rand.Rand
	b     strings.Builder
	depth int
	loops int
}

func (g *generator) program(n int) string {
	g.b.WriteString(`package main

import (
	"context"
	"math/rand"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
)

func coin() bool {
	runtime.Gosched()
	return rand.Intn(2) == 0
}

func help(c chan int, mu *sync.Mutex) {
	mu.Lock()
	defer mu.Unlock()
	if rand.Intn(2) == 0 {
		return
	}
	c <- 1
}

func helpMake() chan int {
	c := make(chan int, 1)
	c <- 1
	return c
}

type box struct {
	mu   sync.Mutex
	c    chan int
	done chan struct{}
	wg   sync.WaitGroup
	on   bool

	ready bool
	cond  *sync.Cond
	once  atomic.Bool
}

func helpBox() *box {
	x := &box{c: make(chan int), done: make(chan struct{})}
	x.cond = sync.NewCond(&x.mu)
	go x.helpRun()
	return x
}

func (x *box) helpRun() {
	defer close(x.done)
	for v := range x.c {
		x.mu.Lock()
		_ = v
		x.mu.Unlock()
	}
}

func (x *box) helpStop() {
	if x.on {
		return
	}
	x.on = true
	close(x.c)
	<-x.done
}

// helpWait waits until somebody says that it may go on.
func (x *box) helpWait() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for !x.ready {
		x.cond.Wait()
	}
}

func (x *box) helpWake(all bool) {
	x.mu.Lock()
	x.ready = true
	x.mu.Unlock()
	if all {
		x.cond.Broadcast()
	} else {
		x.cond.Signal()
	}
}

func helpCopy(x box) {
	x.c = make(chan int, 1)
	x.c <- 1
}

func use(...any) {}

func main() {
	n, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	go cases[n]()
	select {}
}

var cases []func()

func init() {
`)
	for i := range n {
		fmt.Fprintf(&g.b, "\tcases = append(cases, case%d)\n", i)
	}
	g.b.WriteString("}\n")
	for i := range n {
		fmt.Fprintf(&g.b, "\nfunc case%d() {\n\ta, b := make(chan int), make(chan int, 1)\n\tvar mu sync.Mutex\n\tvar rw sync.RWMutex\n\tvar wg sync.WaitGroup\n\tvar once sync.Once\n\tx := %s\n\tctx, cancel := context.WithCancel(context.Background())\n\tsub, cancelSub := context.WithCancel(ctx)\n\ttm := new(sync.Mutex)\n\tn := rand.Intn(3)\n\tf := sync.OnceFunc(func() { close(a) })\n\tuse(a, b, &mu, &rw, &wg, &once, x, f, sub, cancel, cancelSub, tm, n)\n", i, []string{"helpBox()", "&box{c: make(chan int, 1), done: make(chan struct{})}\n\tx.cond = sync.NewCond(&x.mu)"}[min(1, g.IntN(3))])
		g.depth, g.loops = 1, 0
		g.stmts(1 + g.IntN(5))
		g.b.WriteString("}\n")
	}
	return g.b.String()
}

func (g *generator) line(format string, args ...any) {
	fmt.Fprintf(&g.b, strings.Repeat("\t", g.depth)+format+"\n", args...)
}

// block writes { … } behind what is given.
func (g *generator) block(head, tail string) {
	g.line("%s {", head)
	g.depth++
	if g.depth > 3 {
		g.simple()
	} else {
		g.stmts(1 + g.IntN(3))
	}
	g.depth--
	g.line("}%s", tail)
}

func (g *generator) stmts(n int) {
	for range n {
		if g.IntN(2) == 0 {
			g.simple()
		} else {
			g.compound()
		}
	}
}

func (g *generator) ch() string { return []string{"a", "b", "a", "b", "x.c"}[g.IntN(5)] }

func (g *generator) simple() {
	switch g.IntN(25) {
	case 0, 1, 2:
		g.line("%s <- 1", g.ch())
	case 3, 4, 5:
		g.line("<-%s", g.ch())
	case 6:
		g.line("close(%s)", g.ch())
	case 7:
		g.line("f()")
	case 8:
		g.line("help(%s, &mu)", g.ch())
	case 9:
		g.line("b = helpMake()")
	case 10:
		g.line("x.helpStop()")
	case 11:
		g.line("wg.Wait()")
	case 12:
		g.line("defer func() { recover() }()")
	case 13:
		g.line("defer close(%s)", g.ch())
	case 14:
		if g.loops > 0 {
			g.line("if coin() {\n%s\t%s\n%s}", strings.Repeat("\t", g.depth), []string{"break", "continue"}[g.IntN(2)], strings.Repeat("\t", g.depth))
		}
	case 15:
		g.line("if coin() {\n%s\t%s\n%s}", strings.Repeat("\t", g.depth), []string{"return", "runtime.Goexit()", "panic(1)"}[g.IntN(3)], strings.Repeat("\t", g.depth))
	case 17:
		g.line("<-%s.Done()", []string{"ctx", "sub"}[g.IntN(2)])
	case 18:
		g.line([]string{"cancel()", "cancelSub()", "defer cancel()"}[g.IntN(3)])
	case 19:
		g.line("if tm.TryLock() {\n%s\t<-a\n%s\ttm.Unlock()\n%s}", strings.Repeat("\t", g.depth), strings.Repeat("\t", g.depth), strings.Repeat("\t", g.depth))
	case 20:
		g.line("x.helpWait()")
	case 21:
		g.line("x.helpWake(%v)", g.IntN(2) == 0)
	case 22:
		g.line("helpCopy(*x)")
	case 23:
		g.line("if x.once.CompareAndSwap(false, true) {\n%s\tclose(x.done)\n%s}", strings.Repeat("\t", g.depth), strings.Repeat("\t", g.depth))
	case 24:
		g.line("x.mu.Lock()\n%sx.mu.Unlock()", strings.Repeat("\t", g.depth))
	case 16:
		g.line("x.mu.Lock()\n%sx.mu.Unlock()", strings.Repeat("\t", g.depth))
	}
}

func (g *generator) compound() {
	switch g.IntN(15) {
	case 0, 1:
		loops := g.loops
		g.loops = 0
		g.block("go func()", "()")
		g.loops = loops
	case 2:
		loops := g.loops
		g.loops = 0
		g.block("wg.Go(func()", ")")
		g.loops = loops
	case 3:
		g.block("if coin()", "")
	case 4:
		g.loops++
		g.block("for range rand.Intn(3)", "")
		g.loops--
	case 5:
		g.loops++
		g.block("for range "+g.ch(), "")
		g.loops--
	case 6, 7:
		g.line("select {")
		g.line("case <-%s:", g.ch())
		g.depth++
		g.simpleNoBreak()
		g.depth--
		g.line("case %s <- 1:", g.ch())
		if g.IntN(3) == 0 {
			g.line("default:")
		}
		g.line("}")
	case 8:
		g.line("mu.Lock()")
		g.simple()
		g.line("mu.Unlock()")
	case 9:
		loops := g.loops
		g.loops = 0
		g.block("once.Do(func()", ")")
		g.loops = loops
	case 10:
		loops := g.loops
		g.loops = 0
		g.block("func()", "()")
		g.loops = loops
	case 12:
		loops := g.loops
		g.loops = 0
		g.line("wg.Add(n)")
		g.line("for range n {")
		g.depth++
		g.block("go func()", "()")
		g.depth--
		g.line("}")
		g.line("for range n {\n%s\twg.Done()\n%s}", strings.Repeat("\t", g.depth), strings.Repeat("\t", g.depth))
		g.loops = loops
	case 13:
		loops := g.loops
		g.loops = 0
		g.line("switch {\n%scase coin():", strings.Repeat("\t", g.depth))
		g.depth++
		g.simple()
		g.line("fallthrough")
		g.depth--
		g.line("case coin():")
		g.depth++
		g.simple()
		g.depth--
		g.line("}")
		g.loops = loops
	case 14:
		g.line("context.AfterFunc(ctx, func() { close(%s) })", g.ch())
	case 11:
		g.line("rw.RLock()")
		g.simple()
		g.line("rw.RUnlock()")
		g.line("rw.Lock()")
		g.line("rw.Unlock()")
	}
}

func (g *generator) simpleNoBreak() {
	loops := g.loops
	g.loops = 0
	g.simple()
	g.loops = loops
}

// around returns the lines of a source around one.
func around(src string, at int) string {
	var out []string
	lines := strings.Split(src, "\n")
	for i := max(0, at-30); i < min(len(lines), at+30); i++ {
		out = append(out, fmt.Sprintf("%d %s", i+1, lines[i]))
	}
	return strings.Join(out, "\n")
}
