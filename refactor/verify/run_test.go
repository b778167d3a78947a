package verify

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"handshake/refactor/apply"
)

// told is what go test -json tells, one event for each of some short lines:
// an action, a test and what it says.
func told(t *testing.T, lines string) *run {
	t.Helper()
	r := newRun()
	for line := range strings.Lines(lines) {
		words := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if words[0] == "" {
			continue
		}
		words = append(words, "", "")
		test := words[1]
		if test == "-" {
			test = ""
		}
		r.line(`{"Action":"` + words[0] + `","Package":"p","Test":"` + test + `","Output":"` + words[2] + `\n"}`)
	}
	return r
}

const whole = `
	start
	run TestA
	pass TestA
	run TestB
	run TestB/sub
	pass TestB/sub
	pass TestB
	pass
`

func TestBroken(t *testing.T) {
	for _, test := range []struct {
		name, before, after string
		want                []Failure
	}{
		{"nothing", whole, whole, nil},
		{"one of two runs", whole, "start\n run TestA\n pass TestA\n run TestA\n output TestA boom\n fail TestA\n fail - ",
			[]Failure{{"p", "TestA", "fails", "boom"}}},
		{"what is inside", whole, strings.ReplaceAll(whole, "pass", "fail"),
			[]Failure{{"p", "TestA", "fails", ""}, {"p", "TestB/sub", "fails", ""}}},
		{"a crash in a test that has begun", whole, "start\n run TestA\n output TestA panic: oh\n output - exit status 2\n fail - ",
			[]Failure{{"p", "TestA", "fails", "panic: oh"}}},
		{"failed before", strings.ReplaceAll(whole, "pass", "fail"), strings.ReplaceAll(whole, "pass", "fail"), nil},
		{"failed now and then before", whole + "run TestA\n fail TestA", "start\n run TestA\n fail TestA\n fail -", nil},
		{"a subtest that is new", whole, "start\n run TestA\n run TestA/new\n output TestA/new boom\n fail TestA/new\n fail TestA\n fail -",
			[]Failure{{"p", "TestA", "fails", ""}}},
		{"outside of tests", whole, "start\n output - no room\n fail -", []Failure{{"p", "", "fails", "no room"}}},
		{"skipped", whole, strings.Replace(whole, "pass TestA", "skip TestA", 1), []Failure{{"p", "TestA", "is skipped", ""}}},
		{"gone", whole, "start\n run TestA\n pass TestA\n pass -", []Failure{{"p", "TestB", "no longer runs", ""}}},
		{"skipped before", strings.Replace(whole, "pass TestA", "skip TestA", 1), strings.Replace(whole, "pass TestA", "skip TestA", 1), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := told(t, test.before).broken(told(t, test.after), []*target{{Path: "p"}})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestKillers(t *testing.T) {
	for name, lines := range map[string]string{
		"panic":  "start\n run TestA\n pass TestA\n run TestB\n run TestB/sub\n output TestB/sub panic: oh\n fail TestB/sub\n fail TestB\n fail -",
		"hangs":  "start\n run TestA\n pass TestA\n run TestB\n output - panic: test timed out\n fail -",
		"nobody": "start\n run TestA\n fail TestA\n fail -",
	} {
		want := []string{"TestB"}
		if name == "nobody" {
			want = nil
		}
		if diff := cmp.Diff(want, told(t, lines).killers("p")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestShortened(t *testing.T) {
	said := strings.SplitAfter("=== RUN   TestA\n--- FAIL: TestA (0.00s)\npanic: oh\n\ngoroutine 7 [running]:\np.f()\n\ngoroutine 1 [chan receive]:\nmain()\nexit status 2\nFAIL\tp\t0.1s\n", "\n")
	const want = "--- FAIL: TestA (0.00s)\npanic: oh\ngoroutine 7 [running]:\np.f()\n…"
	if got := shortened(said); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOnlyNewComplaintsCount(t *testing.T) {
	before := parseComplaints("# p\n# [p]\n./p.go:3:1: unreachable code\n./p.go:9:1: unreachable code\n")
	after := parseComplaints("# p\n# [p]\n../scratch/0_p.go:5:1: unreachable code\n./p.go:7:1: unreachable code\n./p.go:8:1: unreachable code\n" +
		"# q [q.test]\nvet: ./q.go:1:2: undefined: x\n")
	want := []Failure{
		{"p", "", "is complained of by go vet", "./p.go:8:1: unreachable code"},
		{"q", "", "does not compile", "vet: ./q.go:1:2: undefined: x"},
	}
	if diff := cmp.Diff(want, beyond(before, after)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSleepsIn(t *testing.T) {
	const src = `package p

import (
	"testing"
	"testing/synctest"
	clock "time"
)

func f(d clock.Duration, t *testing.T) {
	clock.Sleep(d)
	clock.Sleep(3 * clock.Second / 2)
	clock.Sleep(clock.Duration(2) * (clock.Millisecond + 500*clock.Microsecond))
	time.Sleep(1)
	synctest.Test(t, func(t *testing.T) { clock.Sleep(clock.Hour) })
}
`
	want := Sleeps{Count: 3, Waited: 1503 * time.Millisecond, Unknown: 1}
	if diff := cmp.Diff(want, sleepsIn([]byte(src))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestInsertMark(t *testing.T) {
	const src = "package p\n\nfunc TestX(t *T) {\n\tgo f()\n\tif x {\n\t\tsleep()\n\t}\n\tcheck()\n}\n\nvar x = 1\n"
	for at, want := range map[string]string{
		"sleep":    "\t\tprintln(\"m\"); sleep()",
		"TestX":    "\tprintln(\"m\"); check()",
		"go f":     "\tprintln(\"m\"); go f()",
		"if x {\n": "\tprintln(\"m\"); if x {",
	} {
		got := string(insertMark([]byte(src), strings.Index(src, at), "m"))
		if !strings.Contains(got, "\n"+want+"\n") || strings.Count(got, "\n") != strings.Count(src, "\n") {
			t.Errorf("at %q:\n%s", at, got)
		}
	}
	if got := insertMark([]byte(src), strings.Index(src, "var x"), "m"); got != nil {
		t.Errorf("outside of functions:\n%s", got)
	}
}

func TestTouchedTests(t *testing.T) {
	v := &verifier{modules: []*module{{targets: []*target{{Path: "p", Dir: "/p"}}}}}
	const src = "package p\n\nimport \"time\"\n\nvar x int\n\nfunc TestA() { a() }\n\nfunc TestB() { b() }\n\nfunc help() { c() }\n"
	for _, test := range []struct {
		name, old, new string
		want           []testID
		only           bool
	}{
		{"/p/p_test.go", "a()", "z()", []testID{{"p", "TestA"}}, true},
		{"/p/p_test.go", `import "time"`, `import "sync"`, nil, true},
		{"/p/p_test.go", "c()", "z()", nil, false},
		{"/p/p_test.go", "var x int", "var x bool", nil, false},
		{"/p/p_test.go", "func help", "func more() {}\n\nfunc help", nil, false},
		{"/p/p.go", "a()", "z()", nil, false},
	} {
		files := []apply.File{{Name: test.name, Before: []byte(src), After: []byte(strings.Replace(src, test.old, test.new, 1))}}
		got, only := v.touchedTests(files)
		if only != test.only || len(got) != len(test.want) || only && len(got) > 0 && !got[test.want[0]] {
			t.Errorf("%s for %s: %v, %v; want %v, %v", test.new, test.old, got, only, test.want, test.only)
		}
	}
}
