package ruletest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"

	"handshake/refactor"
)

// A want is an expected finding.
type want struct {
	file string
	line int
	re   *regexp.Regexp
}

// A golden is what a fix makes of a file.
type golden struct {
	finding int // number in source order, 0 for any
	label   string
	file    string
	text    string
}

// checkCase checks the archive with the given name, and returns it with the
// goldens as they should be.
func checkCase(rule *refactor.Rule, name string, data []byte) (updated []byte, problems []string) {
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	ar := txtar.Parse(data)
	inputs, sections := split(ar)
	sources := make(map[string][]byte)
	var wants []want
	for _, f := range inputs {
		src, ws, err := extract(f.Name, string(f.Data))
		if err != nil {
			bad("%v", err)
		}
		sources[f.Name], wants = []byte(src), append(wants, ws...)
	}
	p := newProgram(sources)
	if !slices.Contains(strings.Split(string(ar.Comment), "\n"), "type errors") {
		problems = append(problems, p.problems...)
	}
	found, more := p.find(rule)
	problems = append(problems, more...)
	problems = append(problems, compareFindings(wants, found)...)
	if isSilent(name) {
		if len(wants) > 0 || len(sections) > 0 {
			bad("a silent case expects findings or has goldens")
		}
		return data, problems
	}
	if len(wants) == 0 {
		bad("no finding is expected: name the case silent_*.txtar")
	}

	var outcomes []outcome
	withheld := ""
	for i, f := range found {
		for _, w := range f.Withheld {
			withheld += fmt.Sprintf("%s:%d: %s: %s\n", f.file, f.line, w.Title, w.Reason)
		}
		for _, fix := range f.Fixes {
			o, more := p.resolve(i+1, f, fix)
			problems = append(problems, more...)
			if o.reason != "" {
				withheld += fmt.Sprintf("%s:%d: %s: %s\n", f.file, f.line, fix.Title, o.reason)
			}
			if o.program == nil {
				continue
			}
			outcomes = append(outcomes, o)
			again, more := o.program.find(rule)
			problems = append(problems, more...)
			if n := fixable(again); n >= fixable(found) {
				bad("%s:%d: fix %q: there is as much to fix afterwards: %s", f.file, f.line, fix.Title, list(again))
			}
		}
	}
	problems = append(problems, compareGoldens(sections, outcomes, withheld, sources)...)
	ar.Files = append(inputs, goldens(outcomes, withheld)...)
	return txtar.Format(ar), problems
}

// split parts the files of an archive from its goldens.
func split(ar *txtar.Archive) (inputs, goldens []txtar.File) {
	for _, f := range ar.Files {
		if f.Name == "withheld" || goldenName.MatchString(f.Name) {
			goldens = append(goldens, f)
		} else {
			inputs = append(inputs, f)
		}
	}
	return inputs, goldens
}

var goldenName = regexp.MustCompile(`^fix(?: (\d+))?: (.*)$`)

// wantComment matches an expectation up to the end of its line.
var wantComment = regexp.MustCompile("[ \t]*// want([+-][0-9]+)?((?:[ \t]+(?:\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`))+)[ \t]*$")

var almostWant = regexp.MustCompile("// want ?[-+\"`]")

