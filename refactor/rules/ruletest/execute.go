package ruletest

import (
	"go/build"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"handshake/refactor"
)

// Execute makes all fixes in testdata/run/*.txtar and runs the tests of the
// packages that come of it, in one go command, with the race detector where
// there is one. An archive is one package; its files named *_after_test.go are
// written for what the fixes make of it, which the rule does not get to see.
func Execute(t *testing.T, rule *refactor.Rule) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command here")
	}
	cases, _ := filepath.Glob("testdata/run/*.txtar")
	if len(cases) == 0 {
		t.Fatal("there is no testdata/run/*.txtar")
	}
	dir := t.TempDir()
	write := func(name string, data []byte) {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "go.mod"), []byte("module example.com/m\n\ngo 1.26\n"))
	for _, name := range cases {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		base := strings.TrimSuffix(filepath.Base(name), ".txtar")
		sources, after := make(map[string][]byte), make(map[string][]byte)
		for _, f := range ar.Files {
			if strings.HasSuffix(f.Name, "_after_test.go") {
				after[f.Name] = f.Data
			} else {
				sources[f.Name] = f.Data
			}
		}
		fixed, problems := fixEverything(rule, sources)
		for _, p := range problems {
			t.Errorf("%s: %s", base, p)
		}
		maps.Copy(fixed, after)
		for file, data := range fixed {
			write(filepath.Join(dir, base, file), data)
		}
	}
	args := []string{"test", "-vet=all", "-count=1"}
	if build.Default.CgoEnabled {
		if _, err := exec.LookPath("gcc"); err == nil {
			args = append(args, "-race")
		}
	}
	cmd := exec.Command("go", append(args, "./...")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "GOTOOLCHAIN=local")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
