package rules

import "testing"

// A rewrite that adds a wait without being proved is what this project must
// never do.
func TestEveryRuleProvesItsFixes(t *testing.T) {
	for _, r := range All() {
		if r.Prove == nil {
			t.Errorf("rule %s does not prove that its fixes add no deadlock", r.Name)
		}
	}
}
