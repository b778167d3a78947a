package lsp

import "testing"

// Editors show nothing of an empty range.
func TestVisible(t *testing.T) {
	for _, test := range []struct {
		src                     string
		start, end, first, last int
	}{
		{"abc", 0, 2, 0, 2},
		{"abc", 1, 1, 1, 2},
		{"a\nb", 1, 1, 0, 1},
		{"a\r\nb", 1, 1, 0, 1},
		{"abc", 3, 3, 2, 3},
		{"abc", 5, 9, 2, 3},
		{"", 0, 0, 0, 0},
	} {
		if first, last := visible([]byte(test.src), test.start, test.end); first != test.first || last != test.last {
			t.Errorf("[%d,%d) of %q becomes [%d,%d), want [%d,%d)", test.start, test.end, test.src, first, last, test.first, test.last)
		}
	}
}
