package e2e

import (
	"cmp"
	"fmt"
	"html"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	cellWidth, cellHeight = 8.4, 18 // of the picture, in pixels; the font size is 14
	margin                = 12
)

// A style is how a cell looks. Colours are "#rrggbb", or "" for the default.
type style struct {
	fg, bg, line                  string // line: of the underline
	bold, italic, underline, swap bool
}

// SVG draws a screen, given as text with the escape sequences for colours (see
// [Screen.ANSI]), as a picture with the given default colours, "#rrggbb".
// Every character is taken to be one cell wide.
func SVG(ansi, foreground, background string) string {
	lines := strings.Split(strings.TrimSuffix(ansi, "\n"), "\n")
	var body strings.Builder
	columns := 0
	var st style
	for row, line := range lines {
		column := 0
		for line != "" {
			run, rest, _ := strings.Cut(line, "\x1b")
			st.draw(&body, run, row, column, foreground, background)
			column += utf8.RuneCountInString(run)
			if line = rest; line == "" {
				continue
			}
			// The end of an escape sequence: ECMA-48, 5.3.1 and 5.4.
			final := strings.IndexFunc(line[1:], func(r rune) bool { return r >= '0' && (line[0] != '[' || r >= '@') }) + 1
			if final == 0 {
				break // broken
			}
			if line[0] == '[' && line[final] == 'm' {
				st = st.apply(line[1:final])
			}
			line = line[final+1:]
		}
		columns = max(columns, column)
	}
	width := float64(columns)*cellWidth + 2*margin
	height := len(lines)*cellHeight + 2*margin
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" width="%.0f" height="%d">
<style>text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre }</style>
<rect width="100%%" height="100%%" rx="8" fill="%s"/>
%s</svg>
`, width, height, width, height, background, body.String())
}

// draw writes the elements for a run of characters in one style.
func (st style) draw(out *strings.Builder, run string, row, column int, foreground, background string) {
	fg, bg := cmp.Or(st.fg, foreground), cmp.Or(st.bg, background)
	if st.swap {
		fg, bg = bg, fg
	}
	x := margin + float64(column)*cellWidth
	y := margin + row*cellHeight
	if bg != background {
		fmt.Fprintf(out, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n",
			x, y, float64(utf8.RuneCountInString(run))*cellWidth, cellHeight, bg)
	}
	if st.underline {
		fmt.Fprintf(out, `<path d="M%.1f %.1fh%.1f" stroke="%s"/>`+"\n",
			x, float64(y)+16.5, float64(utf8.RuneCountInString(run))*cellWidth, cmp.Or(st.line, fg))
	}
	text := strings.TrimLeft(run, " ")
	x += float64(len(run)-len(text)) * cellWidth
	text = strings.TrimRight(text, " ")
	if text == "" {
		return
	}
	var more string
	if st.bold {
		more += ` font-weight="bold"`
	}
	if st.italic {
		more += ` font-style="italic"`
	}
	fmt.Fprintf(out, `<text x="%.1f" y="%d" textLength="%.1f" fill="%s"%s xml:space="preserve">%s</text>`+"\n",
		x, y+13, float64(utf8.RuneCountInString(text))*cellWidth, fg, more, html.EscapeString(text))
}

// apply returns the style after a "select graphic rendition" sequence with the
// given parameters (ECMA-48, 8.3.117; colours as in ISO 8613-6).
func (st style) apply(parameters string) style {
	p := strings.FieldsFunc(parameters, func(r rune) bool { return r == ';' })
	if len(p) == 0 {
		return style{}
	}
	for i := 0; i < len(p); i++ {
		number, sub, _ := strings.Cut(p[i], ":")
		n, _ := strconv.Atoi(number)
		switch {
		case n == 0:
			st = style{}
		case n == 1:
			st.bold = true
		case n == 3:
			st.italic = true
		case n == 4:
			st.underline = sub != "0"
		case n == 7:
			st.swap = true
		case n == 22:
			st.bold = false
		case n == 23:
			st.italic = false
		case n == 24:
			st.underline = false
		case n == 27:
			st.swap = false
		case n == 38 || n == 48 || n == 58:
			var c string
			var used int
			if sub != "" {
				c, _ = colour(strings.FieldsFunc(sub, func(r rune) bool { return r == ':' }))
			} else {
				c, used = colour(p[i+1:])
			}
			i += used
			switch n {
			case 38:
				st.fg = c
			case 48:
				st.bg = c
			case 58:
				st.line = c
			}
		case n == 39:
			st.fg = ""
		case n == 49:
			st.bg = ""
		case n == 59:
			st.line = ""
		case 30 <= n && n <= 37:
			st.fg = indexed(n - 30)
		case 40 <= n && n <= 47:
			st.bg = indexed(n - 40)
		case 90 <= n && n <= 97:
			st.fg = indexed(n - 90 + 8)
		case 100 <= n && n <= 107:
			st.bg = indexed(n - 100 + 8)
		}
	}
	return st
}

// colour reads "2 r g b" or "5 index" and says how many parameters it took.
func colour(p []string) (c string, used int) {
	number := func(i int) int {
		n, _ := strconv.Atoi(p[i])
		return n
	}
	switch {
	case len(p) >= 4 && p[0] == "2":
		return fmt.Sprintf("#%02x%02x%02x", number(1), number(2), number(3)), 4
	case len(p) >= 2 && p[0] == "5":
		return indexed(number(1)), 2
	}
	return "", len(p)
}

// indexed returns a colour of xterm's palette of 256.
func indexed(i int) string {
	basic := [16]string{
		"#000000", "#cd3131", "#0dbc79", "#e5e510", "#2472c8", "#bc3fbc", "#11a8cd", "#e5e5e5",
		"#666666", "#f14c4c", "#23d18b", "#f5f543", "#3b8eea", "#d670d6", "#29b8db", "#ffffff",
	}
	switch {
	case i < 16:
		return basic[i]
	case i < 232:
		level := func(n int) int {
			if n == 0 {
				return 0
			}
			return 55 + 40*n
		}
		i -= 16
		return fmt.Sprintf("#%02x%02x%02x", level(i/36), level(i/6%6), level(i%6))
	default:
		grey := 8 + 10*(i-232)
		return fmt.Sprintf("#%02x%02x%02x", grey, grey, grey)
	}
}
