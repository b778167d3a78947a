package verify

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
)

const failsWhat = "fails"

type testID struct{ pkg, test string }

// result is how often a test, or with "" for the test a package, ended how.
type result struct {
	runs, passed, failed, skipped int

	seconds float64 // that the runs took

	said   []string // in the run at hand, then in the first one that failed
	kept   bool     // said is of a failed run
	panics bool     // the program ended in it
	races  bool     // the race detector saw something
}

// unfinished is the number of runs that came to no end.
func (r *result) unfinished() int { return r.runs - r.passed - r.failed - r.skipped }

func (r *result) stable() bool { return r.passed > 0 && r.passed+r.skipped == r.runs }

// A run is what go test -json tells.
type run struct {
	tests    map[testID]*result
	packages map[string]*result
	elapsed  map[string]float64 // seconds, by package; of all runs of its tests
	builds   map[string][]string
	stray    []string // what is not JSON

	finished func(test string) // if not nil, called at the end of a top-level test, and with "" of a package
	record   *recorder         // if not nil, is told all
	heard    func(line string) // if not nil, called with what tests say
}

func newRun() *run {
	return &run{
		tests: make(map[testID]*result), packages: make(map[string]*result),
		elapsed: make(map[string]float64), builds: make(map[string][]string),
	}
}

// event is documented with "go doc test2json", and "go help buildjson".
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
	ImportPath, FailedBuild       string
}

// read takes in the output of go test -json.
func (r *run) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			r.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

const mostLines = 400 // kept of what one test says

func (r *run) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
		if len(r.stray) < mostLines {
			r.stray = append(r.stray, line)
		}
		return
	}
	if r.record != nil {
		r.record.line(e, line)
	}
	if e.Action == "build-output" {
		r.builds[e.ImportPath] = append(r.builds[e.ImportPath], e.Output)
	}
	if e.Package == "" {
		return
	}
	res := r.of(e.Package, e.Test)
	res.seconds += e.Elapsed
	switch e.Action {
	case "start", "run":
		res.runs++
		if !res.kept {
			res.said = nil
		}
	case "output":
		if r.heard != nil {
			r.heard(e.Output)
		}
		if crashes(e.Output) {
			res.panics = true
		}
		if strings.Contains(e.Output, "race detected during execution of test") {
			res.races = true
		}
		if !res.kept && len(res.said) < mostLines {
			res.said = append(res.said, e.Output)
		}
	case "pass":
		res.passed++
	case "skip":
		res.skipped++
	case "fail":
		res.failed++
		if e.FailedBuild != "" {
			res.said = append(res.said, r.builds[e.FailedBuild]...)
		}
		res.kept = true
	}
	if e.endsPackage() {
		r.elapsed[e.Package] += e.Elapsed
	}
	if r.finished != nil && e.ends() && !strings.Contains(e.Test, "/") {
		r.finished(e.Test)
	}
}

// ends reports whether the event is the end of a test or package.
func (e event) ends() bool { return e.Action == "pass" || e.Action == "fail" || e.Action == "skip" }

func (e event) endsPackage() bool { return e.Test == "" && e.Package != "" && e.ends() }

// seconds returns how long the tests of all packages took, one after the other.
func (r *run) seconds() (all float64) {
	for _, s := range r.elapsed {
		all += s
	}
	return all
}

// crashes reports whether a line is what the runtime says when it gives up.
func crashes(line string) bool {
	return strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ")
}

func (r *run) of(pkg, test string) *result {
	if test == "" {
		if r.packages[pkg] == nil {
			r.packages[pkg] = new(result)
		}
		return r.packages[pkg]
	}
	id := testID{pkg, test}
	if r.tests[id] == nil {
		r.tests[id] = new(result)
	}
	return r.tests[id]
}

// add counts the runs of another in, those of its tests alone.
func (r *run) add(other *run) {
	for id, o := range other.tests {
		t := r.of(id.pkg, id.test)
		t.runs, t.passed, t.failed, t.skipped = t.runs+o.runs, t.passed+o.passed, t.failed+o.failed, t.skipped+o.skipped
		t.seconds, t.panics = t.seconds+o.seconds, t.panics || o.panics
	}
	for pkg, o := range other.packages {
		p := r.of(pkg, "")
		p.runs, p.passed, p.failed, p.skipped = p.runs+o.runs, p.passed+o.passed, p.failed+o.failed, p.skipped+o.skipped
	}
}

