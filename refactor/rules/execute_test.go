package rules_test

import (
	"bufio"
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"handshake/refactor"
	"handshake/refactor/prove"
	"handshake/refactor/rules"
)

// A variant is a program as generated, or as one or all of its fixes make it.
type variant struct {
	program int
	what    string // "" for the original, or the labels of the fixes
	safe    bool   // all of the fixes are
	answer  prove.Answer
	src     []byte
	entry   string
}

// An outcome is what happened when a variant ran: how often each way of ending,
// and what was printed, by the number of arguments.
type outcome struct {
	how    map[string]bool
	traces map[string]bool
	stuck  map[int]bool    // lines at which goroutines are blocked in the end
	after  map[string]bool // what was printed when one was
}

// TestExecution runs generated programs before and after their fixes. Where the
// original comes to its end, so must what a fix makes of it, and leave no more
// goroutines behind; and a safe fix must print nothing else. HANDSHAKE_EXECUTE
// is the number of programs, and of the first of them, as in "5000" or
// "5000,200"; with it the order of what a safe fix prints is compared too.
func TestExecution(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command here")
	}
	count, first := 8, 0
	if s, ok := os.LookupEnv("HANDSHAKE_EXECUTE"); ok {
		if n, err := fmt.Sscanf(s, "%d,%d", &count, &first); n == 0 {
			t.Fatal(err)
		}
	}
	for at := first; at < first+count; at += 200 {
		var variants []variant
		for i := at; i < min(at+200, first+count); i++ {
			variants = append(variants, versions(t, i, generate(seed(uint64(i))))...)
		}
		b := newBatch(t, variants)
		b.compare(t, b.run(t, 3))
		t.Logf("%d programs, %d runs; fixed versions: %d proved, %d proved for two goroutines of a kind, %d unknown (%d of them by several fixes), %d hazards, of which %d were seen",
			min(200, first+count-at), b.runs, b.answers[prove.Safe], b.answers[prove.Bounded], b.answers[prove.Unknown], b.combined(), b.answers[prove.Hazard], b.confirmed)
	}
}

// versions returns the program, what each fix makes of it, those included that
// are withheld because of what was proved, and all together.
func versions(t *testing.T, i int, p program) []variant {
	pkg := checked(t, map[string][]byte{p.name: p.src})
	if len(pkg.Errors) > 0 {
		t.Fatalf("program %d: %v", i, pkg.Errors)
	}
	out := []variant{{program: i, src: p.src, entry: p.entry}}
	findings, _ := refactor.Analyze(pkg, rules.All())
	safe, offered := false, 0
	for _, f := range findings {
		for _, fix := range f.Fixes {
			edits, err := fix.Make()
			if err != nil || len(out) > 8 {
				continue
			}
			after, err := pkg.With(edits)
			if err != nil {
				t.Errorf("program %d, %s: %v\n%s", i, fix.Label(), err, p.src)
				continue
			}
			v := variant{
				program: i, what: f.Rule.Name + ": " + fix.Label(), safe: fix.Safety == refactor.Safe,
				answer: prove.Check(pkg, after, edits).Answer, src: after.Files[0].Src, entry: p.entry,
			}
			if out = append(out, v); v.answer != prove.Hazard {
				safe = safe || v.safe
				offered++
			}
		}
	}
	if offered > 1 {
		for _, unsafe := range []bool{false, true} {
			if !unsafe && !safe {
				continue
			}
			if res := fixpoint(t, pkg, unsafe); res != nil && len(res.Files) > 0 {
				out = append(out, variant{i, "all", !unsafe, prove.Unknown, res.Files[0].After, p.entry})
			}
		}
	}
	return out
}

// combined counts the versions that several fixes made.
func (b *batch) combined() (n int) {
	for _, v := range b.variants {
		if v.what == "all" {
			n++
		}
	}
	return n
}

// A batch is a test binary that runs many variants.
type batch struct {
	variants []variant
	binary   string

	runs      int
	answers   [4]int // fixed versions by what prove says
	confirmed int    // hazards that were seen when the version ran
}

// replacer makes a program run in the harness.
var replacer = strings.NewReplacer(
	"time.Sleep(", "nap(", "time.After(", "after(", "sync.Mutex", "mutex", "fmt.Println(", "emit(",
	"func Test"+suffix, "func test"+suffix, "log.Fatal(", "fatal(", "os.Args", "args", "*testing.T", "*tester")

