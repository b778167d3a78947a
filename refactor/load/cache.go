package load

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// CacheLimit is how many bytes the user's cache takes at most, but for what
// each process adds until it looks again, an eighth of that.
const CacheLimit = 256 << 20

// A Cache keeps what was computed from sources, under fingerprints of these, in
// a directory that processes share. An entry is written in one step and checked
// when it is read; one that is damaged is as good as none. Nothing depends on
// the cache: if the directory cannot be read or written, there are no entries.
// A nil Cache has none either.
type Cache struct {
	dir   string
	limit int64

	failed   atomic.Bool  // the directory cannot be written
	unlooked atomic.Int64 // bytes written since trim was last done
	trimming sync.Mutex
}

// A Key names an entry: the fingerprint of all that its contents depend on.
type Key [sha256.Size]byte

// NewKey returns the fingerprint of a list of strings.
func NewKey(parts ...string) Key { return Key{}.With(parts...) }

// With returns the fingerprint of what k is one of, and of more.
func (k Key) With(parts ...string) Key {
	h := sha256.New()
	h.Write(k[:])
	for _, p := range parts {
		h.Write(binary.AppendUvarint(nil, uint64(len(p))))
		io.WriteString(h, p)
	}
	return Key(h.Sum(nil))
}

// OpenCache returns the cache in a directory, which need not exist yet.
func OpenCache(dir string, limit int64) *Cache { return &Cache{dir: dir, limit: limit} }

// UserCache returns the cache that belongs to the user: in the directory that
// the environment variable HANDSHAKE_CACHE names, else in the place that the
// system has for such. It is nil if there is none or the variable is "off".
func UserCache() *Cache {
	dir := os.Getenv("HANDSHAKE_CACHE")
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil
		}
		dir = filepath.Join(user, "handshake")
	}
	abs, err := filepath.Abs(dir)
	if dir == "off" || err != nil {
		return nil
	}
	return OpenCache(abs, CacheLimit)
}

// Dir returns where the entries are, or "" for a nil Cache.
func (c *Cache) Dir() string {
	if c == nil {
		return ""
	}
	return c.dir
}

func (c *Cache) file(k Key) string {
	name := hex.EncodeToString(k[:])
	return filepath.Join(c.dir, name[:2], name)
}

// recent is how exactly it is known when an entry was last used. To note each
// use would cost more than most entries.
const recent = time.Hour

// Get returns the contents of an entry if there is one.
func (c *Cache) Get(k Key) (data []byte, ok bool) {
	if c == nil {
		return nil, false
	}
	name := c.file(k)
	f, err := os.Open(name)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, false
	}
	all := make([]byte, info.Size())
	if _, err := io.ReadFull(f, all); err != nil {
		return nil, false
	}
	sum, data, ok := checked(all)
	if !ok || sum != k.checksum(data) {
		c.Remove(k)
		return nil, false
	}
	if now := time.Now(); now.Sub(info.ModTime()) > recent {
		os.Chtimes(name, now, now) // if it fails, the entry goes the sooner
	}
	return data, true
}

// checked parts an entry into its checksum and its contents.
func checked(all []byte) (sum [sha256.Size]byte, data []byte, ok bool) {
	if len(all) < len(sum) {
		return sum, nil, false
	}
	return [sha256.Size]byte(all), all[len(sum):], true
}

// checksum tells whether contents are whole, and stored under their own key.
func (k Key) checksum(data []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write(k[:])
	h.Write(data)
	return [sha256.Size]byte(h.Sum(nil))
}

// Put makes an entry, if it can.
func (c *Cache) Put(k Key, data []byte) {
	if c == nil || c.failed.Load() {
		return
	}
	if err := c.write(k, data); err != nil {
		c.failed.Store(true) // full or read-only: the next will not do better
		return
	}
	written := c.unlooked.Add(int64(len(data)))
	if first := written == int64(len(data)); first && c.daily() || written > c.limit/8 {
		c.trim()
	}
}

// write replaces an entry in one step: others read either all of it or nothing.
func (c *Cache) write(k Key, data []byte) error {
	name := c.file(k)
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+unfinished)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		f, err = os.CreateTemp(filepath.Dir(name), filepath.Base(name)+unfinished)
	}
	if err != nil {
		return err
	}
	sum := k.checksum(data)
	_, err = io.Copy(f, io.MultiReader(bytes.NewReader(sum[:]), bytes.NewReader(data)))
	if err := cmp.Or(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		// Where open files cannot be replaced, somebody reads the same contents.
		os.Remove(f.Name())
	}
	return nil
}

// Remove deletes an entry that turns out to be of no use.
func (c *Cache) Remove(k Key) {
	if c != nil {
		os.Remove(c.file(k))
	}
}

const (
	unfinished = ".tmp"     // part of the names of entries that are being written
	trimmed    = "trim.txt" // whose time is when the cache was last trimmed
)

// daily reports whether the cache was not trimmed for a day, and notes that it
// is now.
func (c *Cache) daily() bool {
	name := filepath.Join(c.dir, trimmed)
	if info, err := os.Stat(name); err == nil && time.Since(info.ModTime()) < 24*time.Hour {
		return false
	}
	os.WriteFile(name, nil, 0o600)
	return true
}

// trim removes what was not used for the longest time, if the cache is larger
// than it may be, and what crashed processes left. Only names that a Cache gives
// are touched: somebody may have pointed HANDSHAKE_CACHE at their own files.
func (c *Cache) trim() {
	if !c.trimming.TryLock() {
		return // another goroutine is at it
	}
	defer c.trimming.Unlock()
	c.unlooked.Store(1) // not the first any more
	type entry struct {
		name string
		size int64
		used time.Time
	}
	var entries []entry
	var total int64
	filepath.WalkDir(c.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // what cannot be read cannot be removed
		}
		base, tail, partial := strings.Cut(d.Name(), unfinished)
		if sum, err := hex.DecodeString(base); err != nil || len(sum) != len(Key{}) || !partial && tail != "" {
			return nil
		}
		info, err := d.Info()
		switch {
		case err != nil: // somebody removed it
		case partial:
			if time.Since(info.ModTime()) > recent {
				os.Remove(name)
			}
		default:
			size := (info.Size() + 4095) &^ 4095 // what most file systems take
			entries = append(entries, entry{name, size, info.ModTime()})
			total += size
		}
		return nil
	})
	if total <= c.limit {
		return
	}
	slices.SortFunc(entries, func(a, b entry) int { return a.used.Compare(b.used) })
	for _, e := range entries {
		if total <= c.limit/4*3 {
			break
		}
		os.Remove(e.name)
		total -= e.size
	}
}
