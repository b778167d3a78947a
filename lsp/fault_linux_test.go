package lsp

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"handshake/refactor/load"
)

// The disk of the cache is full, and then read-only.
func TestCacheOnFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); errors.Is(err, fs.ErrPermission) {
		t.Skip("only root can make a small disk")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	findings := findingsWith(t)
	findings(load.OpenCache(dir, 1<<30))
	if err := os.WriteFile(filepath.Join(dir, "more"), make([]byte, 64<<10), 0o666); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	kept := 0
	must(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if strings.Contains(name, ".tmp") {
			t.Errorf("%s is left", name)
		}
		if err == nil && d.Type().IsRegular() && d.Name() != "more" {
			kept++
		}
		return err
	}))
	if kept == 0 {
		t.Error("nothing is in the cache")
	}
	findings(load.OpenCache(dir, 1<<30), load.OpenCache(dir, 1))
	must(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	findings(load.OpenCache(dir, 1<<30), load.OpenCache(dir, 1))
}