// mentions keep the imports in use that a replacement would leave without.
var mentions = map[string]string{
	"cmp": "Or[int]", "context": "Background", "errors": "New", "fmt": "Sprint", "log": "Print", "os": "Exit",
	"runtime": "Gosched", "sync": "OnceFunc", "sync/atomic": "AddInt64", "testing": "Short", "time": "Now",
}

func newBatch(t *testing.T, variants []variant) *batch {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	harness, err := os.ReadFile("testdata/execute/run_test.go")
	if err != nil {
		t.Fatal(err)
	}
	write("run_test.go", harness)
	write("go.mod", []byte("module batch\n\ngo 1.26\n"))
	list := "package batch\n\nvar variants = []func(*tester){\n"
	for i, v := range variants {
		own := fmt.Sprintf("Q%dQ", i)
		text := strings.ReplaceAll(replacer.Replace(string(v.src)), suffix, own)
		text = strings.Replace(text, "func main() {", "func main"+own+"() {", 1)
		text = strings.Replace(text, "package main", "package batch", 1)
		text = strings.Replace(text, "package p\r", "package batch\r", 1)
		text = strings.Replace(text, "package p\n", "package batch\n", 1)
		f, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range f.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			name := filepath.Base(path)
			if spec.Name != nil {
				name = spec.Name.Name
			}
			if mentions[path] == "" {
				t.Fatalf("%s is imported", path)
			}
			text += fmt.Sprintf("\nvar _ = %s.%s\n", name, mentions[path])
		}
		write(fmt.Sprintf("v%d_test.go", i), []byte(text))
		entry := strings.ReplaceAll(strings.NewReplacer("main()", "main"+suffix+"()", "Test", "test").Replace(v.entry), suffix, own)
		list += fmt.Sprintf("\tfunc(t *tester) { %s },\n", entry)
	}
	write("list_test.go", []byte(list+"}\n"))
	b := &batch{variants: variants, binary: filepath.Join(dir, "batch.test")}
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-o", b.binary, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "GOTOOLCHAIN=local")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return b
}

type key struct{ variant, args int }

// run runs the variants, each with every number of arguments as often as times
// says. A variant that ends the process, or keeps it busy, is not run again.
func (b *batch) run(t *testing.T, times int) map[key]*outcome {
	t.Helper()
	out := make(map[key]*outcome)
	for from := 0; from < len(b.variants); {
		to := min(from+50, len(b.variants)) // goroutines that are left behind slow it down
		stopped := b.process(t, from, to, times, out)
		if stopped < from {
			t.Fatal("the batch does not run")
		}
		from = min(stopped+1, to)
	}
	return out
}

// process starts the binary once and returns the variant at which it ended.
func (b *batch) process(t *testing.T, from, to, times int, out map[key]*outcome) int {
	at := key{variant: from - 1}
	get := func(k key) *outcome {
		if out[k] == nil {
			out[k] = &outcome{how: make(map[string]bool), traces: make(map[string]bool), stuck: make(map[int]bool), after: make(map[string]bool)}
		}
		return out[k]
	}
	stdout, stderr := new(bytes.Buffer), new(bytes.Buffer)
	cmd := exec.Command(b.binary, "-test.run=TestBatch", "-test.timeout=300s")
	cmd.Env = append(os.Environ(), fmt.Sprintf("FROM=%d", from), fmt.Sprintf("TO=%d", to), fmt.Sprintf("RUNS=%d", times))
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err := cmd.Run()
	in := bufio.NewScanner(stdout)
	in.Buffer(nil, 1<<24)
	for in.Scan() {
		line := in.Text()
		if line == "@done" {
			return to
		}
		fmt.Sscanf(line, "@begin %d %d", &at.variant, &at.args)
		var k key
		var how, stuck, text string
		if n, _ := fmt.Sscanf(line, "@end %d %d %q %q %q", &k.variant, &k.args, &how, &stuck, &text); n == 5 {
			b.runs++
			o := get(k)
			o.how[how], o.traces[text] = true, true
			for _, s := range strings.Fields(stuck) {
				n, _ := strconv.Atoi(s)
				o.stuck[n] = true
				o.after[text] = true
			}
		}
	}
	said, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
	get(at).how[fmt.Sprintf("crash: %v: %s", err, said)] = true
	return at.variant
}

func ends(o *outcome) bool {
	for how := range o.how {
		if how != "returns" && how != "exits" {
			return false
		}
	}
	return len(o.how) > 0
}

