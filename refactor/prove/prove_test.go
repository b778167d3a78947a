package prove

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aymanbagabas/go-udiff"
	"golang.org/x/tools/txtar"

	"handshake/refactor"
)

// TestCases checks the rewrites in testdata: of before.go into after.go, with
// the answer and its reason in want. What hazard_x.txtar gets wrong,
// safe_x.txtar gets right.
func TestCases(t *testing.T) {
	names, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			sections := make(map[string]string)
			for _, f := range txtar.Parse(data).Files {
				sections[f.Name] = string(f.Data)
			}
			v := checkText(t, sections["before.go"], sections["after.go"])
			got := v.Answer.String()
			if v.Reason != "" {
				got += ": " + v.Reason
			}
			if want := strings.TrimSpace(sections["want"]); got != want {
				t.Errorf("%s\nwant %s\n%s", got, want, strings.Join(v.Trace, "\n"))
			}
			if v.Answer == Hazard && len(v.Trace) == 0 {
				t.Error("there is no trace")
			}
			if prefix, _, _ := strings.Cut(filepath.Base(name), "_"); prefix != v.Answer.String() {
				t.Errorf("the case is called %s", prefix)
			}
		})
	}
}

func checkText(t *testing.T, before, after string) Verdict {
	t.Helper()
	pkg := check(t, []txtar.File{{Name: "a.go", Data: []byte(before)}}, ".")
	if len(pkg.Errors) > 0 {
		t.Fatal(pkg.Errors[0])
	}
	var edits []refactor.Edit
	for _, e := range udiff.Lines(before, after) {
		edits = append(edits, refactor.Edit{Span: refactor.Span{File: pkg.Files[0].Name, Start: e.Start, End: e.End}, New: e.New})
	}
	rewritten, err := pkg.With(edits)
	if err != nil {
		t.Fatal(err)
	}
	return Check(pkg, rewritten, edits)
}
