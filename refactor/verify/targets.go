package verify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"handshake/refactor/apply"
)

// A module is a directory with a go.mod, in which the go command is run.
type module struct {
	dir     string
	targets []*target
}

// A target is a package of a module with its tests.
type target struct {
	Path, Dir string
	module    *module
	deps      map[string]bool // paths that the package or its tests depend on
}

// loadModule lists the packages of the module, those with broken dependencies
// too, and those of some directories in it, which "./..." leaves out if they
// belong to test data.
func (v *verifier) loadModule(ctx context.Context, dir string, more []string) (*module, error) {
	m := &module{dir: dir}
	byPath := make(map[string]*target)
	get := func(path string) *target {
		if byPath[path] == nil {
			byPath[path] = &target{Path: path, module: m, deps: make(map[string]bool)}
		}
		return byPath[path]
	}
	read := func(in io.Reader) error {
		for dec := json.NewDecoder(in); ; {
			var p struct {
				ImportPath, Dir, ForTest string
				Deps                     []string
			}
			if err := dec.Decode(&p); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			path, test := strings.CutSuffix(p.ImportPath, ".test")
			if p.ForTest != "" {
				continue // what it needs, the test main needs
			}
			t := get(path)
			if !test {
				t.Dir = p.Dir
			}
			for _, dep := range p.Deps {
				t.deps[withoutVariant(dep)] = true
			}
		}
	}
	args := append([]string{"list", "-e", "-test", "-json=ImportPath,Dir,ForTest,Deps", "./..."}, more...)
	stderr, failed, err := v.go_.run(ctx, dir, read, args...)
	if err == nil && failed {
		err = fmt.Errorf("go list: %s", strings.TrimSpace(stderr))
	}
	for _, t := range byPath {
		m.targets = append(m.targets, t)
	}
	slices.SortFunc(m.targets, func(a, b *target) int { return cmp.Compare(a.Path, b.Path) })
	return m, err
}

// withoutVariant returns "p" for "p [q.test]".
func withoutVariant(path string) string {
	path, _, _ = strings.Cut(path, " ")
	return path
}

var errNoModule = errors.New("the go command tests packages of a module only, and there is no go.mod")

// moduleDir returns the directory of go.mod, at dir or above.
func moduleDir(dir string) (string, error) {
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "go.mod")); err == nil {
			return d, nil
		}
		if d == filepath.Dir(d) {
			return "", fmt.Errorf("%s: %w", dir, errNoModule)
		}
	}
}

// targetOf returns the package to which the file belongs, or nil.
func (v *verifier) targetOf(file string) *target {
	for _, m := range v.modules {
		for _, t := range m.targets {
			if t.Dir == filepath.Dir(file) {
				return t
			}
		}
	}
	return nil
}

func (v *verifier) pathOf(file string) string {
	if t := v.targetOf(file); t != nil {
		return t.Path
	}
	return filepath.Dir(file)
}

// affectedBy returns the packages whose tests can see a change of the files: those
// that hold them and, unless these are tests, those of the module that depend on
// them.
func (v *verifier) affectedBy(files []string) []*target {
	own, changed := make(map[*target]bool), make(map[string]bool)
	for _, f := range files {
		if t := v.targetOf(f); t != nil {
			own[t] = true
			changed[t.Path] = changed[t.Path] || !strings.HasSuffix(f, "_test.go")
		}
	}
	var all []*target
	for _, m := range v.modules {
		for _, t := range m.targets {
			depends := own[t]
			for path, yes := range changed {
				depends = depends || yes && t.deps[path]
			}
			if depends {
				all = append(all, t)
			}
		}
	}
	return all
}

// prepare finds the packages that the fixes, which change some files, affect and
// runs their tests without any fix, unless that has been done.
func (v *verifier) prepare(ctx context.Context, fixes []apply.Made, changed []apply.File) error {
	dirs := make(map[string][]string) // of packages that are not yet known, by module
	var files []string
	for _, m := range fixes {
		files = append(files, m.File)
		if v.targetOf(m.File) != nil {
			continue
		}
		pkg := filepath.Dir(m.File)
		mod, err := moduleDir(pkg)
		if err != nil {
			return err
		}
		if !slices.Contains(dirs[mod], pkg) {
			dirs[mod] = append(dirs[mod], pkg)
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		mod, err := v.loadModule(ctx, dir, dirs[dir])
		if err != nil {
			return err
		}
		v.modules = append(v.modules, mod)
	}
	for _, f := range files {
		if v.targetOf(f) == nil { // what the go command does not see, it cannot prove
			return fmt.Errorf("the go command knows no package of %s by that name", f)
		}
	}
	if v.Level < Test {
		return nil
	}
	for _, f := range changed { // which are more than those of the findings
		files = append(files, f.Name)
	}
	return v.runBaseline(ctx, v.affectedBy(files))
}

func names(targets []*target) string {
	var all []string
	for _, t := range targets {
		all = append(all, t.Path)
	}
	return strings.Join(all, "\n")
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