// replace puts the packages of another run in the place of r's.
func (r *run) replace(other *run) {
	maps.DeleteFunc(r.tests, func(id testID, _ *result) bool { return other.packages[id.pkg] != nil })
	maps.Copy(r.tests, other.tests)
	maps.Copy(r.packages, other.packages)
	for pkg := range other.packages {
		r.elapsed[pkg] = other.elapsed[pkg]
	}
}

// killers are the top-level tests of a package in which its program ended, so
// that those after them did not run.
func (r *run) killers(pkg string) []string {
	p := r.packages[pkg]
	if p == nil || p.failed == 0 {
		return nil
	}
	var all []string
	for id, t := range r.tests {
		if id.pkg == pkg && (t.panics || t.unfinished() > 0) {
			top, _, _ := strings.Cut(id.test, "/")
			all = append(all, top)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (r *run) skippedWithin(pkg, test string) bool {
	for id, t := range r.tests {
		if id.pkg == pkg && t.skipped > 0 && strings.HasPrefix(id.test, test+"/") {
			return true
		}
	}
	return false
}

// broken lists what always passed in r and does no longer in after, the tests
// deepest inside of others where these fail with them.
func (r *run) broken(after *run, targets []*target) []Failure {
	var all []Failure
	for _, t := range targets {
		all = append(all, r.brokenIn(t.Path, after)...)
	}
	return all
}

func (r *run) brokenIn(pkg string, after *run) []Failure {
	p := after.packages[pkg]
	if p == nil {
		return nil
	}
	var failing []string
	explained := false // the failure of the package, by a test that proves nothing
	for id, t := range after.tests {
		if id.pkg != pkg || t.failed+t.unfinished() == 0 {
			continue
		}
		if b := r.tests[id]; b != nil && b.stable() {
			failing = append(failing, id.test)
		} else {
			explained = explained || b != nil
		}
	}
	slices.Sort(failing)
	var all []Failure
	for i, test := range failing {
		if i+1 < len(failing) && strings.HasPrefix(failing[i+1], test+"/") {
			continue // it fails because of what is in it
		}
		said := after.tests[testID{pkg, test}].said
		if after.tests[testID{pkg, test}].unfinished() > 0 {
			said = append(slices.Clip(said), p.said...) // a program that ends tells why at the end
		}
		all = append(all, Failure{pkg, test, failsWhat, shortened(said)})
	}
	was := r.packages[pkg]
	if len(all) == 0 && p.failed > 0 && was != nil && was.failed == 0 && !explained {
		all = append(all, Failure{pkg, "", failsWhat, shortened(p.said)})
	}
	if len(all) > 0 || p.failed > 0 {
		return all
	}
	for id, b := range r.tests {
		if id.pkg != pkg || strings.Contains(id.test, "/") || !b.stable() {
			continue
		}
		if t := after.tests[id]; t == nil {
			all = append(all, Failure{pkg, id.test, "no longer runs", ""})
		} else if t.skipped > 0 && b.skipped == 0 {
			all = append(all, Failure{pkg, id.test, "is skipped", shortened(t.said)})
		}
	}
	return all
}

// shortened returns what a test said without the frame around it, and not more
// than helps: of a panic the first goroutine.
func shortened(said []string) string {
	const most = 16
	var out []string
	goroutines := 0
	for _, line := range said {
		trimmed := strings.TrimRight(line, " \n")
		switch word := strings.TrimSpace(trimmed); {
		case strings.HasPrefix(word, "=== "), word == "", word == "FAIL", word == "PASS",
			strings.HasPrefix(word, "exit status "), strings.HasPrefix(word, "FAIL\t"):
			continue
		case strings.HasPrefix(word, "goroutine "):
			goroutines++
		}
		if goroutines > 1 || len(out) == most {
			out = append(out, "…")
			break
		}
		out = append(out, trimmed)
	}
	return strings.Join(out, "\n")
}