var quoted = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`")

// extract takes the expectations out of a file. The lines stay what they are.
func extract(name, text string) (src string, wants []want, err error) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line, ending := strings.CutSuffix(line, "\r")
		m := wantComment.FindStringSubmatch(line)
		if m == nil {
			if almostWant.MatchString(line) {
				err = fmt.Errorf("%s:%d: an expectation is written // want \"regexp\"", name, i+1)
			}
			continue
		}
		lines[i] = strings.TrimSuffix(line, m[0])
		if ending {
			lines[i] += "\r"
		}
		offset := 0
		if m[1] != "" {
			offset, _ = strconv.Atoi(m[1])
		}
		for _, q := range quoted.FindAllString(m[2], -1) {
			s, e := strconv.Unquote(q)
			if e == nil {
				var re *regexp.Regexp
				if re, e = regexp.Compile(s); e == nil {
					wants = append(wants, want{name, i + 1 + offset, re})
				}
			}
			if e != nil {
				err = fmt.Errorf("%s:%d: %s: %w", name, i+1, q, e)
			}
		}
	}
	return strings.Join(lines, "\n"), wants, err
}

// compareFindings pairs what was expected with what was found.
func compareFindings(wants []want, found []finding) (problems []string) {
	left := slices.Clone(found)
	for _, w := range wants {
		i := slices.IndexFunc(left, func(f finding) bool {
			return f.file == w.file && f.line == w.line && w.re.MatchString(f.Message)
		})
		if i < 0 {
			problems = append(problems, fmt.Sprintf("%s:%d: no finding matches %q", w.file, w.line, w.re))
			continue
		}
		left = slices.Delete(left, i, i+1)
	}
	for _, f := range left {
		problems = append(problems, fmt.Sprintf("%s:%d: unexpected finding: %s", f.file, f.line, f.Message))
	}
	return problems
}

// compareGoldens pairs the golden sections with what the fixes did.
func compareGoldens(sections []txtar.File, outcomes []outcome, withheld string, sources map[string][]byte) (problems []string) {
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	type change struct {
		fix  int
		file string
	}
	seen := make(map[change]bool)
	wantWithheld := ""
	for _, s := range sections {
		if s.Name == "withheld" {
			wantWithheld = string(s.Data)
			continue
		}
		g, ok := parseGolden(s, sources)
		if !ok {
			bad("the golden %q does not end in the name of a file", s.Name)
			continue
		}
		i := g.match(outcomes, func(i int) bool { return seen[change{i, g.file}] })
		if i < 0 {
			bad("the golden %q has no fix", s.Name)
			continue
		}
		seen[change{i, g.file}] = true
		got, ok := outcomes[i].files[g.file]
		if !ok {
			bad("the golden %q is of a file that the fix leaves alone", s.Name)
		} else if string(got) != g.text {
			bad("%s:\n%s", s.Name, diff(g.text, string(got)))
		}
	}
	if withheld != wantWithheld {
		bad("withheld (go test -update accepts it):\n%s", diff(wantWithheld, withheld))
	}
	for i, o := range outcomes {
		for _, file := range slices.Sorted(maps.Keys(o.files)) {
			if !seen[change{i, file}] {
				bad("no golden for fix %d: %s/%s (go test -update accepts it):\n%s", o.finding, o.fix.Label(), file, o.files[file])
			}
		}
	}
	return problems
}

func parseGolden(s txtar.File, sources map[string][]byte) (g golden, ok bool) {
	m := goldenName.FindStringSubmatch(s.Name)
	g.finding, _ = strconv.Atoi(m[1])
	g.text = string(s.Data)
	for name := range sources {
		if label, is := strings.CutSuffix(m[2], "/"+name); is && len(name) > len(g.file) {
			g.label, g.file, ok = label, name, true
		}
	}
	return g, ok
}

// match returns the index of the fix that the golden means: the one with its
// label, else with its title, else the first that starts like it; -1 if there
// is none that is not taken.
func (g golden) match(outcomes []outcome, taken func(int) bool) int {
	for _, like := range []func(refactor.Fix) bool{
		func(f refactor.Fix) bool { return f.Label() == g.label },
		func(f refactor.Fix) bool { return f.Title == g.label },
		func(f refactor.Fix) bool { return strings.HasPrefix(f.Label(), g.label) },
	} {
		for i, o := range outcomes {
			if (g.finding == 0 || g.finding == o.finding) && like(o.fix) && !taken(i) {
				return i
			}
		}
	}
	return -1
}

// goldens returns the sections that the outcomes call for.
func goldens(outcomes []outcome, withheld string) (sections []txtar.File) {
	single := len(outcomes) > 0 && outcomes[0].finding == outcomes[len(outcomes)-1].finding
	for _, o := range outcomes {
		prefix := fmt.Sprintf("fix %d: ", o.finding)
		if single {
			prefix = "fix: "
		}
		for _, file := range slices.Sorted(maps.Keys(o.files)) {
			sections = append(sections, txtar.File{Name: prefix + o.fix.Label() + "/" + file, Data: o.files[file]})
		}
	}
	if withheld != "" {
		sections = append(sections, txtar.File{Name: "withheld", Data: []byte(withheld)})
	}
	return sections
}

func list(found []finding) string {
	var lines []string
	for _, f := range found {
		lines = append(lines, fmt.Sprintf("\n%s:%d: %s (%d fixes)", f.file, f.line, f.Message, len(f.Fixes)))
	}
	return strings.Join(lines, "")
}
