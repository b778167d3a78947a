package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the program that the corpus command
// measures: a careless one, to see whether its faults are noticed.
func TestMain(m *testing.M) {
	if os.Getenv("CORPUS_CARELESS") != "" {
		careless(os.Args[1])
		return
	}
	os.Exit(m.Run())
}

const sleepy = `package p

import "time"

// answer is computed elsewhere.
func answer() (n int) {
	go func() {
		n = 42 // the answer
	}()
	time.Sleep(time.Second)
	return n
}
`

// careless checks or fixes sleepy in every way that it should not.
func careless(command string) {
	if command == "check" {
		fmt.Println(`{"version":1,"findings":[{"rule":"r","file":"p.go","line":10,"withheld":[{"title":"T","reason":"internal error: oh"}]}],"errors":[]}`)
		return
	}
	src, err := os.ReadFile("p.go")
	if err != nil {
		panic(err)
	}
	src = bytes.Replace(src, []byte(" // the answer"), nil, 1)
	src = bytes.Replace(src, []byte("\ttime.Sleep"), []byte("time.Sleeep"), 1)
	if err := os.WriteFile("p.go", src, 0o666); err != nil {
		panic(err)
	}
	fmt.Println("p.go:10: Do it again (r)")
	os.Exit(2)
}

// newCorpus commits a module with the files to a repository and returns the
// options to measure it.
func newCorpus(t *testing.T, files map[string]string) (*options, repository) {
	t.Helper()
	dir := t.TempDir()
	work := filepath.Join(dir, "acme+sleepy")
	if err := os.MkdirAll(work, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(work, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", work, "-c", "user.name=n", "-c", "user.email=e"}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	git("add", ".")
	git("commit", "-q", "-m", "all")
	return &options{limit: time.Minute, dir: filepath.Join(dir, "cache"), mirror: filepath.Join(dir, "{owner}+{name}", ".git")},
		repository{Repo: "acme/sleepy", Commit: git("rev-parse", "HEAD"), Modules: []string{"."}, Skip: []string{"big.json"}}
}

func TestCorpusMeasures(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs programs")
	}
	o, r := newCorpus(t, map[string]string{
		"go.mod":    "module sleepy\n\ngo 1.24\n",
		"p.go":      sleepy,
		"p_test.go": "package p\n\nimport \"testing\"\n\nfunc TestAnswer(t *testing.T) {\n\tif answer() != 42 {\n\t\tt.Fatal()\n\t}\n}\n\nfunc TestBad(t *testing.T) { t.Fatal() }\n",
		"big.json":  "{}",
	})
	o.tests, o.vet = []string{"."}, true
	if err := os.MkdirAll(o.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	o.binary = filepath.Join(o.dir, "handshake")
	if err := build(t.Context(), root(t), o.binary); err != nil {
		t.Fatal(err)
	}
	res, err := o.measure(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if got := res.faults(); len(got) > 0 {
		t.Errorf("faults: %q", got)
	}
	if res.Findings["sleepdone"] != 1 || res.Offered["sleepdone"] != 1 || res.Made["sleepdone"] != 1 {
		t.Errorf("found %v, offered %v, made %v; want one sleepdone each", res.Findings, res.Offered, res.Made)
	}
	if len(res.changes) != 1 || res.changes[0].name != "p.go" || string(res.changes[0].before) != sleepy || !bytes.Contains(res.changes[0].after, []byte("<-done")) {
		t.Errorf("changes: %+v", res.changes)
	}
	if res.Check.CPU == 0 || res.Fix.Wall == 0 {
		t.Errorf("check cost %+v, fix %+v", res.Check, res.Fix)
	}
	// The test of the sleep races before the fix, and no longer does.
	if res.Tests == nil || res.Tests.Packages != 1 || res.Tests.Passed != 0 {
		t.Errorf("tests: %+v", res.Tests)
	}
	if _, err := os.Stat(filepath.Join(o.dir, "acme+sleepy", "big.json")); err == nil {
		t.Error("big.json is in the copy")
	}
	j := site{File: "p.go", Line: 9, Verdict: "fix"}.judge(res.findings)
	if !j.Agrees || j.Engine != "fix" {
		t.Errorf("judgment: %+v", j)
	}
}

func TestCorpusSamples(t *testing.T) {
	o := &options{sample: 1, seed: 7}
	r := &result{Repo: "a/b", sources: map[string][]byte{"p.go": []byte("package p\n\nvar a = 1\n")}}
	var fix proposal
	edits := `{"Title":"Do","Safety":"safe","Edits":[{"File":"p.go","Start":19,"End":20,"NewText":"2"}]}`
	if err := json.Unmarshal([]byte(edits), &fix); err != nil {
		t.Fatal(err)
	}
	for range 9 {
		r.findings = append(r.findings, reported{Rule: "r", File: "p.go", Line: 3, Message: "m"},
			reported{Rule: "r", File: "p.go", Line: 3, Message: "m", Fixes: []proposal{fix}})
	}
	var out bytes.Buffer
	o.printSample(&out, []*result{r})
	want := `
1. a/b p.go:3: m (r)
	fix: Do (safe)
--- a/p.go
+++ b/p.go
@@ -1,3 +1,3 @@
 package p
 
-var a = 1
+var a = 2

2. a/b p.go:3: m (r)
     1	package p
     2	
>    3	var a = 1
`
	if got := strings.TrimSuffix(out.String(), "     4\t"); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestCorpusNoticesFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("runs programs")
	}
	o, r := newCorpus(t, map[string]string{"go.mod": "module sleepy\n\ngo 1.24\n", "p.go": sleepy})
	o.vet = true
	var err error
	if o.binary, err = os.Executable(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CORPUS_CARELESS", "1")
	if err := os.MkdirAll(o.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	res, err := o.measure(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		got  []string
		want []string // part of each
	}{
		{"crashes", res.Crashes, []string{"p.go:10: internal error: oh", "fix exits with 2", "fix exits with 2"}},
		{"type errors", res.TypeErrors, []string{"undefined: time.Sleeep"}},
		{"vet errors", res.VetErrors, []string{"undefined: time.Sleeep"}},
		{"lost comments", res.Comments, []string{"p.go: // the answer"}},
		{"unformatted", res.Unformatted, []string{"p.go"}},
		{"again", res.Again, []string{"p.go:10: Do it again (r)"}},
	} {
		if !slices.EqualFunc(c.got, c.want, strings.Contains) {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
	if n := len(res.faults()); n != 8 {
		t.Errorf("%d faults, want 8", n)
	}
}

func TestTestsCompared(t *testing.T) {
	before := testRun{ended: map[string]string{"p": "fail", "p TestA": "pass", "p TestB": "pass", "p TestC": "fail", "q": "pass", "q TestD": "pass"}}
	after := testRun{ended: map[string]string{"p": "fail", "p TestA": "fail", "p TestC": "pass", "q": "pass", "q TestD": "pass"}}
	got := before.compare(after)
	if want := []string{"p TestA: fail", "p TestB: missing"}; !slices.Equal(got.Broken, want) || got.Passed != 3 || got.Packages != 2 || got.Failed != 1 {
		t.Errorf("got %+v, want %q broken of 3 in 2 packages, 1 of which failed", got, want)
	}
}

func TestSites(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sites.md")
	table := "# Sites\n\n| # | repo | file:line | category | verdict | rest |\n|--:|---|---|---|---|---|\n" +
		"| 1 | a/b | x/y.go:10 | c | **fix** | |\n| 2 | a/b | x/y.go:20 | c | **diagnose** | |\n| 3 | a/b | x/y.go:30 | c | **silent** | |\n"
	if err := os.WriteFile(name, []byte(table), 0o666); err != nil {
		t.Fatal(err)
	}
	sites, err := readSites(name)
	if err != nil || len(sites) != 3 {
		t.Fatalf("sites %v, error %v", sites, err)
	}
	finding := func(line, fixes int) reported {
		return reported{Rule: "r", File: "x/y.go", Line: line, Message: "m", Fixes: make([]proposal, fixes)}
	}
	for _, c := range []struct {
		found []reported
		site  int
		want  string
	}{
		{nil, 1, "silent no"},
		{[]reported{finding(12, 1)}, 1, "fix yes"},
		{[]reported{finding(13, 1)}, 1, "silent no"},
		{[]reported{finding(10, 0)}, 1, "diagnose no"},
		{[]reported{finding(10, 1), finding(11, 0)}, 1, "fix yes"},
		{nil, 2, "silent yes"},
		{[]reported{finding(19, 0)}, 2, "diagnose yes"},
		{[]reported{finding(19, 0), finding(21, 2)}, 2, "fix no"},
		{nil, 3, "silent yes"},
		{[]reported{finding(28, 0)}, 3, "diagnose no"},
	} {
		j := sites[c.site-1].judge(c.found)
		got := j.Engine + map[bool]string{true: " yes", false: " no"}[j.Agrees]
		if got != c.want {
			t.Errorf("site %d with %v: %s, want %s", c.site, c.found, got, c.want)
		}
	}
	for _, bad := range []string{"", "| 1 | a/b | x.go | c | fix |\n", "| 1 | a/b | x.go:1 | c | maybe |\n", "| 1 | a/b |\n"} {
		if err := os.WriteFile(name, []byte(bad), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := readSites(name); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}

func TestReasonsAreCounted(t *testing.T) {
	for reason, want := range map[string]string{
		"`Stop` holds `mu`, which the goroutine takes": "… holds …, which the goroutine takes",
		"the goroutine of line 12 calls c.mu.Lock":     "the goroutine of line … calls …",
		`the comment "// x" would be lost`:             "the comment … would be lost",
	} {
		if got := general(reason); got != want {
			t.Errorf("%q counts as %q, want %q", reason, got, want)
		}
	}
}

// The list must stay usable: full commits, each repository once.
func TestPinnedRepositories(t *testing.T) {
	all, err := pinned(filepath.Join(root(t), "cmd", "dev", "corpus.json"), nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, r := range all {
		if len(r.Commit) != 40 || strings.Count(r.Repo, "/") != 1 || seen[r.Repo] || len(r.Modules) == 0 {
			t.Errorf("bad entry %+v", r)
		}
		seen[r.Repo] = true
		if one, err := pinned(filepath.Join(root(t), "cmd", "dev", "corpus.json"), []string{r.Repo[strings.Index(r.Repo, "/")+1:]}); err != nil || len(one) != 1 || one[0].Repo != r.Repo {
			t.Errorf("%s is not found by its name: %v, %v", r.Repo, one, err)
		}
	}
}
