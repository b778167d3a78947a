package main

import (
	"fmt"
	"strings"
	"testing"
)

// Two changes in the first hunk, with unchanged lines between them, and one far
// below.
func TestUnifiedNumbersHunks(t *testing.T) {
	var lines []string
	for i := range 40 {
		lines = append(lines, fmt.Sprint("line ", i))
	}
	before := strings.Join(lines, "\n")
	lines[2] = "first\nand more"
	lines[5] = "second"
	lines[30] = "third"
	got := unified("f", before, strings.Join(lines, "\n"))
	for _, want := range []string{"@@ -1,9 +1,10 @@", "@@ -28,7 +29,7 @@"} {
		if !strings.Contains(got, want) {
			t.Errorf("no hunk %s in\n%s", want, got)
		}
	}
}
