package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"handshake/refactor"
	"handshake/refactor/load"
)

// A change is what the fixes made of a file.
type change struct {
	name          string // relative to the repository
	before, after []byte
}

// changes lists the files that differ, by name.
func changes(before, after map[string][]byte) []change {
	var all []change
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if !bytes.Equal(before[name], after[name]) {
			all = append(all, change{name, before[name], after[name]})
		}
	}
	return all
}

// lostComments lists the comments that are gone.
func (c change) lostComments() []string {
	left := make(map[string]int)
	for _, text := range commentsIn(c.after) {
		left[text]++
	}
	var lost []string
	for _, text := range commentsIn(c.before) {
		if left[text]--; left[text] < 0 {
			lost = append(lost, fmt.Sprintf("%s: %s", c.name, text))
		}
	}
	return lost
}

// commentsIn returns the texts of the comments of a file, none if it does not parse.
func commentsIn(src []byte) []string {
	f, err := parser.ParseFile(token.NewFileSet(), "", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	var all []string
	for _, g := range f.Comments {
		for _, c := range g.List {
			all = append(all, refactor.CommentKey(c.Text))
		}
	}
	return all
}

func formatted(src []byte) bool {
	out, err := format.Source(src)
	return err == nil && bytes.Equal(out, src)
}

// typeErrors lists the errors that the changes bring to the packages of a
// module that have them or depend on them. Everything is read anew: what the
// program believed does not count.
func typeErrors(ctx context.Context, dir, module string, all []change) ([]string, error) {
	packages, err := changedPackages(dir, module, all)
	if err != nil || len(packages) == 0 {
		return nil, err
	}
	after, err := load.Load(ctx, load.Config{Dir: module, Env: goEnv(), Tests: true}, "./...")
	if err != nil {
		return nil, err
	}
	overlay := make(map[string][]byte)
	for _, c := range all {
		overlay[filepath.Join(dir, filepath.FromSlash(c.name))] = c.before
	}
	before := after.WithOverlay(overlay)
	concerned := make(map[*load.Meta]bool)
	for name := range overlay {
		for _, m := range after.Roots() {
			if !slices.Contains(m.Files, name) {
				continue
			}
			concerned[m] = true
			if strings.HasSuffix(name, "_test.go") {
				continue // nobody imports it
			}
			for _, dep := range after.Dependents(m.Path) {
				concerned[dep] = true
			}
		}
	}
	var broken []string
	for _, m := range after.Roots() {
		if !concerned[m] {
			continue
		}
		p, err := after.Package(ctx, m)
		if err != nil {
			return nil, err
		}
		q, err := before.Package(ctx, m)
		if err != nil {
			return nil, err
		}
		if e := refactor.NewError(q.Errors, p.Errors); e != nil {
			broken = append(broken, fmt.Sprintf("%s: %s", e.Fset.Position(e.Pos), e.Msg))
		}
	}
	return broken, nil
}

// changedPackages returns the packages of a module with changed files, in the
// form that the go command reads: "./pkg/plugins".
func changedPackages(dir, module string, all []change) ([]string, error) {
	set := make(map[string]bool)
	for _, c := range all {
		name := filepath.Join(dir, filepath.FromSlash(c.name))
		if moduleOf(filepath.Dir(name)) != module {
			continue
		}
		rel, err := filepath.Rel(module, filepath.Dir(name))
		if err != nil {
			return nil, err
		}
		set["./"+filepath.ToSlash(rel)] = true
	}
	return slices.Sorted(maps.Keys(set)), nil
}

// moduleOf returns the directory of go.mod, at dir or above; dir if there is none.
func moduleOf(dir string) string {
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "go.mod")); err == nil {
			return d
		}
		if d == filepath.Dir(d) {
			return dir
		}
	}
}

// vetErrors lists what go vet, and with it the compiler, says of the changed
// packages that it did not say before.
func vetErrors(ctx context.Context, dir, module string, all []change) ([]string, error) {
	packages, err := changedPackages(dir, module, all)
	if err != nil || len(packages) == 0 {
		return nil, err
	}
	after, err := vet(ctx, module, packages)
	if err != nil {
		return nil, err
	}
	if len(after) == 0 {
		return nil, nil
	}
	if err := swap(dir, all, func(c change) []byte { return c.before }); err != nil {
		return nil, err
	}
	before, err := vet(ctx, module, packages)
	if err := errors.Join(err, swap(dir, all, func(c change) []byte { return c.after })); err != nil {
		return nil, err
	}
	count := make(map[string]int)
	for _, line := range before {
		count[withoutPlace(line)]++
	}
	var broken []string
	for _, line := range after {
		if key := withoutPlace(line); count[key] > 0 {
			count[key]--
		} else {
			broken = append(broken, line)
		}
	}
	return broken, nil
}

// swap gives all changed files one of their two contents.
func swap(dir string, all []change, contents func(change) []byte) error {
	for _, c := range all {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(c.name)), contents(c), 0o666); err != nil {
			return err
		}
	}
	return nil
}

func vet(ctx context.Context, module string, packages []string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"vet"}, packages...)...)
	cmd.Dir, cmd.Env = module, goEnv()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	var said []string
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			said = append(said, line)
		}
	}
	return said, nil
}

// withoutPlace returns a message without its line and column, which move.
func withoutPlace(line string) string { return general(line) }
