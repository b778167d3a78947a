package verify

import (
	"context"
	"io"
	"os"
	"regexp"
	"strings"
)

// A complaint is what the compiler or go vet says of a package.
type complaint struct{ pkg, text string }

// doing says what a level does with packages.
func (l Level) doing() string {
	return [...]string{"building", "vetting", "vetting and testing"}[l]
}

// complaints asks the compiler or, from level Vet on, go vet, which type-checks
// what it reads.
func (v *verifier) complaints(ctx context.Context, o overlay, targets []*target) ([]complaint, error) {
	commands := [][]string{{"vet"}}
	if v.Level == Build {
		commands = [][]string{{"build", "-o=" + os.DevNull}, {"test", "-vet=off", "-c", "-o=" + os.DevNull}}
	}
	var all []complaint
	for _, m := range v.modules {
		var paths []string
		for _, t := range targets {
			if t.module == m {
				paths = append(paths, t.Path)
			}
		}
		if len(paths) == 0 {
			continue
		}
		for _, args := range commands {
			if o.file != "" {
				args = append(args, "-overlay="+o.file)
			}
			stderr, _, err := v.go_.run(ctx, m.dir, discard, append(args, paths...)...)
			if err != nil {
				return nil, err
			}
			all = append(all, parseComplaints(stderr)...)
		}
	}
	return all, nil
}

func discard(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// newComplaints returns what speaks against the overlay: complaints that there
// are not without it.
func (v *verifier) newComplaints(ctx context.Context, o overlay, targets []*target) ([]Failure, error) {
	after, err := v.complaints(ctx, o, targets)
	if err != nil || len(after) == 0 {
		return nil, err
	}
	before, err := v.complaints(ctx, overlay{}, targets)
	if err != nil {
		return nil, err
	}
	return beyond(before, after), nil
}

// beyond returns a failure for each package with complaints that are new.
func beyond(before, after []complaint) []Failure {
	known := make(map[complaint]int)
	for _, c := range before {
		known[complaint{c.pkg, withoutPlace(c.text)}]++
	}
	var all []Failure
	for _, c := range after {
		k := complaint{c.pkg, withoutPlace(c.text)}
		if known[k]--; known[k] >= 0 {
			continue
		}
		if n := len(all); n > 0 && all[n-1].Package == c.pkg {
			all[n-1].Output = shortened(append(strings.SplitAfter(all[n-1].Output, "\n"), c.text))
			continue
		}
		what := "is complained of by go vet"
		if strings.HasPrefix(c.text, "vet: ") {
			what = "does not compile"
		}
		all = append(all, Failure{Package: c.pkg, What: what, Output: c.text})
	}
	return all
}

// parseComplaints reads what go build and go vet print: "# package" above the
// lines about it.
func parseComplaints(stderr string) []complaint {
	var all []complaint
	pkg := ""
	for line := range strings.Lines(stderr) {
		line = strings.TrimRight(line, "\n")
		name, header := strings.CutPrefix(line, "# ")
		switch {
		case header && strings.HasPrefix(name, "["): // "# [package]" as well, from go vet
		case header:
			pkg = withoutVariant(name)
		case strings.TrimSpace(line) != "":
			all = append(all, complaint{pkg, line})
		}
	}
	return all
}

// withoutPlace returns a message without directories, lines and columns: they
// move.
func withoutPlace(line string) string { return where.ReplaceAllString(line, "$1") }

var where = regexp.MustCompile(`[^\s]*?(?:\d+_)?([^/\\\s]+\.go)(?::\d+)+`)
