package bubble_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"handshake/refactor"
	"handshake/refactor/bubble"
	"handshake/refactor/load"
)

// TestMovedTestsPass runs the tests that the goldens of a rule move.
// HANDSHAKE_BUBBLES names another one than synctest, or * for all.
func TestMovedTestsPass(t *testing.T) {
	dir := module(t)
	var names []string
	moved := make(map[string]bool)
	rule := cmp.Or(os.Getenv("HANDSHAKE_BUBBLES"), "synctest")
	for _, c := range cases(t, rule) {
		for i, golden := range c.goldens {
			write(t, dir, c.name, i, c.inputs, golden)
			for _, m := range inBubble.FindAllSubmatch(golden.Data, -1) {
				names = append(names, string(m[1]))
				moved[path.Join("m", c.name, string(rune('a'+i)), path.Dir(golden.Name))+"."+string(m[1])] = true
			}
		}
	}
	if len(moved) == 0 {
		t.Fatal("no test is moved")
	}
	passed, printed := run(t, dir, "-race", "-timeout=60s", "-run", "^("+strings.Join(names, "|")+")$")
	for test := range moved {
		if !passed[test] {
			t.Errorf("%s does not pass in a bubble:\n%s", test, printed[test])
		}
	}
}

// TestWithheldTestsFail moves the tests that are withheld all the same. They
// would not pass: each ends in a deadlock.
func TestWithheldTestsFail(t *testing.T) {
	dir := module(t)
	for _, c := range cases(t, "synctest") {
		if c.withheld {
			write(t, dir, c.name, 0, c.inputs, txtar.File{})
		}
	}
	graph, err := load.Load(t.Context(), load.Config{Dir: dir, Tests: true}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]bool)
	for _, m := range graph.Roots() {
		pkg, err := graph.Package(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range bubble.Tests(pkg) {
			if test.Withheld() == "" {
				continue
			}
			edits, err := test.Move()
			if err != nil {
				t.Fatal(err)
			}
			file := pkg.FileNamed(edits[0].File)
			src, err := refactor.Apply(file.Src, edits)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file.Name, src, 0o666); err != nil {
				t.Fatal(err)
			}
			want[test.Fn.Decl.Name.Name] = true
		}
	}
	if len(want) < 5 {
		t.Fatalf("only %d tests are withheld", len(want))
	}
	passed, _ := run(t, dir, "-timeout=0")
	for test, passed := range passed {
		if passed {
			t.Errorf("%s passes in a bubble, but is withheld", test)
		}
		delete(want, test[strings.LastIndexByte(test, '.')+1:])
	}
	for test := range want {
		t.Errorf("%s did not run", test)
	}
}

// A testCase is an archive of testdata.
type testCase struct {
	name     string
	inputs   []txtar.File
	goldens  []txtar.File
	withheld bool
}

var (
	wanted   = regexp.MustCompile("(?m)[ \t]*// want.*$")
	golden   = regexp.MustCompile(`^fix(?: \d+)?: ` + bubble.Title + ` [^/]*/(.*)$`)
	other    = regexp.MustCompile(`^fix(?: \d+)?: |^withheld$`)
	inBubble = regexp.MustCompile(`(?m)^func (Test\w*)\(.*\n(?:\t.*\n|\n)*?\tsynctest\.Test\(`)
)

// cases returns the cases of rules, and what of their goldens moves a test.
func cases(t *testing.T, rule string) (out []testCase) {
	t.Helper()
	names, err := filepath.Glob("../rules/" + rule + "/testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rule := filepath.Base(filepath.Dir(filepath.Dir(name)))
		c := testCase{name: rule + "_" + strings.TrimSuffix(filepath.Base(name), ".txtar")}
		for _, f := range ar.Files {
			if m := golden.FindStringSubmatch(f.Name); m != nil {
				f.Name = m[1]
				c.goldens = append(c.goldens, f)
			} else if f.Name == "withheld" && rule == "synctest" {
				c.withheld = true
			} else if !other.MatchString(f.Name) {
				f.Data = wanted.ReplaceAll(f.Data, nil)
				c.inputs = append(c.inputs, f)
			}
		}
		out = append(out, c)
	}
	return out
}

func module(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command here")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module m\n\ngo 1.26\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

// write writes the i-th variant of a case, in which a file is replaced.
func write(t *testing.T, dir, name string, i int, files []txtar.File, instead txtar.File) {
	t.Helper()
	dir = filepath.Join(dir, name, string(rune('a'+i)))
	for _, f := range append(files[:len(files):len(files)], instead) {
		if f.Name == "" {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs the tests of a module, and returns which have passed, and what they
// have printed. Without a
// time-out the runtime sees a deadlock, unless cgo is there.
func run(t *testing.T, dir string, flags ...string) (passed map[string]bool, printed map[string]string) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"test", "-json", "-vet=off"}, append(flags, "./...")...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "GOTOOLCHAIN=local")
	if flags[0] != "-race" {
		cmd.Env = append(cmd.Env, "CGO_ENABLED=0")
	}
	out, err := cmd.Output()
	passed, printed = make(map[string]bool), make(map[string]string)
	for line := range bytes.Lines(out) {
		var e struct{ Action, Package, Test, Output string }
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		if e.Test == "" {
			if e.Action == "build-fail" {
				t.Errorf("%s does not compile", e.Package)
			}
			continue
		}
		test := e.Package + "." + e.Test
		switch e.Action {
		case "output":
			printed[test] += e.Output
		case "run":
			passed[test] = false
		case "pass", "skip":
			passed[test] = true
		}
	}
	if len(passed) == 0 {
		t.Fatalf("nothing ran: %v", err)
	}
	return passed, printed
}
