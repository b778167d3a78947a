package load_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"handshake/refactor/load"
)

// entries returns the files of the entries of a cache, with their modes.
func entries(t *testing.T, dir string) map[string]os.FileInfo {
	t.Helper()
	out := make(map[string]os.FileInfo)
	names, _ := filepath.Glob(filepath.Join(dir, "??", "*"))
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = info
	}
	return out
}

func theEntry(t *testing.T, dir string) string {
	t.Helper()
	all := entries(t, dir)
	if len(all) != 1 {
		t.Fatalf("%d entries, want 1", len(all))
	}
	for name := range all {
		return name
	}
	panic("unreachable")
}

func TestKeysOfDifferentListsDiffer(t *testing.T) {
	seen := make(map[load.Key][]string)
	for _, parts := range [][]string{nil, {""}, {"", ""}, {"a", "b"}, {"ab"}, {"ab", ""}, {"", "ab"}, {"a\x01b"}} {
		k := load.NewKey(parts...)
		if old, ok := seen[k]; ok {
			t.Errorf("%q has the key of %q", parts, old)
		}
		seen[k] = parts
	}
	if k := load.NewKey("a"); k.With("b") == k || k.With("b") == load.NewKey("b") {
		t.Error("With loses one of the two")
	}
}

func TestCacheKeepsEntries(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "cache")
	a, b := load.OpenCache(dir, 1<<20), load.OpenCache(dir, 1<<20)
	k := load.NewKey("k")
	if _, ok := a.Get(k); ok {
		t.Error("got what nobody has put")
	}
	for _, data := range [][]byte{[]byte("contents"), {}, bytes.Repeat([]byte("long "), 100_000)} {
		a.Put(k, data)
		for _, c := range []*load.Cache{a, b} {
			if got, ok := c.Get(k); !ok || !bytes.Equal(got, data) {
				t.Errorf("got %.20q, %v, want %.20q", got, ok, data)
			}
		}
	}
	a.Remove(k)
	if _, ok := b.Get(k); ok {
		t.Error("got what was removed")
	}
	var none *load.Cache
	none.Put(k, nil)
	none.Remove(k)
	if _, ok := none.Get(k); ok || none.Dir() != "" {
		t.Error("a nil cache has an entry")
	}
}

// What a crash, a full disk or another program leaves is never taken for an
// entry, and goes.
func TestDamagedEntryIsNone(t *testing.T) {
	dir := t.TempDir()
	c := load.OpenCache(dir, 1<<20)
	k := load.NewKey("k")
	data := []byte("contents of an entry")
	c.Put(k, data)
	name := theEntry(t, dir)
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	c.Remove(k)
	other := load.NewKey("other")
	c.Put(other, []byte("contents of another"))
	foreign, err := os.ReadFile(theEntry(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	c.Remove(other)

	damaged := [][]byte{nil, foreign, append(bytes.Clone(whole), 0)}
	for i := range whole {
		flipped := bytes.Clone(whole)
		flipped[i] ^= 0x10
		damaged = append(damaged, flipped, whole[:i])
	}
	for _, bad := range damaged {
		if err := os.WriteFile(name, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := c.Get(k); ok {
			t.Errorf("got %q from %q", got, bad)
		}
		if _, err := os.Stat(name); err == nil {
			t.Errorf("%q is still there", bad)
		}
	}
	c.Put(k, data)
	if got, ok := c.Get(k); !ok || !bytes.Equal(got, data) {
		t.Errorf("got %q, %v after the repair", got, ok)
	}
}

// Root may write everywhere, so the directory is one that nobody can make.
func TestCacheThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := load.OpenCache(filepath.Join(file, "cache"), 1<<20)
	k := load.NewKey("k")
	for range 2 {
		c.Put(k, []byte("contents"))
		if _, ok := c.Get(k); ok {
			t.Error("got an entry")
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	dir := t.TempDir()
	const limit = 1 << 20
	mine := filepath.Join(dir, "ab", "mine.txt")
	left := filepath.Join(dir, "ab", "ab"+string(bytes.Repeat([]byte("0"), 62))+".tmp1")
	old := time.Now().Add(-30 * 24 * time.Hour)
	for _, name := range []string{mine, left} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, old, old); err != nil {
			t.Fatal(err)
		}
	}
	c := load.OpenCache(dir, limit)
	used := load.NewKey("used")
	key := func(i int) load.Key { return load.NewKey(string(rune('a' + i))) }
	c.Put(used, []byte("used now and then"))
	const n = 60
	for i := range n {
		c.Put(key(i), make([]byte, 50_000))
		age := time.Now().Add(time.Duration(i-n) * 2 * time.Hour)
		for name := range entries(t, dir) {
			if info, err := os.Stat(name); err == nil && time.Since(info.ModTime()) < time.Minute {
				os.Chtimes(name, age, age)
			}
		}
		if _, ok := c.Get(used); !ok {
			t.Fatalf("what is in use was removed after %d entries", i)
		}
	}
	var total int64
	for _, info := range entries(t, dir) {
		total += info.Size()
	}
	if total > limit+limit/8+50_000 {
		t.Errorf("%d bytes, want at most %d and an eighth", total, limit)
	}
	if _, ok := c.Get(key(0)); ok {
		t.Error("the oldest entry is still there")
	}
	if _, ok := c.Get(key(n - 1)); !ok {
		t.Error("the newest entry is not there")
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error("removed a file that is none of the cache's: ", err)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("what a crashed process was writing is still there")
	}
}

func TestUserCache(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HANDSHAKE_CACHE", dir)
	if got := load.UserCache().Dir(); got != dir {
		t.Errorf("the cache is in %q, want %q", got, dir)
	}
	t.Setenv("HANDSHAKE_CACHE", "off")
	if c := load.UserCache(); c != nil {
		t.Errorf("there is a cache in %s", c.Dir())
	}
	t.Setenv("HANDSHAKE_CACHE", "")
	user, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	if got, want := load.UserCache().Dir(), filepath.Join(user, "handshake"); got != want {
		t.Errorf("the cache is in %q, want %q", got, want)
	}
}
