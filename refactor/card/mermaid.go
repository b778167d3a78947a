package card

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// escape replaces what has a meaning in Mermaid: "#" begins an entity, ";" ends
// a statement, and "<" before a letter a tag.
func escape(s string) string {
	s = strings.NewReplacer("#", "#35;", ";", "#59;", "`", "").Replace(s)
	return tag.ReplaceAllString(s, "#lt;$1")
}

var tag = regexp.MustCompile(`<([A-Za-z/!?])`)

// Mermaid returns the sequence as a diagram in Mermaid's language.
// https://mermaid.js.org/syntax/sequenceDiagram.html
func (s *Sequence) Mermaid() string {
	var b strings.Builder
	b.WriteString("sequenceDiagram\n")
	for i, a := range s.Actors {
		fmt.Fprintf(&b, "    participant g%d as %s\n", i, escape(a.Name))
	}
	indent := "    "
	for _, st := range s.Steps {
		text := escape(st.Text)
		switch st.Kind {
		case Message:
			arrow := "->>"
			if st.Perhaps {
				arrow = "-->>"
			}
			fmt.Fprintf(&b, "%sg%d%sg%d: %s\n", indent, st.From, arrow, st.To, text)
		case Remark, Lack:
			lines := st.Lines()
			for i := range lines {
				lines[i] = escape(lines[i])
			}
			fmt.Fprintf(&b, "%sNote over g%d: %s\n", indent, st.From, strings.Join(lines, "<br/>"))
		case LoopBegin:
			fmt.Fprintf(&b, "%sloop %s\n", indent, text)
			indent += "    "
		case LoopEnd:
			indent = indent[4:]
			fmt.Fprintf(&b, "%send\n", indent)
		}
	}
	return b.String()
}

// Lines returns the text of a note in lines that are not too wide, and says of
// what is missing that it is.
func (st Step) Lines() []string {
	const widest = 36
	text := st.Text
	if st.Kind == Lack {
		text = "missing: " + text
	}
	var lines []string
	for word := range strings.FieldsSeq(text) {
		if n := len(lines); n > 0 && utf8.RuneCountInString(lines[n-1])+1+utf8.RuneCountInString(word) <= widest {
			lines[n-1] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
