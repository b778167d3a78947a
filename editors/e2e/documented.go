package e2e

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Documented returns the code blocks in a language of a Markdown file, so that
// tests use what people read.
func Documented(t testing.TB, name, language string) []string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	fence := regexp.MustCompile("(?ms)^( *)```" + language + "\n(.*?)^ *```$")
	var blocks []string
	for _, m := range fence.FindAllStringSubmatch(string(data), -1) {
		lines := strings.SplitAfter(m[2], "\n")
		for i := range lines {
			lines[i] = strings.TrimPrefix(lines[i], m[1])
		}
		blocks = append(blocks, strings.Join(lines, ""))
	}
	if len(blocks) == 0 {
		t.Fatalf("%s has no code in %s", name, language)
	}
	return blocks
}
