package load

import "testing"

// What JSON would change is not kept.
func TestResultsAreKeptAsTheyAre(t *testing.T) {
	type result struct {
		Text  string
		Sound bool
		fault bool
	}
	for _, c := range []struct {
		result
		kept bool
	}{
		{result{Text: "a.go", Sound: true}, true},
		{result{Text: "a\xff.go"}, false},
		{result{fault: true}, false},
	} {
		if got := exact(&c.result) != nil; got != c.kept {
			t.Errorf("%+v is kept: %v", c.result, got)
		}
	}
}
