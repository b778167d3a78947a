package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// A site is a place in a repository with what a careful reader would do there.
type site struct {
	Number  int    `json:"number"`
	Repo    string `json:"repo"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Verdict string `json:"verdict"` // "fix", "diagnose" or "silent"
}

// A judgment compares what the rules say at a site with the verdict.
type judgment struct {
	site
	Engine string   `json:"engine"` // "fix", "diagnose" or "silent"
	Agrees bool     `json:"agrees"`
	Says   []string `json:"says"` // the findings there
}

// readSites reads the rows of a Markdown table whose first columns are number,
// repository, file:line, category and verdict.
func readSites(name string) ([]site, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var all []site
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		n, err := strconv.Atoi(strings.TrimSpace(cells[0]))
		if err != nil {
			continue // not a row of the table
		}
		if len(cells) < 5 {
			return nil, fmt.Errorf("%s: row %d has fewer than 5 columns", name, n)
		}
		for i := range cells {
			cells[i] = strings.Trim(cells[i], " *`")
		}
		file, at, _ := strings.Cut(cells[2], ":")
		s := site{Number: n, Repo: cells[1], File: file, Verdict: cells[4]}
		if s.Line, err = strconv.Atoi(at); err != nil {
			return nil, fmt.Errorf("%s: row %d has no file:line, but %q", name, n, cells[2])
		}
		if s.Verdict != "fix" && s.Verdict != "diagnose" && s.Verdict != "silent" {
			return nil, fmt.Errorf("%s: row %d has the verdict %q", name, n, s.Verdict)
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no row with a number", name)
	}
	return all, nil
}

// near is how many lines a finding may be away from its site.
const near = 2

// judge compares a site with the findings of its repository. A place to fix
// must be offered a fix, one to diagnose must not be, and one to be silent
// about must have nothing; to say nothing where a diagnosis would do is fine.
func (s site) judge(found []reported) judgment {
	j := judgment{site: s, Engine: "silent"}
	for _, f := range found {
		if f.File != s.File || !s.at(f.Line) {
			continue
		}
		says := fmt.Sprintf("%d: %s (%s)", f.Line, f.Message, f.Rule)
		for _, fix := range f.Fixes {
			says += "; fix: " + fix.Title
		}
		for _, w := range f.Withheld {
			says += "; withheld: " + w.Title + ": " + w.Reason
		}
		j.Says = append(j.Says, says)
		switch {
		case len(f.Fixes) > 0:
			j.Engine = "fix"
		case j.Engine == "silent":
			j.Engine = "diagnose"
		}
	}
	j.Agrees = j.Engine == s.Verdict || s.Verdict == "diagnose" && j.Engine == "silent"
	return j
}

func (s site) at(line int) bool { return s.Line-near <= line && line <= s.Line+near }
