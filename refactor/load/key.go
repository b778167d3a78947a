package load

import (
	"crypto/sha256"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"handshake/refactor"
)

// tool returns a fingerprint of the program that runs: what it computes changes
// with any part of it, be it a rule, the type-checker or the export format.
// Versions do not tell: they are the same for all builds of a work tree.
var tool = sync.OnceValues(func() (string, error) {
	name, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return string(h.Sum(nil)), nil
})

// origin returns the fingerprint of what all packages of a graph have in common.
// It is false if that is not known; then nothing is cached.
func (e goEnv) origin() (Key, bool) {
	exe, err := tool()
	return NewKey(exe, runtime.Version(), os.Getenv("GODEBUG"), e.GOVERSION, e.GOOS, e.GOARCH), err == nil
}

// settled reports whether nobody changes the files of a directory: those of a
// released Go distribution, unless somebody works on that, and of the module
// cache. The go command takes them for immutable too, once it has checked their
// sums: it indexes them once for all. (Somebody who edits them all the same
// changes a file's size or time.)
func (e goEnv) settled(dir string) bool {
	return beneath(e.GOMODCACHE, dir) || e.released && beneath(filepath.Join(e.GOROOT, "src"), dir)
}

// beneath is within for names as the go command gives them. It follows no links,
// which costs more than to read a file, and errs on the side of false.
func beneath(root, dir string) bool {
	return root != "" && strings.HasPrefix(dir, root+string(filepath.Separator))
}

// A print is the fingerprint of a package with all that it imports, made when it
// is first asked for. It is not ok if there is something unsaved in that or
// something missing: what comes of it will hardly be asked for again.
type print struct {
	once sync.Once
	key  Key
	own  Key // of the package's files alone
	ok   bool
}

func (g *Graph) print(m *Meta) *print {
	g.mu.Lock()
	p := g.prints[m]
	if p == nil {
		p = new(print)
		g.prints[m] = p
	}
	g.mu.Unlock()
	p.once.Do(func() { p.ok = g.cacheable && p.make(g, m) })
	return p
}

func (p *print) make(g *Graph, m *Meta) (ok bool) {
	parts := []string{m.Path, m.goVersion}
	for _, path := range slices.Sorted(maps.Keys(m.imports)) {
		dep := m.imports[path]
		if dep == nil {
			return false
		}
		if dep.Path == "unsafe" {
			continue
		}
		d := g.print(dep)
		if !d.ok {
			return false
		}
		parts = append(parts, path, string(d.key[:]))
	}
	p.own, ok = g.own(m, g.saved)
	p.key = p.own.With(parts...)
	return ok && len(m.Files) > 0
}

// own returns a fingerprint of the files of m, which the function reads. Of
// settled files the place, size and time will do. Of all others the contents
// count: a time says little after a checkout, a restored backup or two writes in
// one tick of the clock.
func (g *Graph) own(m *Meta, read func(name string) ([]byte, bool)) (Key, bool) {
	parts := make([]string, 0, 3*len(m.Files))
	settled := g.env.settled(m.Dir)
	for _, name := range m.Files {
		if _, open := g.cfg.Overlay[name]; settled && !open {
			info, err := os.Stat(name)
			if err != nil {
				return Key{}, false
			}
			parts = append(parts, name, strconv.FormatInt(info.Size(), 10), strconv.FormatInt(info.ModTime().UnixNano(), 10))
			continue
		}
		src, ok := read(name)
		if !ok {
			return Key{}, false
		}
		sum := sha256.Sum256(src)
		parts = append(parts, filepath.Base(name), string(sum[:]))
	}
	return g.origin.With(parts...), true
}

// saved returns the contents of a file if the disk has the same as the editor.
func (g *Graph) saved(name string) ([]byte, bool) {
	src, err := os.ReadFile(name)
	if open, ok := g.cfg.Overlay[name]; ok && string(open) != string(src) {
		return nil, false
	}
	return src, err == nil
}

// Key returns a fingerprint of all that an analysis of the package can depend
// on: this program, the go command, and the names and contents of the files of
// the package, of those beside them that the build leaves out, and of all that
// the package imports. What is computed from it alone can be cached under that
// key, if it is still [Graph.Unchanged] then. It is false if something of that is
// unsaved, missing or being worked on, as Go itself may be: a fix can import any
// of its packages.
func (g *Graph) Key(m *Meta) (Key, bool) {
	p := g.print(m)
	if !p.ok || !g.env.released {
		return Key{}, false
	}
	parts := []string{m.ID, m.Name, m.foreign}
	for _, name := range m.Files {
		parts = append(parts, name, g.excluded(name))
	}
	for _, name := range m.excluded {
		src, ok := g.saved(name)
		if !ok {
			return Key{}, false
		}
		parts = append(parts, name, string(src))
	}
	return p.key.With(parts...), true
}

// Cache returns the cache of the graph, for what goes under such keys.
func (g *Graph) Cache() *Cache { return g.cfg.Cache }

// Unchanged reports whether the package, which is what Package returned for m,
// and all that it imports were read as they were when m got its key.
func (g *Graph) Unchanged(m *Meta, pkg *refactor.Package, k Key) bool {
	for _, f := range pkg.Files {
		if !m.knows(f.Syntax.Imports) {
			return false
		}
	}
	now, ok := g.Key(m) // reads what the build leaves out again
	return ok && now == k && !g.changed.Load() && g.asKeyed(m, g.print(m), func(name string) ([]byte, bool) {
		f := pkg.FileNamed(name)
		if f == nil {
			return nil, false
		}
		return f.Src, true
	})
}

// asKeyed reports whether files that were read are the ones that got the key.
func (g *Graph) asKeyed(m *Meta, p *print, read func(name string) ([]byte, bool)) bool {
	own, ok := g.own(m, read)
	return ok && own == p.own
}
