package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"handshake/lsp"
	"handshake/refactor"
	"handshake/refactor/load"
	"handshake/refactor/rules"
)

// projects are the modules that a command looks at, with what the .handshake.json
// of each chooses. It is safe for concurrent use.
type projects struct {
	all   []*refactor.Rule
	named []string // rules that the command line names; they take the place of a project's
	write bool     // files are to be changed, so that those that cannot be are left alone

	mu       sync.Mutex
	roots    map[string]string   // of the module, by directory
	known    map[string]*project // by root
	locked   map[string]bool     // files that are left alone because they cannot be changed
	problems []problem
	err      error // of a file that says nothing of use
}

type project struct {
	lsp.Settings
	root  string
	rules []*refactor.Rule
}

// newProjects returns projects for which the named rules run, if there are any,
// or else those that each chooses.
func newProjects(list string) (*projects, error) {
	p := &projects{all: rules.All(), roots: make(map[string]string), known: make(map[string]*project), locked: make(map[string]bool)}
	if list == "" {
		return p, nil
	}
	for name := range strings.SplitSeq(list, ",") {
		r, err := ruleNamed(p.all, strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		p.named = append(p.named, r.Name)
	}
	return p, nil
}

// of returns the module that a directory belongs to.
func (p *projects) of(dir string) *project {
	p.mu.Lock()
	defer p.mu.Unlock()
	root, ok := p.roots[dir]
	if !ok {
		root, _ = lsp.ModuleRoot(dir)
		p.roots[dir] = root
	}
	if p.known[root] == nil {
		set, name, wrong, err := lsp.ModuleSettings(root, p.all)
		for _, w := range wrong {
			p.problems = append(p.problems, problem{File: name, Message: w})
		}
		p.err = errors.Join(p.err, err)
		p.known[root] = &project{set, root, p.choose(set)}
	}
	return p.known[root]
}

// choose returns the rules that run with the settings. Refactorings on demand are
// never reported, so that only who names one can mean it here.
func (p *projects) choose(set lsp.Settings) []*refactor.Rule {
	if p.named == nil {
		return slices.DeleteFunc(set.Choose(p.all, (*refactor.Rule).Batched), func(r *refactor.Rule) bool { return r.OnDemand })
	}
	set.Rules = make(map[string]bool)
	for _, name := range p.named {
		set.Rules[name] = true
	}
	return set.Choose(p.all, func(*refactor.Rule) bool { return false })
}

// rules returns the rules that run on the package in a directory.
func (p *projects) rules(dir string) []*refactor.Rule { return p.of(dir).rules }

// excluded returns why a file is left alone, or "".
func (p *projects) excluded(file string) string {
	of := p.of(filepath.Dir(file))
	why := of.Excludes(of.root, file)
	if why == "" && p.write {
		if why = unwritable(file); why != "" {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.locked[file] = true
		}
	}
	return why
}

// load asks the go command for packages in a directory, with the build that its
// module chooses.
func (p *projects) load(ctx context.Context, dir string, patterns []string) (*load.Graph, error) {
	adopt(p.of(dir).Settings)
	if p.err != nil {
		return nil, p.err
	}
	g, err := load.Load(ctx, load.Config{Dir: dir, Tests: true, Cache: load.UserCache(), Exclude: p.excluded}, patterns...)
	if err != nil {
		return nil, err
	}
	for _, m := range g.Roots() {
		p.of(m.Dir)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return g, p.err
}

// adopt makes the build that a project chooses that of all go commands which this
// process starts, but for what the environment says already.
func adopt(set lsp.Settings) {
	for _, name := range slices.Sorted(maps.Keys(set.Env)) {
		if os.Getenv(name) == "" {
			os.Setenv(name, set.Env[name])
		}
	}
	flags := os.Getenv("GOFLAGS")
	if strings.Contains(flags, "-tags") {
		return
	}
	for _, f := range set.BuildFlags {
		if !strings.Contains(f, "'") { // or it could be two flags
			flags += " '" + f + "'"
		}
	}
	os.Setenv("GOFLAGS", strings.TrimSpace(flags))
}

// complaints returns what is wrong with the settings, as seen from a directory.
func (p *projects) complaints(dir string) []problem {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := slices.Clone(p.problems)
	for i := range out {
		out[i].File = relative(dir, out[i].File)
	}
	return out
}
