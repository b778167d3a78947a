package snippets

import (
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// expandRE is the line in testdata that a snippet takes the place of. The text after
// the colon stands for what a person would type at $0.
var expandRE = regexp.MustCompile(`(?m)^\t*//expand ([\w.]+)(?:: (.*))?$`)

// TestRun expands every snippet into its surroundings and runs them all as one
// program under the race detector. Each runs in a bubble of testing/synctest, which
// ends only when all its goroutines have ended and panics when they cannot: no
// expansion can leak or hang unseen, and time costs nothing. Then vet reads the same
// files, and with them that MinGo is not too low.
func TestRun(t *testing.T) {
	byID := make(map[string]Snippet)
	for _, s := range All() {
		byID[id(s)] = s
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module run\n\ngo 1.26\n")
	var imports, calls strings.Builder
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		pkg := strings.ReplaceAll(id, ".", "_")
		write(t, filepath.Join(dir, pkg, pkg+".go"), surround(t, id, byID))
		fmt.Fprintf(&imports, "\t%s \"run/%s\"\n", pkg, pkg)
		call := fmt.Sprintf("synctest.Test(t, %s.Run)", pkg)
		if id == "hsbubble" { // bubbles do not nest
			call = pkg + ".Run(t)"
		}
		fmt.Fprintf(&calls, "\tt.Run(%q, func(t *testing.T) { %s })\n", id, call)
	}
	write(t, filepath.Join(dir, "run_test.go"),
		"package run\n\nimport (\n\t\"testing\"\n\t\"testing/synctest\"\n"+imports.String()+")\n\n"+
			"func Test(t *testing.T) {\n"+calls.String()+"}\n")

	args := []string{"test", "-v", "-timeout=1m"} // only a mistake that a bubble cannot see takes that long
	if strings.TrimSpace(goTool(t, dir, "env", "CGO_ENABLED")) == "1" {
		args = append(args, "-race") // it needs cgo
	} else {
		t.Log("without cgo: not under the race detector")
	}
	out := goTool(t, dir, args...)
	for id := range byID {
		if !strings.Contains(out, "--- PASS: Test/"+id+" (") {
			t.Errorf("%s did not complete:\n%s", id, out)
		}
	}
	goTool(t, dir, "vet", "./...")
}

// id is the name of a snippet's files without the ending.
func id(s Snippet) string {
	if s.Below != "" {
		return s.Prefix + ".below" + strings.TrimPrefix(s.Below, "go")
	}
	return s.Prefix
}

// surround returns the file of testdata with the snippets expanded and their imports
// added. The file has the lowest language version that the snippets claim, or go1.21,
// below which a //go:build line cannot go.
func surround(t *testing.T, name string, byID map[string]Snippet) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".go")
	if err != nil {
		t.Fatal(err)
	}
	own := byID[name]
	imports := slices.Clone(own.Imports)
	plain := false
	expanded := expandRE.ReplaceAllStringFunc(string(text), func(line string) string {
		m := expandRE.FindStringSubmatch(line)
		s, ok := byID[m[1]]
		if !ok {
			t.Fatalf("testdata/%s.go: no snippet %q", name, m[1])
		}
		imports = append(imports, s.Imports...)
		plain = plain || m[1] == name && m[2] == ""
		return expand(s.Body, m[2])
	})
	if !plain {
		t.Errorf("testdata/%s.go does not expand %s with its defaults", name, name)
	}

	version := "go1.21"
	if own.MinGo > version {
		version = own.MinGo
	}
	f, err := parser.ParseFile(token.NewFileSet(), name+".go", expanded, parser.ImportsOnly)
	if err != nil {
		t.Fatalf("%v\n%s", err, expanded)
	}
	for _, spec := range f.Imports {
		present, _ := strconv.Unquote(spec.Path.Value)
		imports = slices.DeleteFunc(imports, func(path string) bool { return path == present })
	}
	clause := "package " + f.Name.Name + "\n"
	slices.Sort(imports)
	for _, path := range slices.Compact(imports) {
		clause += fmt.Sprintf("import %q\n", path)
	}
	_, rest, _ := strings.Cut(expanded, "\n")
	return "//go:build " + version + "\n\n" + clause + rest
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// goTool runs the go command in dir, offline, and returns what it printed.
func goTool(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "GOPROXY=off", "GOTOOLCHAIN=local")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
