package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// unified returns the unified diff of a file. The library forgets the unchanged
// lines between two changes of one hunk when it numbers the hunks that follow,
// so the line numbers of the new file are counted anew.
func unified(name, before, after string) string {
	shift := 0 // lines that the hunks so far add
	var out strings.Builder
	for line := range strings.Lines(udiff.Unified(name, name, before, after)) {
		m := hunkHeader.FindStringSubmatch(line)
		if m == nil {
			out.WriteString(line)
			continue
		}
		from, fromCount, to, toCount := atoi(m[1]), linesIn(m[2]), atoi(m[3]), linesIn(m[4])
		if from > 0 && to > 0 { // the hunk of an empty file starts at line 0
			to = from + shift
		}
		shift += toCount - fromCount
		fmt.Fprintf(&out, "@@ -%d%s +%d%s @@\n", from, m[2], to, m[4])
	}
	return out.String()
}

var hunkHeader = regexp.MustCompile(`^@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@\n$`)

func atoi(s string) int {
	n, _ := strconv.Atoi(s) // only digits match
	return n
}

// linesIn returns the number of lines in a hunk header's ",n", which is left out
// for a single line.
func linesIn(s string) int {
	if s == "" {
		return 1
	}
	return atoi(s[1:])
}
