package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"

	"handshake/lsp"
	"handshake/refactor/load"
)

// lockModule keeps other fixes out of the module around a directory until unlock is
// called. The lock lies in the user's cache directory; where there is none, nobody
// is kept out, and [apply.Write] still notices files that changed meanwhile.
func lockModule(dir string) (unlock func(), err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return func() {}, nil
	}
	cache = filepath.Join(cache, "handshake", "locks")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return func() {}, nil
	}
	root, _ := lsp.ModuleRoot(dir)
	if real, err := filepath.EvalSymlinks(root); err == nil {
		root = real
	}
	sum := sha256.Sum256([]byte(root))
	lock := flock.New(filepath.Join(cache, fmt.Sprintf("%x", sum[:8])))
	switch ok, err := lock.TryLock(); {
	case err != nil:
		return nil, err
	case !ok:
		return nil, fmt.Errorf("another handshake fix is at work in %s; nothing was written", root)
	}
	return func() { lock.Unlock() }, nil // the file stays: to remove it would let two in
}

// unsaved returns an error if one of the files that may be changed has changes that
// git does not have: they could not be told from those of a fix, nor taken back
// apart from them. What is staged git has. Outside of repositories, and where git is
// missing, nothing is known.
func unsaved(ctx context.Context, dir string, g *load.Graph) error {
	root, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil
	}
	root = strings.TrimRight(root, "\r\n")
	out, err := git(ctx, root, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignore-submodules", "--no-renames", "--", "*.go")
	if err != nil {
		return fmt.Errorf("whether git has all changes is not known (-force goes on): %w", err)
	}
	dirty := make(map[string]bool)
	for entry := range strings.SplitSeq(out, "\x00") {
		if len(entry) > 3 && entry[1] != ' ' { // the second letter is about the work tree
			dirty[filepath.Join(root, filepath.FromSlash(entry[3:]))] = true
		}
	}
	if len(dirty) == 0 {
		return nil
	}
	var names []string
	for _, m := range g.Roots() {
		for _, name := range m.Files {
			real, err := filepath.EvalSymlinks(name)
			if err == nil && dirty[real] {
				names = append(names, relative(dir, name))
			}
		}
	}
	slices.Sort(names)
	switch names = slices.Compact(names); len(names) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%s has changes that git does not have; commit or stage them (git add), or say -force; nothing was written", names[0])
	}
	return fmt.Errorf("%s and %s have changes that git does not have; commit or stage them (git add), or say -force; nothing was written",
		names[0], count(len(names)-1, "more file"))
}

// unwritable returns why a file cannot be changed, or "". Root may write all files,
// but not change those that are marked read-only.
func unwritable(name string) string {
	info, err := os.Stat(name)
	if err != nil {
		return "" // who reads it will tell
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err == nil {
		f.Close()
	}
	if info.Mode()&0o200 == 0 || errors.Is(err, os.ErrPermission) {
		return "it is marked read-only"
	}
	return ""
}
