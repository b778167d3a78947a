package verify

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"handshake/refactor/load"
)

// A journal keeps in the cache what the tests of each package said, so that a run
// that was cut off can go on where it was. Whatever follows from what tests say is
// computed anew, so that the result is that of a run which was not cut off.
//
// Its entries are under the name of the run, and under what the tests depend on:
// sources that were changed meanwhile are tested again.
type journal struct {
	cache    *load.Cache
	question load.Key // what is asked for: the same arguments in the same place
	run      string
	asked    map[load.Key]int // how often: each answer counts once
	sources  map[*target]string
}

// openJournal begins a journal, or opens that of the last run for the same
// question that was not finished; then resumed is true.
func openJournal(cfg Config) (j *journal, resumed bool) {
	j = &journal{cache: cfg.Graph.Cache(), run: rand.Text(), asked: make(map[load.Key]int), sources: make(map[*target]string)}
	parts := []string{"verify 1", fmt.Sprint(cfg.Level, cfg.Count, cfg.Timeout, cfg.Race, cfg.Stress, cfg.Apply.Unsafe, cfg.Apply.File, cfg.Apply.At)}
	for _, r := range cfg.Apply.Rules {
		parts = append(parts, r.Name)
	}
	for _, m := range cfg.Graph.Roots() {
		parts = append(parts, m.ID, m.Dir)
	}
	j.question = load.NewKey(parts...)
	if cfg.Resume {
		if last, ok := j.cache.Get(j.question); ok {
			j.run = string(last)
			return j, true
		}
	}
	j.cache.Put(j.question, []byte(j.run))
	return j, false
}

// close forgets the run: there is nothing to go on with.
func (j *journal) close() { j.cache.Remove(j.question) }

// key returns the name of what the tests of a package say when they are run so,
// the next time that this is asked.
func (j *journal) key(t *target, how ...string) load.Key {
	k := load.NewKey(append([]string{j.run, t.Path, j.sourcesOf(t)}, how...)...)
	j.asked[k]++
	return k.With(fmt.Sprint(j.asked[k]))
}

// sourcesOf returns a fingerprint of the sources in the module that the tests of
// a package depend on, as they were when it was first asked for.
func (j *journal) sourcesOf(t *target) string {
	if s, ok := j.sources[t]; ok {
		return s
	}
	dirs := []string{t.Dir}
	for _, other := range t.module.targets {
		if t.deps[other.Path] && other != t {
			dirs = append(dirs, other.Dir)
		}
	}
	slices.Sort(dirs)
	var parts []string
	add := func(name string) {
		if data, err := os.ReadFile(name); err == nil {
			parts = append(parts, name, string(data))
		}
	}
	add(filepath.Join(t.module.dir, "go.mod"))
	add(filepath.Join(t.module.dir, "go.sum"))
	for _, dir := range dirs {
		entries, _ := os.ReadDir(dir) // what cannot be read cannot be built
		for _, e := range entries {
			if !e.IsDir() && isSource(e.Name()) {
				add(filepath.Join(dir, e.Name()))
			}
		}
	}
	filepath.WalkDir(filepath.Join(t.Dir, "testdata"), func(name string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			add(name)
		}
		return nil
	})
	k := load.NewKey(parts...)
	j.sources[t] = string(k[:])
	return j.sources[t]
}

// isSource reports whether the go command may compile a file of that name.
func isSource(name string) bool {
	switch filepath.Ext(name) {
	case ".go", ".s", ".S", ".c", ".cc", ".cpp", ".cxx", ".m", ".h", ".hh", ".hpp", ".hxx", ".syso", ".swig", ".swigcxx":
		return true
	}
	return false
}

// recall hands what is in the journal to read, and reports whether it was there.
func (j *journal) recall(k load.Key, read func(io.Reader) error) (bool, error) {
	data, ok := j.cache.Get(k)
	if !ok {
		return false, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return false, nil
	}
	return true, read(z)
}
