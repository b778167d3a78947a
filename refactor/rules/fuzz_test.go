package rules_test

import (
	"math/rand/v2"
	"testing"
)

// seed returns bytes for one program, always the same.
func seed(n uint64) []byte {
	r := rand.New(rand.NewPCG(n, 4711))
	out := make([]byte, 150)
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	return out
}

// FuzzPrograms looks at generated programs: see invariants.
func FuzzPrograms(f *testing.F) {
	for i := range uint64(40) {
		f.Add(seed(i))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 600 {
			t.Skip()
		}
		p := generate(in)
		pkg := checked(t, map[string][]byte{p.name: p.src})
		if pkg == nil || len(pkg.Errors) > 0 {
			t.Fatalf("the generator makes no valid program: %v\n%s", pkg.Errors, p.src)
		}
		invariants(t, pkg)
		fixpoint(t, pkg, false)
		fixpoint(t, pkg, true)
	})
}

// TestGeneratedProgramsMatter keeps the generator on the subject: a large part
// of its programs must give the rules something to find and to fix.
func TestGeneratedProgramsMatter(t *testing.T) {
	const total = 60
	found, fixes := 0, 0
	byRule := make(map[string]int)
	for i := range uint64(total) {
		p := generate(seed(i))
		pkg := checked(t, map[string][]byte{p.name: p.src})
		if len(pkg.Errors) > 0 {
			t.Fatalf("the generator makes no valid program: %v\n%s", pkg.Errors, p.src)
		}
		findings, all := invariants(t, pkg)
		if len(findings) > 0 {
			found++
		}
		if len(all) > 0 {
			fixes++
		}
		for _, f := range findings {
			byRule[f.Rule.Name]++
			if len(f.Fixes) > 0 {
				byRule[f.Rule.Name+" with fix"]++
			}
		}
	}
	t.Logf("of %d programs, %d have a finding and %d a fix: %v", total, found, fixes, byRule)
	if found < total*3/10 || fixes < total*3/10 {
		t.Errorf("of %d programs, only %d have a finding and %d a fix", total, found, fixes)
	}
}
