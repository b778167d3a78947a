package fixreport

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"
)

//go:embed page.html
var page string

//go:embed page.css
var style string

//go:embed page.js
var script string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"count": count, "seconds": seconds, "percent": percent, "picture": picture,
}).Parse(page))

// HTML writes the document as a page that stands alone: it loads nothing, and its
// content security policy allows nothing but what is in it.
func (d *Document) HTML(w io.Writer) error {
	v := &view{
		Document: d, Style: template.CSS(style), Script: template.JS(script),
		Policy: fmt.Sprintf("default-src 'none'; img-src data:; style-src %s; script-src %s; base-uri 'none'; form-action 'none'", digest(style), digest(script)),
	}
	for _, f := range d.Files {
		part, err := newFileView(f, d.Fixes)
		if err != nil {
			return err
		}
		v.Changes = append(v.Changes, part)
	}
	return pageTemplate.Execute(w, v)
}

// digest returns how a content security policy names a script or style.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// A view is what the page shows.
type view struct {
	*Document
	Style   template.CSS
	Script  template.JS
	Policy  string
	Changes []fileView
}

// A fileView is a file that changes, with the fixes made in it.
type fileView struct {
	File
	Fixes []Fix
	Hunks []hunkView
}

type hunkView struct {
	hunk
	Rules string // of the fixes in it, else of all in the file; separated by spaces
}

func newFileView(f File, fixes []Fix) (fileView, error) {
	v := fileView{File: f}
	for _, fix := range fixes {
		if fix.Status == Made && fix.File == f.Name {
			v.Fixes = append(v.Fixes, fix)
		}
	}
	parts, err := hunks(f.Before, f.After)
	if err != nil {
		return v, err
	}
	for _, h := range parts {
		var rules []string
		for _, fix := range v.Fixes {
			if h.First <= fix.Line && fix.Line <= h.Last {
				rules = append(rules, fix.Rule)
			}
		}
		if len(rules) == 0 {
			rules = v.near(h)
		}
		v.Hunks = append(v.Hunks, hunkView{h, join(rules)})
	}
	return v, nil
}

// near returns the rules of the fixes to which a hunk without a finding belongs:
// the next one in the file; all for what stands above functions, such as imports.
func (v fileView) near(h hunk) []string {
	if first := slices.Index(strings.Split(string(v.Before), "\n"), "import ("); len(v.Fixes) == 0 || h.First <= first+2 {
		return v.rules()
	}
	next := slices.MinFunc(v.Fixes, func(a, b Fix) int {
		return cmp.Compare(max(h.First-a.Line, a.Line-h.Last), max(h.First-b.Line, b.Line-h.Last))
	})
	return []string{next.Rule}
}

func (v fileView) rules() []string {
	var all []string
	for _, fix := range v.Fixes {
		all = append(all, fix.Rule)
	}
	return all
}

// Rules returns the rules of the fixes in the file, separated by spaces.
func (v fileView) Rules() string { return join(v.rules()) }

func join(rules []string) string {
	rules = slices.Clone(rules)
	slices.Sort(rules)
	return strings.Join(slices.Compact(rules), " ")
}

// With returns the fixes that became that.
func (v *view) With(s Status) []Fix {
	return slices.DeleteFunc(slices.Clone(v.Document.Fixes), func(f Fix) bool { return f.Status != s })
}

// Packages returns all that the page mentions.
func (v *view) Packages() []string {
	var all []string
	for _, f := range v.Document.Fixes {
		all = append(all, f.Package)
	}
	for _, l := range v.Left {
		all = append(all, l.Package)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Level says how the fixes were proved, in words.
func (v *view) Level() string {
	if v.Verify == nil {
		return "not proved by the go command"
	}
	switch v.Verify.Level {
	case "build":
		return "proved to compile"
	case "vet":
		return "proved with go vet"
	}
	how := "proved with go vet and the tests"
	if t := v.Verify.Tests; t != nil {
		how += fmt.Sprintf(", %s each", times(t.Count))
		if t.Race {
			how += " under the race detector"
		} else if t.NoRace != "" {
			how += " without the race detector (" + t.NoRace + ")"
		}
		if t.Stress {
			how += " on busy processors"
		}
	}
	return how
}

// Share returns how long the after is beside the before, from 0 to 100, or the
// other way round for "before".
func (t Tests) Share(which string) int {
	longest := max(t.Before.Seconds, t.After.Seconds)
	if longest == 0 {
		return 0
	}
	s := t.After.Seconds
	if which == "before" {
		s = t.Before.Seconds
	}
	return int(100*s/longest + 0.5)
}

func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "x"):
		noun += "e"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return count(n, "time")
}

// seconds returns a duration in words, not more exact than it is.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	}
	return cmp.Or(d.Round(time.Millisecond), 0).String()
}

func percent(part, all int) string {
	if part == 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(all))
}

// picture returns the address of a picture. It is shown as an image, in which no
// script runs and nothing is loaded.
func picture(svg []byte) template.URL {
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(svg))
}
