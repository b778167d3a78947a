package lsp

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"go.lsp.dev/protocol"

	"handshake/refactor"
	"handshake/refactor/load"
)

// A view is what the server knows of one module: the metadata of the packages
// with open files, and the types of what they depend on. A file outside of any
// module has a view of its own.
type view struct {
	session *session
	dir     string
	module  bool
	asked   chan struct{} // wakes run

	// Guarded by session.mu.
	base     *load.Graph        // metadata; nil until it is loaded
	workers  map[string]*worker // by package ID
	settings Settings           // with .handshake.json
	patterns map[string]bool    // what base has been or is being loaded with
	headers  map[string]string  // load.Header of the open files that base was made of, by name
	force    bool               // load even if no open file asks for it
	urgent   bool               // load at once
	due      bool               // a load is pending

	mu    sync.Mutex
	of    *load.Graph          // the metadata that graph was made of
	docs  map[string]*document // the documents whose contents graph has
	graph *load.Graph
}

// viewOf returns the view of a file if it is known. The caller holds s.mu.
func (s *session) viewOf(name string) *view { return s.placed[name] }

// place finds the view of an open file and has its package looked at, after
// loading it if need be.
func (s *session) place(name string) {
	if readOnly(name) {
		return
	}
	src, _ := readFile(name, s.limits.document) // there is none of a new file
	onDisk, _ := load.Header(src)
	root, module := ModuleRoot(filepath.Dir(name))
	key := root
	if !module {
		key = name
		s.tell(protocol.MessageTypeWarning, root+" is not in a Go module: each of its files is looked at alone, with the standard library only.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.views[key]
	if v == nil {
		v = &view{
			session: s, dir: root, module: module, asked: make(chan struct{}, 1),
			workers: make(map[string]*worker), settings: s.settings,
		}
		s.views[key] = v
		s.task("view", v.run)
	}
	s.placed[name] = v
	d := s.current.named(name)
	if d == nil {
		return // closed again
	}
	header, _ := load.Header(d.src)
	if !v.patterns[v.pattern(name)] {
		v.urgent = true
		v.reload(true)
	} else if header != onDisk || v.base == nil {
		v.reload(true) // again, if it is being loaded: without this document
	} else {
		v.headers[name] = header
		s.wake(name, 0)
	}
}

// ModuleRoot returns the closest directory above with a go.mod; if there is
// none, dir itself.
func ModuleRoot(dir string) (root string, module bool) {
	for d := dir; ; d = filepath.Dir(d) {
		if info, err := os.Stat(filepath.Join(d, "go.mod")); err == nil && info.Mode().IsRegular() {
			return d, true
		}
		if d == filepath.Dir(d) {
			return dir, false
		}
	}
}

// pattern returns what the go command is asked for to get the package of a
// file.
func (v *view) pattern(name string) string {
	rel, err := filepath.Rel(v.dir, filepath.Dir(name))
	if err != nil || !v.module {
		return "file=" + name
	}
	return "./" + filepath.ToSlash(rel)
}

// reload has the metadata loaded soon; without force only if an open file has
// other imports, build constraints, … than the metadata. The caller holds
// session.mu.
func (v *view) reload(force bool) {
	v.force = v.force || force
	v.session.pend(&v.due)
	select {
	case v.asked <- struct{}{}:
	default:
	}
}

// run loads the metadata as often as it is asked for, one load at a time.
func (v *view) run() {
	s := v.session
	select {
	case <-s.ctx.Done():
		return
	case <-s.configuredOnce: // what is not wanted is not shown at first either
	}
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-v.asked:
		}
		if !quiet(s.ctx, v.asked, v.delay) {
			return
		}
		s.mu.Lock()
		docs, force := s.current.files(), v.force
		v.force, v.urgent = false, false
		s.mu.Unlock()
		if force || v.outdated(docs) {
			s.guard("load", func() { v.renew(v.load(docs), docs) })
		}
		s.finish(&v.due, v.asked)
	}
}

func (v *view) delay() time.Duration {
	v.session.mu.Lock()
	defer v.session.mu.Unlock()
	if v.urgent {
		return 0
	}
	return reloadDelay
}

// quiet returns when nothing was received for the time that delay returns. It
// is false if ctx is done before.
func quiet(ctx context.Context, c <-chan struct{}, delay func() time.Duration) bool {
	timer := time.NewTimer(delay())
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-c:
			timer.Reset(delay())
		case <-timer.C:
			return true
		}
	}
}

