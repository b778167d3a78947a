package machine

import (
	"bufio"
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
)

// TestReal runs random programs as Go. A run ends in
// one of three ways, each of which Go tells exactly and without a clock: all
// goroutines return; the runtime finds that all of those that are left are
// asleep, and says on which line each is; or one panics. Whatever happens, the
// machine must have said that it can.
func TestReal(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs a program")
	}
	var programs []*Program // none of which halts: the run goes on with the next
	var results []Result
	for seed := uint64(0); len(programs) < 150; seed++ {
		p := random(rand.New(rand.NewPCG(seed, 3)), true)
		p.MainEnds = false
		for _, c := range p.Codes {
			for i := range c.Ops {
				if c.Ops[i].Kind == Halt {
					c.Ops[i].Kind = Return
				}
			}
		}
		res := Explore(p, small)
		if !res.Complete || res.Bounded != 0 {
			continue
		}
		// About half of them should be safe; most random ones are not.
		if bad := len(res.Stuck)+len(res.Panics) > 0; bad && seed%4 != 0 {
			continue
		}
		programs, results = append(programs, p), append(results, res)
	}
	src, lines := render(programs)
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module real\n\ngo 1.26\n", "main.go": src} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	bin := filepath.Join(dir, "real.exe")
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, src)
	}
	var numbers, harmless []string
	for i, res := range results {
		numbers = append(numbers, strconv.Itoa(i))
		if len(res.Stuck)+len(res.Panics) == 0 {
			harmless = append(harmless, strconv.Itoa(i))
		}
	}
	died := 0
	for at := 0; at < len(programs); {
		cmd := exec.Command(bin, numbers[at:]...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for s := bufio.NewScanner(stdout); s.Scan(); {
			if at, err = strconv.Atoi(s.Text()); err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Wait(); err == nil {
			break
		}
		died++
		judge(t, programs[at], results[at], stderr.String(), lines, at)
		if t.Failed() {
			t.Fatalf("program %d died:\n%s\n%s", at, stderr.String(), list(programs[at]))
		}
		at++
	}
	t.Logf("%d programs, of which %d cannot go wrong; %d went wrong", len(programs), len(harmless), died)
	if len(harmless) < 50 || died < 20 {
		t.Error("the programs test too little")
	}

	// The race detector delays goroutines in other places. The runtime finds no
	// deadlock then: one would keep the program from ending.
	build = exec.Command("go", "build", "-race", "-o", bin, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Logf("not run with the race detector: %s", out)
		return
	}
	out, err := exec.Command(bin, harmless...).CombinedOutput()
	if err != nil {
		t.Errorf("with the race detector: %v\n%s", err, out)
	}
}

var (
	blocked  = regexp.MustCompile(`(?m)^goroutine \d+[^\n]* \[([^\]]*)\]:\n`)
	mainLine = regexp.MustCompile(`main\.go:(\d+)`)
)

// judge checks how a program died.
func judge(t *testing.T, p *Program, res Result, stderr string, lines map[int]Place, at int) {
	switch {
	case strings.Contains(stderr, "WARNING: DATA RACE"):
		t.Error("the generated program has a data race")
	case strings.Contains(stderr, "all goroutines are asleep"):
		parts := blocked.Split(stderr, -1)
		states := blocked.FindAllStringSubmatch(stderr, -1)
		for i, trace := range parts[1:] {
			place, ok := first(trace, lines)
			if !ok {
				continue // main, which waits for all others
			}
			found := false
			for _, s := range res.Stuck {
				found = found || s.At == place
			}
			if !found {
				t.Errorf("a goroutine is stuck (%s) at %v %v, which the machine does not know", states[i][1], place, p.At(place))
			}
		}
	default:
		if len(res.Panics) == 0 {
			t.Error("it crashes, which the machine does not know")
		}
	}
}

// first returns the innermost place of the program in a stack trace.
func first(trace string, lines map[int]Place) (Place, bool) {
	for _, m := range mainLine.FindAllStringSubmatch(trace, -1) {
		n, _ := strconv.Atoi(m[1])
		if place, ok := lines[n]; ok {
			return place, true
		}
	}
	return Place{}, false
}

// render writes programs as one Go program, and tells which line does what. It
// takes the number of the program to start with, and writes the number of each.
func render(programs []*Program) (src string, lines map[int]Place) {
	var b strings.Builder
	lines = make(map[int]Place)
	b.WriteString(`package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
)

type global struct {
	a, b chan int
	mu   sync.Mutex
	rw   sync.RWMutex
	wg   sync.WaitGroup
	once sync.Once
	all  sync.WaitGroup
}

type regs struct{ l chan int }

var programs []func(*global)

func start(g *global, r *regs, f func(*global, *regs)) {
	c := *r
	g.all.Add(1)
	go func() {
		defer g.all.Done()
		f(g, &c)
	}()
}

func yield() {
	if rand.IntN(3) == 0 {
		runtime.Gosched()
	}
}

func main() {
	for _, arg := range os.Args[1:] {
		i, err := strconv.Atoi(arg)
		if err != nil {
			panic(err)
		}
		fmt.Println(i)
		for range 50 {
			g := &global{a: make(chan int), b: make(chan int, 1)}
			start(g, &regs{}, func(g *global, r *regs) { programs[i](g) })
			g.all.Wait()
		}
	}
}
`)
	for n, p := range programs {
		for c, code := range p.Codes {
			fmt.Fprintf(&b, "\nfunc p%dc%d(g *global, r *regs) {\n\tat := 0\n\tfor {\n\t\tyield()\n\t\tswitch at {\n", n, c)
			for i, op := range code.Ops {
				fmt.Fprintf(&b, "\t\tcase %d:\n", i)
				text := statement(n, op, i)
				line := strings.Count(b.String(), "\n") + 1
				for k := range strings.Count(text, "\n") {
					lines[line+k] = Place{c, i}
				}
				b.WriteString(text)
			}
			b.WriteString("\t\tdefault:\n\t\t\treturn\n\t\t}\n\t}\n}\n")
		}
		fmt.Fprintf(&b, "\nfunc init() { programs = append(programs, func(g *global) { p%dc0(g, &regs{}) }) }\n", n)
	}
	return b.String(), lines
}

func statement(n int, op Op, at int) string {
	v := []string{"g.a", "g.b", "r.l", "g.mu", "g.rw", "g.wg", "g.once"}
	next := at + 1
	if len(op.Next) > 0 {
		next = op.Next[0]
	}
	then := fmt.Sprintf("\t\t\tat = %d\n", next)
	code := fmt.Sprintf("p%dc%d", n, op.N)
	simple := func(format string, args ...any) string { return "\t\t\t" + fmt.Sprintf(format, args...) + "\n" + then }
	if op.Var >= len(v) {
		panic(op.Kind)
	}
	x := v[op.Var]
	switch op.Kind {
	case Goto:
		return fmt.Sprintf("\t\t\tat = []int{%d, %d}[rand.IntN(2)]\n", op.Next[0], op.Next[1])
	case Make:
		return simple("%s = make(chan int, %d)", x, op.N)
	case Copy:
		return simple("%s = %s", x, v[op.From])
	case SetNil:
		return simple("%s = nil", x)
	case IsNil:
		return fmt.Sprintf("\t\t\tat = %d\n\t\t\tif %s == nil {\n\t\t\t\tat = %d\n\t\t\t}\n", op.Next[0], x, op.Next[1])
	case Send:
		return simple("%s <- 1", x)
	case Recv:
		if len(op.Next) > 1 {
			return fmt.Sprintf("\t\t\tat = %d\n\t\t\tif _, ok := <-%s; !ok {\n\t\t\t\tat = %d\n\t\t\t}\n", op.Next[0], x, op.Next[1])
		}
		return simple("<-%s", x)
	case Close:
		return simple("close(%s)", x)
	case Select:
		s := "\t\t\tselect {\n"
		for _, c := range op.Cases {
			if c.Send {
				s += fmt.Sprintf("\t\t\tcase %s <- 1:\n\t\t\t\tat = %d\n", v[c.Var], c.Next)
			} else {
				s += fmt.Sprintf("\t\t\tcase <-%s:\n\t\t\t\tat = %d\n", v[c.Var], c.Next)
			}
		}
		if op.Default {
			s += fmt.Sprintf("\t\t\tdefault:\n\t\t\t\tat = %d\n", next)
		}
		return s + "\t\t\t}\n"
	case Lock, Unlock, RLock, RUnlock:
		return simple("%s.%s()", x, map[OpKind]string{Lock: "Lock", Unlock: "Unlock", RLock: "RLock", RUnlock: "RUnlock"}[op.Kind])
	case TryLock, TryRLock:
		return fmt.Sprintf("\t\t\tat = %d\n\t\t\tif %s.%s() {\n\t\t\t\tat = %d\n\t\t\t}\n", op.Next[0], x, map[OpKind]string{TryLock: "TryLock", TryRLock: "TryRLock"}[op.Kind], op.Next[1])
	case Add:
		return simple("%s.Add(%d)", x, op.N)
	case Wait:
		return simple("%s.Wait()", x)
	case Do:
		return simple("%s.Do(func() { %s(g, r) })", x, code)
	case Spawn:
		return simple("start(g, r, %s)", code)
	case Call:
		return simple("%s(g, r)", code)
	case Defer:
		return simple("defer %s(g, r)", code)
	case Recover:
		return simple("recover()")
	case Return:
		return "\t\t\treturn\n"
	case Goexit:
		return "\t\t\truntime.Goexit()\n"
	case Panic:
		return "\t\t\tpanic(1)\n"
	}
	panic(op.Kind)
}
