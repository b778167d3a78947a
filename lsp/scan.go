package lsp

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strings"

	"handshake/refactor/load"
)

// A scan looks at the packages of the workspace folders that have no open file,
// one at a time, and only while no open document waits for anything. Files count
// as they are on disk. A package with open files is its worker's.
type scan struct {
	session *session
	asked   chan struct{} // wakes run

	// Guarded by session.mu.
	due       scope
	packages  map[string]bool // with due == scanSome: directories to be looked at again
	files     map[string]bool // of the packages of the workspace
	cancelled bool            // by the user
	underWay  bool

	// Only touched by run.
	parts []part
	known map[string]load.Key // what the results that are shown were made of, by name
}

// A scope is how much is to be scanned. Each includes those before.
type scope int

const (
	scanSome   scope = iota // the packages in some directories
	scanReload              // all that differs since the go command was asked, which is asked again
	scanAnew                // all, even if the user had stopped it
)

// A part is what one run of the go command finds: a module, or those of a
// go.work, with equal settings.
type part struct {
	name    string
	modules map[string]Settings // by root
	graph   *load.Graph
}

// room is how many bytes the types of dependencies may take before they are
// forgotten: they would add up to those of the whole workspace, and all that it
// depends on.
const room = 96 << 20

func newScan(s *session) *scan {
	return &scan{
		session: s, asked: make(chan struct{}, 1),
		packages: make(map[string]bool), files: make(map[string]bool), known: make(map[string]load.Key),
	}
}

// wake has the workspace scanned soon. The caller holds session.mu.
func (c *scan) wake(due scope) {
	c.due = max(c.due, due)
	c.cancelled = c.cancelled && due < scanAnew
	select {
	case c.asked <- struct{}{}:
	default:
	}
}

// again has the package of a file looked at that was open. The caller holds
// session.mu.
func (c *scan) again(name string) {
	c.packages[filepath.Dir(name)] = true
	c.wake(scanSome)
}

// covers reports whether findings of a file are shown even if it is not open.
// The caller holds session.mu.
func (c *scan) covers(name string) bool { return c.files[name] && !c.cancelled }

// run scans as often as it is asked to.
func (c *scan) run() {
	s := c.session
	select {
	case <-s.ctx.Done():
		return
	case <-s.configuredOnce:
	}
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-c.asked:
		}
		for ready := false; !ready; {
			if !s.await(s.ctx, s.settled) {
				return
			}
			more, ok := soon(s.ctx, c.asked, reloadDelay)
			if !ok {
				return
			}
			s.mu.Lock()
			ready = !more && s.settled()
			s.mu.Unlock()
		}
		s.guard("scan", c.pass)
	}
}

// pass scans once.
func (c *scan) pass() {
	s := c.session
	s.mu.Lock()
	due, again, folders := c.due, c.packages, slices.Sorted(maps.Keys(s.folders))
	c.due, c.packages = scanSome, make(map[string]bool)
	stop := c.cancelled
	c.underWay = !stop
	s.mu.Unlock()
	if stop {
		return
	}
	if due == scanAnew {
		clear(c.known)
	}
	dirs := again
	if due > scanSome {
		c.parts = c.load(s.ctx, folders)
		dirs = nil
		c.cover()
	}
	ctx, outcome := s.ctx, ""
	var work *progress
	all := c.chosen(dirs)
	for _, p := range all {
		if again[p.meta.Dir] {
			delete(c.known, p.name()) // what was shown last was made of a buffer
		}
	}
	if due == scanAnew && len(all) > 0 {
		ctx, work = s.begin(ctx, nil, "Looking at the workspace")
	}
	var from part
	var before uint64
	for i, p := range all {
		if !s.await(ctx, s.settled) {
			break
		}
		if from.name != p.part.name || live() > before+room {
			from = p.part
			from.graph = p.part.graph.Anew()
			before = live()
		}
		c.look(ctx, candidate{from, p.meta})
		work.report(i+1, len(all))
	}
	if from = (part{}); dirs == nil && len(all) > 0 {
		s.giveBack() // nobody needs as much again soon
	}
	s.mu.Lock()
	c.underWay = false
	if c.cancelled = ctx.Err() != nil; c.cancelled {
		outcome = "stopped"
	} else {
		outcome = fmt.Sprintf("%d packages", len(all))
	}
	s.announce()
	s.refreshSoon()
	s.mu.Unlock()
	work.end(outcome)
}

// live returns how many bytes of the heap were in use at the last collection.
func live() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// load asks the go command for the packages of the folders.
func (c *scan) load(ctx context.Context, folders []string) []part {
	s := c.session
	parts := make(map[string]*part)
	patterns := make(map[string][]string)
	for _, folder := range folders {
		for _, root := range modules(ctx, folder) {
			set := s.settingsIn(root)
			if !set.Scan || !set.Diagnostics {
				continue
			}
			dir := workspaceOf(root)
			if slices.Contains(set.environ(), "GOWORK=off") {
				dir = root
			}
			name := fmt.Sprintf("%s %q %q", dir, set.BuildFlags, set.environ())
			if parts[name] == nil {
				parts[name] = &part{name: name, modules: make(map[string]Settings)}
			}
			parts[name].modules[root] = set
			below := root
			if within(root, folder) {
				below = folder
			}
			if rel, err := filepath.Rel(dir, below); err == nil {
				patterns[name] = append(patterns[name], "./"+filepath.ToSlash(filepath.Join(rel, "...")))
			}
		}
	}
	var out []part
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		p := parts[name]
		dir, _, _ := strings.Cut(name, " ")
		var set Settings
		for _, set = range p.modules {
			break // they have all the same
		}
		graph, err := s.goList(ctx, load.Config{
			Dir: dir, Env: set.environ(), BuildFlags: set.BuildFlags, Tests: true, Cache: s.opts.Cache, Background: true,
			Exclude: p.excluded,
		}, patterns[name]...)
		if err != nil {
			if ctx.Err() == nil {
				s.logOnce(err.Error(), fmt.Errorf("scan of %s: %w", dir, err))
			}
			continue
		}
		p.graph = graph
		out = append(out, *p)
	}
	return out
}

// cover notes which files the workspace has, and takes back what was shown of
// others.
func (c *scan) cover() {
	s := c.session
	files := make(map[string]bool)
	for _, p := range c.parts {
		for _, m := range p.graph.Roots() {
			for _, name := range m.Files {
				files[name] = true
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.files = files
	for u := range s.reports {
		if s.current.docs[u] == nil && !files[u.FsPath()] {
			s.tellClosed(u, nil)
		}
	}
}

// A candidate is a package of a part.
type candidate struct {
	part part
	meta *load.Meta
}

// name is that of the package, in all the workspace.
func (p candidate) name() string { return p.part.name + " " + p.meta.ID }

// chosen returns the packages in the directories; nil means all.
func (c *scan) chosen(dirs map[string]bool) []candidate {
	var out []candidate
	for _, p := range c.parts {
		for _, m := range p.graph.Roots() {
			if len(m.Files) > 0 && (dirs == nil || dirs[m.Dir]) {
				out = append(out, candidate{p, m})
			}
		}
	}
	return out
}

// settings returns those of the module that a file or directory belongs to, and
// its root.
func (p part) settings(name string) (set Settings, root string) {
	for r := range p.modules {
		if within(r, name) && len(r) > len(root) {
			root = r
		}
	}
	return p.modules[root], root
}

// excluded returns why a file is left alone, or "".
func (p part) excluded(file string) string {
	set, root := p.settings(file)
	return set.Excludes(root, file)
}
