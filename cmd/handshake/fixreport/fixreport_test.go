package fixreport

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shown prints rows as text: what comes and goes between «», the classes of
// tokens as letters before them.
func shown(rows []row) string {
	column := func(l *line) string {
		if l == nil {
			return ""
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%d ", l.Number)
		for _, s := range l.Text {
			text := s.Text
			if s.Class != "" {
				text = s.Class + "{" + text + "}"
			}
			if s.Changed {
				text = "«" + text + "»"
			}
			b.WriteString(text)
		}
		return b.String()
	}
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%s|%s\n", column(r.Before), column(r.After))
	}
	return b.String()
}

func TestHunks(t *testing.T) {
	for _, test := range []struct{ name, before, after, want string }{
		{"a sleep", "func f() {\n\tgo g()\n\ttime.Sleep(1) // wait\n}\n", "func f() {\n\tdone := make(chan int)\n\tgo g()\n\t<-done // wait\n}\n", `
1 k{func} f() {|1 k{func} f() {
|2 	done := make(k{chan} int)
2 	k{go} g()|3 	k{go} g()
3 	«time.Sleep(»«n{1}»«)» c{// wait}|4 	«a{<-}»«done» c{// wait}
4 }|5 }
5 |6 
`},
		{"moved in", "a()\nb()\n", "if x {\n\ta()\n\tb()\n}\n", `
|1 k{if} x {
1 a()|2 	a()
2 b()|3 	b()
|4 }
3 |5 
`},
		{"a comment over lines", "/* a\n\tb */ x()\n", "/* a\n\tb */ y()\n", `
1 c{/* a}|1 c{/* a}
2 c{	b */} «x»()|2 c{	b */} «y»()
3 |3 
`},
		{"no half of a letter", "é()\n", "è()\n", `
1 «é»()|1 «è»()
2 |2 
`},
		{"ends with carriage returns", "x := `a\r\nb`\r\ny()\r\n", "x := `a\r\nb`\r\nz()\r\n", "\n1 x := s{`a}|1 x := s{`a}\n2 s{b`}|2 s{b`}\n3 «y»()|3 «z»()\n4 |4 \n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			parts, err := hunks([]byte(test.before), []byte(test.after))
			if err != nil || len(parts) != 1 {
				t.Fatalf("%d hunks, %v", len(parts), err)
			}
			got := strings.ReplaceAll(shown(parts[0].Rows), fmt.Sprintf("%d |%d \n", strings.Count(test.before, "\n")+1, strings.Count(test.after, "\n")+1), "")
			want := strings.TrimPrefix(test.want, "\n")
			want = want[:strings.LastIndex(strings.TrimSuffix(want, "\n"), "\n")+1]
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestLinesStayCounted holds the numbers of lines in the second hunk against the
// lines themselves.
func TestLinesStayCounted(t *testing.T) {
	var before, after []string
	for i := range 60 {
		before = append(before, fmt.Sprint("line", i))
		switch i {
		case 10, 14, 40:
			after = append(after, fmt.Sprint("new", i), fmt.Sprint("line", i))
		case 12, 41: // gone
		default:
			after = append(after, fmt.Sprint("line", i))
		}
	}
	parts, err := hunks([]byte(strings.Join(before, "\n")), []byte(strings.Join(after, "\n")))
	if err != nil || len(parts) != 2 {
		t.Fatalf("%d hunks, %v", len(parts), err)
	}
	for _, h := range parts {
		for _, r := range h.Rows {
			if r.Before != nil && r.Before.text() != before[r.Before.Number-1] || r.After != nil && r.After.text() != after[r.After.Number-1] {
				t.Errorf("wrong number: %s", shown([]row{r}))
			}
		}
	}
}

const nasty = `</script><img src=x onerror=alert(1)><!--"'` + "`${1}{{.}}"

func nastyDocument() *Document {
	return &Document{
		Undo:  nasty,
		Fixes: []Fix{{Status: Made, Rule: nasty, Title: nasty, File: nasty, Package: nasty, Line: 1, Test: nasty, Safety: "review", Diagram: []byte("<svg/>")}, {Status: Rejected, Rule: nasty, Title: nasty, Reason: nasty, Output: nasty}, {Status: Unproven, Rule: nasty, Title: nasty, Reason: nasty}},
		Left:  []Left{{Rule: nasty, Message: nasty, Review: []string{nasty}, Withheld: []Withheld{{nasty, nasty}}}},
		Files: []File{{Name: nasty, Package: nasty, Before: []byte(nasty + "\n"), After: []byte("// " + nasty + "\n")}},
		Verify: &Verify{Level: "test", Tests: &Tests{
			NoRace: nasty, Unstable: []Unstable{{Package: nasty, Test: nasty, Runs: 2}},
		}},
		Errors: []Problem{{File: nasty, Line: 2, Message: nasty}},
	}
}

func TestPageIsEscaped(t *testing.T) {
	var b strings.Builder
	if err := nastyDocument().HTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if strings.Contains(page, "<img src=x") || strings.Contains(page, "<!--") || strings.Count(page, "</script>") != 1 {
		t.Errorf("something comes through:\n%s", page)
	}
	// Nothing is loaded: addresses are those of pictures in the page, and of places in it.
	for _, m := range regexp.MustCompile(`(?i)(?:src|href|action|url)\s*[=(]\s*["']?([^"'>)]*)`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(m[1], "data:image/svg&#43;xml;base64,") && !strings.HasPrefix(m[1], "#") && !strings.HasPrefix(m[1], "x onerror") {
			t.Errorf("the page refers to %q", m[1])
		}
	}
}

func TestByRule(t *testing.T) {
	d := &Document{
		Fixes: []Fix{{Rule: "b", Status: Made}, {Rule: "a", Status: Rejected}, {Rule: "b", Status: Unproven}, {Rule: "b", Status: Made}},
		Left:  []Left{{Rule: "c"}},
	}
	want := []Tally{{"a", 0, 1, 0, 0}, {"b", 2, 0, 1, 0}, {"c", 0, 0, 0, 1}}
	if diff := cmp.Diff(want, d.ByRule()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
