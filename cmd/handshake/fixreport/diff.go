package fixreport

import (
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// A hunk is a part of a file that changes, with some lines around it, in two
// columns.
type hunk struct {
	First, Last int // its lines in the file as it was, from 1
	Rows        []row
}

// A row is a line before and after; one of them is nil where lines come or go.
type row struct{ Before, After *line }

type line struct {
	Number  int // from 1
	Changed bool
	Text    []segment
}

// A segment is a part of a line.
type segment struct {
	Text    string
	Class   string // of the token it belongs to, see tokens; "" for what is not marked
	Changed bool   // the other column has something else there
}

const context = 3 // lines around what changes

// hunks compares two versions of a Go file.
func hunks(before, after []byte) ([]hunk, error) {
	unified, err := udiff.ToUnifiedDiff("", "", string(before), udiff.Lines(string(before), string(after)), context)
	if err != nil {
		return nil, err
	}
	old, new := tokens(before), tokens(after)
	var out []hunk
	shift := 0 // the library counts the lines of the new file wrong, see unified.go of the command
	for _, u := range unified.Hunks {
		from, to := u.FromLine, u.FromLine+shift
		h := hunk{First: from}
		var gone, come []*line
		flush := func() {
			h.Rows = append(h.Rows, pair(gone, come)...)
			gone, come = nil, nil
		}
		for _, l := range u.Lines {
			switch l.Kind {
			case udiff.Delete:
				if len(come) > 0 {
					flush()
				}
				gone = append(gone, &line{Number: from, Changed: true, Text: old.line(from)})
				from++
			case udiff.Insert:
				come = append(come, &line{Number: to, Changed: true, Text: new.line(to)})
				to++
			default:
				flush()
				h.Rows = append(h.Rows, row{&line{Number: from, Text: old.line(from)}, &line{Number: to, Text: new.line(to)}})
				from, to = from+1, to+1
			}
		}
		flush()
		h.Last = from - 1
		shift = to - from
		out = append(out, h)
	}
	return out, nil
}

// pair puts lines that go beside those that come in their place: first those that
// differ in their white space alone, in the order of both, then what is between
// these.
func pair(gone, come []*line) []row {
	if len(gone)*len(come) > 1e6 {
		return beside(gone, come)
	}
	// common[i][j] is how many such lines there are from gone[i] and come[j] on.
	common := make([][]int, len(gone)+1)
	common[len(gone)] = make([]int, len(come)+1)
	for i, g := range slices.Backward(gone) {
		common[i] = make([]int, len(come)+1)
		for j, c := range slices.Backward(come) {
			common[i][j] = max(common[i+1][j], common[i][j+1])
			if g.same(c) {
				common[i][j] = max(common[i][j], common[i+1][j+1]+1)
			}
		}
	}
	var rows []row
	i, j, from, to := 0, 0, 0, 0
	for i < len(gone) && j < len(come) {
		switch {
		case gone[i].same(come[j]) && common[i][j] == common[i+1][j+1]+1:
			rows = append(rows, beside(gone[from:i], come[to:j])...)
			rows = append(rows, row{gone[i], come[j]})
			i, j = i+1, j+1
			from, to = i, j
		case common[i+1][j] >= common[i][j+1]:
			i++
		default:
			j++
		}
	}
	return append(rows, beside(gone[from:], come[to:])...)
}

// same reports whether two lines differ in their white space alone, and are not
// empty.
func (l *line) same(m *line) bool {
	s := strings.TrimSpace(l.text())
	return s != "" && s == strings.TrimSpace(m.text())
}

// beside puts lines beside each other, the first beside the first.
func beside(gone, come []*line) []row {
	var rows []row
	for i := range max(len(gone), len(come)) {
		var r row
		if i < len(gone) {
			r.Before = gone[i]
		}
		if i < len(come) {
			r.After = come[i]
		}
		if r.Before != nil && r.After != nil {
			markDifference(r.Before, r.After)
		}
		rows = append(rows, r)
	}
	return rows
}

// markDifference marks what is between the common beginning and the common end of
// two lines, if they have enough in common for that to be of use.
func markDifference(a, b *line) {
	x, y := a.text(), b.text()
	head := 0
	for head < min(len(x), len(y)) && x[head] == y[head] {
		head++
	}
	tail := 0
	for tail < min(len(x), len(y))-head && x[len(x)-1-tail] == y[len(y)-1-tail] {
		tail++
	}
	same := len(strings.TrimSpace(x[:head])) + len(strings.TrimSpace(x[len(x)-tail:]))
	if 3*same < max(len(strings.TrimSpace(x)), len(strings.TrimSpace(y))) {
		return
	}
	// No character is cut in two.
	for head > 0 && !boundary(x, head) {
		head--
	}
	for tail > 0 && !boundary(x, len(x)-tail) {
		tail--
	}
	a.Text, b.Text = mark(a.Text, head, len(x)-tail), mark(b.Text, head, len(y)-tail)
}

func boundary(s string, i int) bool { return i >= len(s) || s[i]&0xc0 != 0x80 }

func (l *line) text() string {
	var b strings.Builder
	for _, s := range l.Text {
		b.WriteString(s.Text)
	}
	return b.String()
}

// mark marks the bytes from start to end as changed.
func mark(segments []segment, start, end int) []segment {
	var out []segment
	at := 0
	for _, s := range segments {
		i, j := min(max(start-at, 0), len(s.Text)), min(max(end-at, 0), len(s.Text))
		at += len(s.Text)
		for _, part := range []segment{{s.Text[:i], s.Class, false}, {s.Text[i:j], s.Class, true}, {s.Text[j:], s.Class, false}} {
			if part.Text != "" {
				out = append(out, part)
			}
		}
	}
	return out
}
