package chanflow_test

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"handshake/refactor/chanflow"
)

// TestDamagedSleeps damages the cases of the rules that ask about sleeping
// loops, in one place at a time: what an editor shows must not panic.
func TestDamagedSleeps(t *testing.T) {
	s := standard(t)
	whole, found := 0, 0
	for _, rule := range []string{"sleeppoll", "deafsleep"} {
		cases, _ := filepath.Glob(filepath.Join("..", "rules", rule, "testdata", "*.txtar"))
		if len(cases) == 0 {
			t.Fatalf("%s has no cases", rule)
		}
		for n, name := range cases {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range ar.Files {
				if strings.HasPrefix(f.Name, "fix") || !strings.HasSuffix(f.Name, ".go") || strings.HasSuffix(f.Name, "_test.go") {
					continue
				}
				ask := func(src []byte) int {
					m := chanflow.Of(check("p", s, source{"a.go", src}))
					return len(m.Polls()) + len(m.DeafSleeps())
				}
				whole += ask(f.Data)
				for i := range 60 {
					found += ask(damage(f.Data, byte(i), i*97+n))
				}
			}
		}
	}
	if whole == 0 || found == 0 {
		t.Errorf("%d sleeping loops in the cases, %d in the damaged ones", whole, found)
	}
}