func overlay(docs map[string]*document) map[string][]byte {
	out := make(map[string][]byte, len(docs))
	for name, d := range docs {
		out[name] = d.src
	}
	return out
}

// choose decides what to load: the packages of the open files. If none is open,
// what is loaded is dropped, since nobody keeps it up to date.
func (v *view) choose(docs map[string]*document) []string {
	v.session.mu.Lock()
	defer v.session.mu.Unlock()
	v.patterns = make(map[string]bool)
	for name := range docs {
		if v.session.viewOf(name) == v {
			v.patterns[v.pattern(name)] = true
		}
	}
	if len(v.patterns) == 0 {
		v.base = nil
	}
	return slices.Sorted(maps.Keys(v.patterns))
}

const goMissing = "The go command was not found. handshake needs it to find packages: put it on the PATH of the editor."

// config returns how the packages of the view are loaded.
func (v *view) config(set Settings, docs map[string]*document) load.Config {
	return load.Config{
		Dir: v.dir, Env: set.environ(), BuildFlags: set.BuildFlags, Tests: true, Overlay: overlay(docs), Cache: v.session.opts.Cache,
		Exclude: func(file string) string { return set.Excludes(v.dir, file) },
	}
}

// load asks the go command for metadata. It returns nil, and tells the user, if
// there is none.
func (v *view) load(docs map[string]*document) *load.Graph {
	s := v.session
	set := v.configure()
	patterns := v.choose(docs)
	if len(patterns) == 0 {
		return nil
	}
	graph, err := s.goList(s.ctx, v.config(set, docs), patterns...)
	if s.ctx.Err() != nil {
		return nil
	}
	if err != nil {
		message := fmt.Sprintf("Cannot load packages in %s: %v", v.dir, err)
		if _, err := exec.LookPath("go"); err != nil {
			message = goMissing
		}
		s.tell(protocol.MessageTypeError, message)
		return nil
	}
	for _, m := range graph.Roots() {
		if len(m.Files) == 0 && len(m.Errors) > 0 {
			s.tell(protocol.MessageTypeWarning, fmt.Sprintf("Cannot load package %s: %v", m.Path, m.Errors[0]))
		}
	}
	return graph
}

// renew makes the graph, which was made of the documents, the metadata of the
// view, unless it is nil, and has the packages with open files looked at.
func (v *view) renew(graph *load.Graph, docs map[string]*document) {
	if graph == nil {
		return
	}
	headers := make(map[string]string)
	for name, d := range docs {
		headers[name], _ = load.Header(d.src)
	}
	s := v.session
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, h := range v.headers {
		if _, ok := headers[name]; !ok {
			headers[name] = h // opened in the meantime, as it is on disk
		}
	}
	v.base, v.headers = graph, headers
	for _, d := range s.current.docs {
		if d.name != "" && s.viewOf(d.name) == v && graph.Containing(d.name) == nil {
			s.current = s.current.with(d, nil) // excluded by a build constraint
			s.publish(d, nil)
		}
	}
	s.wakeAll(v)
}

// outdated reports whether the metadata was made of other imports, package
// clauses or build constraints than the documents have. The disk is not asked:
// editors save right after an edit.
func (v *view) outdated(docs map[string]*document) bool {
	v.session.mu.Lock()
	headers := maps.Clone(v.headers)
	v.session.mu.Unlock()
	for name, then := range headers {
		if d := docs[name]; d != nil {
			if now, ok := load.Header(d.src); ok && now != then { // else it is being typed
				return true
			}
		}
	}
	return false
}

// graphOf returns the metadata with the contents of the open documents. Graphs
// are made one of the other, so that they share the types of what did not
// change.
func (v *view) graphOf(base *load.Graph, docs map[string]*document) *load.Graph {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.of == base && maps.Equal(v.docs, docs) {
		return v.graph
	}
	from := v.graph
	if v.of != base {
		from = base
	}
	v.of, v.docs, v.graph = base, docs, from.WithOverlay(overlay(docs))
	return v.graph
}

// enabled returns the rules that run in the view.
func (v *view) enabled() []*refactor.Rule {
	v.session.mu.Lock()
	defer v.session.mu.Unlock()
	return v.session.rules(v.settings)
}