// compare holds the fixed versions against the originals. Those that are withheld
// may fail; how many do is counted.
func (b *batch) compare(t *testing.T, results map[key]*outcome) {
	t.Helper()
	original := 0
	for i, v := range b.variants {
		if v.what == "" {
			original = i
			continue
		}
		b.answers[v.answer]++
		for _, n := range []int{1, 3, 5} {
			was, is := results[key{original, n}], results[key{i, n}]
			if was == nil || is == nil {
				continue // the one before it has ended the process
			}
			if differs(v, b.variants[original].src, was, is) == "" {
				continue
			}
			if v.answer == prove.Hazard {
				b.confirmed++
				break
			}
			// Chance may have kept the original from showing the same.
			again := b.only(t, original, 100)
			if problem := differs(v, b.variants[original].src, again[key{original, n}], is); problem != "" {
				t.Errorf("program %d with %d arguments, %s (proved: %s): %s\n%s\nbefore:\n%s",
					v.program, n, v.what, v.answer, problem, v.src, b.variants[original].src)
			}
		}
	}
}

// only runs one variant many times.
func (b *batch) only(t *testing.T, i, times int) map[key]*outcome {
	out := make(map[key]*outcome)
	b.process(t, i, i+1, times, out)
	return out
}

// ordered reports whether the order of what is printed is compared. An order
// that the original comes to only once in a thousand runs is no fault of a fix
// that comes to it at once: this is for a long run whose reports are read.
var ordered = os.Getenv("HANDSHAKE_EXECUTE") != ""

// differs returns what is worse in a fixed version than in the original. What
// an original that guessed wrong never came to may go wrong afterwards as it
// would have without the fix: a goroutine must be blocked where the fix made it
// wait, or after the original's own output.
func differs(v variant, original []byte, was, is *outcome) string {
	if !ends(was) {
		return ""
	}
	lines := strings.Split(string(v.src), "\n")
	for n := range is.stuck {
		if len(is.stuck) <= len(was.stuck) && ends(is) {
			break // those that were left behind are, on lines that are written anew
		}
		if text := strings.TrimSpace(lines[n-1]); !bytes.Contains(original, []byte(text)) {
			return fmt.Sprintf("a goroutine is blocked at %q", text)
		}
	}
	for how := range is.how {
		if strings.HasPrefix(how, "panic") || strings.HasPrefix(how, "crash") {
			return how
		}
	}
	if len(is.stuck) > 0 && len(was.stuck) == 0 {
		for text := range is.after {
			for before := range was.traces {
				if strings.HasPrefix(before, text) {
					return fmt.Sprintf("goroutines are blocked after it printed %q: %v", text, slices.Sorted(maps.Keys(is.stuck)))
				}
			}
		}
	}
	if v.safe && len(is.stuck) == 0 && len(was.stuck) == 0 {
		for text := range is.traces {
			// A goroutine that fails no longer keeps its waiter waiting: that is
			// what lateclose is for, and what is printed then moves.
			late := strings.HasPrefix(v.what, "lateclose") || v.what == "all"
			if why := foreign(text, was.traces, ordered && !late); why != "" {
				return fmt.Sprintf("it prints %q, and before one of %q: %s", text, slices.Sorted(maps.Keys(was.traces)), why)
			}
		}
	}
	return ""
}

// foreign returns what of a trace is not seen in any of the others: that these
// lines are printed, or that one is printed before another. Not all orders of
// what goroutines print can be seen in a few runs; those of two lines mostly can.
func foreign(text string, others map[string]bool, ordered bool) string {
	sorted := func(text string) string {
		lines := strings.Split(text, "|")
		slices.Sort(lines)
		return strings.Join(lines, "|")
	}
	printed := make(map[string]bool)
	order := make(map[[2]string]bool)
	pairs := func(text string, yield func([2]string)) {
		lines := strings.Split(text, "|")
		for i, a := range lines {
			for _, b := range lines[i+1:] {
				yield([2]string{a, b})
			}
		}
	}
	for other := range others {
		printed[sorted(other)] = true
		pairs(other, func(p [2]string) { order[p] = true })
	}
	if !printed[sorted(text)] {
		return "other lines"
	}
	why := ""
	pairs(text, func(p [2]string) {
		if ordered && !order[p] {
			why = fmt.Sprintf("%q before %q", p[0], p[1])
		}
	})
	return why
}
