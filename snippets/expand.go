package snippets

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A part is a piece of a body: literal text, or one occurrence of a tab stop.
type part struct {
	text string // unescaped: the literal text, or the default of the tab stop
	stop int    // the number of the tab stop; -1 for literal text
	def  bool   // the occurrence that carries the default: ${1:name}
}

// partRE matches an escape, a mirror or final stop ($1), or a tab stop with its default (${1:name}).
var partRE = regexp.MustCompile(`\\[$}\\]|\$(\d+)|\$\{(\d+):((?:\\[$}\\]|[^}\\])*)\}`)

var escapeRE = regexp.MustCompile(`\\([$}\\])`)

// split takes a body apart. Mirrors get the text of their tab stop's default.
func split(body []string) []part {
	text := strings.Join(body, "\n")
	var parts []part
	literal := func(s string) {
		if n := len(parts); n > 0 && parts[n-1].stop < 0 {
			parts[n-1].text += s
		} else if s != "" {
			parts = append(parts, part{text: s, stop: -1})
		}
	}
	defaults := make(map[int]string)
	last := 0
	for _, m := range partRE.FindAllStringSubmatchIndex(text, -1) {
		literal(text[last:m[0]])
		last = m[1]
		switch {
		case m[2] >= 0:
			n, _ := strconv.Atoi(text[m[2]:m[3]])
			parts = append(parts, part{stop: n})
		case m[4] >= 0:
			n, _ := strconv.Atoi(text[m[4]:m[5]])
			defaults[n] = escapeRE.ReplaceAllString(text[m[6]:m[7]], "$1")
			parts = append(parts, part{stop: n, def: true})
		default:
			literal(text[m[0]+1 : m[1]])
		}
	}
	literal(text[last:])
	for i, p := range parts {
		if p.stop >= 0 {
			parts[i].text = defaults[p.stop]
		}
	}
	return parts
}

// join is the inverse of split.
func join(parts []part) []string {
	// Only inside a tab stop does } have to be escaped.
	inText := strings.NewReplacer(`\`, `\\`, `$`, `\$`)
	inStop := strings.NewReplacer(`\`, `\\`, `$`, `\$`, `}`, `\}`)
	var b strings.Builder
	for _, p := range parts {
		switch {
		case p.stop < 0:
			b.WriteString(inText.Replace(p.text))
		case p.def:
			fmt.Fprintf(&b, "${%d:%s}", p.stop, inStop.Replace(p.text))
		default:
			fmt.Fprintf(&b, "$%d", p.stop)
		}
	}
	return strings.Split(b.String(), "\n")
}

// Expand returns the body as plain Go text that ends with a newline: every tab stop
// is replaced by its default and $0 is removed, with its line if it stands alone.
func Expand(body []string) string {
	return expand(body, "")
}

// expand is Expand with work in the place of $0.
func expand(body []string, work string) string {
	var lines []string
	for _, line := range body {
		if work == "" && strings.TrimSpace(line) == "$0" {
			continue
		}
		lines = append(lines, line)
	}
	var b strings.Builder
	for _, p := range split(lines) {
		if p.stop == 0 {
			b.WriteString(work)
		} else {
			b.WriteString(p.text)
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}
