// Package batch runs generated programs and what fixes made of them, each in a
// bubble with a clock of its own, in which every deadlock shows. Execution of
// package rules_test writes one file per variant and the list beside this one.
package batch

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestBatch runs the variants from FROM to before TO, each RUNS times with every
// number of arguments.
func TestBatch(t *testing.T) {
	from, _ := strconv.Atoi(os.Getenv("FROM"))
	to, _ := strconv.Atoi(os.Getenv("TO"))
	runs, _ := strconv.Atoi(os.Getenv("RUNS"))
	for i := from; i < to; i++ {
		for _, n := range []int{1, 3, 5} {
			args = make([]string, n)
			for range runs {
				fmt.Printf("\n@begin %d %d\n", i, n)
				how, stuck, text := run(t, variants[i])
				fmt.Printf("\n@end %d %d %q %q %q\n", i, n, how, stuck, text)
			}
		}
	}
	fmt.Printf("\n@done\n")
}

// run runs a variant once. It returns how its main goroutine ended, the lines at
// which goroutines are blocked for ever, and what was printed until then.
func run(t *testing.T, f func(*tester)) (how, stuck, text string) {
	bubble := ""
	defer func() {
		if v := recover(); v != nil {
			stuck = blocked(bubble)
			if !strings.Contains(fmt.Sprint(v), "deadlock") {
				how = fmt.Sprint("panic: ", v)
			}
		}
	}()
	over.Store(false)
	trace.Lock()
	trace.lines = nil
	trace.Unlock()
	synctest.Test(t, func(*testing.T) {
		bubble = inBubble.FindString(stacks(false))
		end := make(chan string, 1)
		go func() {
			how := "exits"
			defer func() {
				if v := recover(); v != nil {
					how = fmt.Sprint("panic: ", v)
				}
				end <- how
			}()
			f(new(tester))
			how = "returns"
		}()
		select {
		case how = <-end:
		case <-time.After(time.Minute):
			how = "stuck"
		}
		synctest.Wait() // what can be printed now is
		trace.Lock()
		text = strings.Join(trace.lines, "|")
		trace.Unlock()
		time.Sleep(6 * time.Second)
		over.Store(true)
		time.Sleep(6 * time.Second) // the clock stops when this returns
	})
	return how, stuck, text
}

var (
	inBubble = regexp.MustCompile(`synctest bubble \d+`)
	inSource = regexp.MustCompile(`/v\d+_test\.go:(\d+)`)
)

func stacks(all bool) string {
	buf := make([]byte, 1<<22)
	return string(buf[:runtime.Stack(buf, all)])
}

// blocked returns the innermost lines of the goroutines of a bubble.
func blocked(bubble string) string {
	var lines []string
	for g := range strings.SplitSeq(stacks(true), "\n\n") {
		head, _, _ := strings.Cut(g, "\n")
		if !strings.Contains(head, bubble+"]") && !strings.Contains(head, bubble+",") {
			continue
		}
		if m := inSource.FindStringSubmatch(g); m != nil {
			lines = append(lines, m[1])
		}
	}
	return strings.Join(lines, " ")
}

var (
	args  []string
	over  atomic.Bool // goroutines that wake up again and again may end
	trace struct {
		sync.Mutex
		lines []string
	}
)

func perturb() {
	for range rand.IntN(3) {
		runtime.Gosched()
	}
}

func emit(a ...any) {
	perturb()
	trace.Lock()
	trace.lines = append(trace.lines, strings.TrimSpace(fmt.Sprintln(a...)))
	trace.Unlock()
	perturb()
}

func nap(d time.Duration) {
	perturb()
	if over.Load() {
		runtime.Goexit()
	}
	time.Sleep(d)
	perturb()
}

func after(d time.Duration) <-chan time.Time {
	perturb()
	if over.Load() {
		runtime.Goexit()
	}
	return time.After(d)
}

func fatal(a ...any) {
	emit(append([]any{"fatal"}, a...)...)
	runtime.Goexit()
}

// A tester stands for a *testing.T.
type tester struct{}

func (*tester) Helper()                   {}
func (*tester) Error(a ...any)            { emit(append([]any{"error"}, a...)...) }
func (*tester) Fatal(a ...any)            { fatal(a...) }
func (*tester) FailNow()                  { fatal() }
func (*tester) Errorf(f string, a ...any) { emit("error", fmt.Sprintf(f, a...)) }
func (*tester) Fatalf(f string, a ...any) { fatal(fmt.Sprintf(f, a...)) }

// A mutex is a sync.Mutex whose Lock lets the clock of the bubble go on.
type mutex struct {
	held atomic.Pointer[chan struct{}]
}

func (m *mutex) ch() chan struct{} {
	if m.held.Load() == nil {
		c := make(chan struct{}, 1)
		m.held.CompareAndSwap(nil, &c)
	}
	return *m.held.Load()
}

func (m *mutex) Lock() {
	perturb()
	m.ch() <- struct{}{}
}

func (m *mutex) TryLock() bool {
	select {
	case m.ch() <- struct{}{}:
		return true
	default:
		return false
	}
}

func (m *mutex) Unlock() {
	perturb()
	select {
	case <-m.ch():
	default:
		panic("unlock of unlocked mutex")
	}
}
