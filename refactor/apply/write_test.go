package apply

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/natefinch/atomic"
)

func create(t *testing.T, dir string, names ...string) (files []File) {
	t.Helper()
	for _, name := range names {
		f := File{filepath.Join(dir, name), []byte("old " + name), []byte("new " + name)}
		if err := os.WriteFile(f.Name, f.Before, 0o640); err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// expect checks the contents of the files, and that there are no others.
func expect(t *testing.T, dir string, files []File, written bool) {
	t.Helper()
	for _, f := range files {
		want := f.Before
		if written {
			want = f.After
		}
		if got, err := os.ReadFile(f.Name); err != nil || string(got) != string(want) {
			t.Errorf("%s is %q, %v; want %q", f.Name, got, err, want)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(files) {
		t.Errorf("directory has %v, %v; want %d files", entries, err, len(files))
	}
}

func TestWriteKeepsTheMode(t *testing.T) {
	dir := t.TempDir()
	files := create(t, dir, "a.go", "b.go")
	if err := os.Chmod(files[1].Name, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Write(files, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, files, true)
	for i, want := range []fs.FileMode{0o640, 0o755} {
		if info, err := os.Stat(files[i].Name); err != nil || info.Mode() != want {
			t.Errorf("mode of %s is %v, %v; want %v", files[i].Name, info.Mode(), err, want)
		}
	}
}

func TestWriteFollowsSymbolicLinks(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	target := create(t, elsewhere, "target.go")
	link := File{filepath.Join(dir, "link.go"), target[0].Before, target[0].After}
	if err := os.Symlink(target[0].Name, link.Name); err != nil {
		t.Skip(err)
	}
	if err := Write([]File{link}, ""); err != nil {
		t.Fatal(err)
	}
	expect(t, elsewhere, target, true)
	if info, err := os.Lstat(link.Name); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
}

func TestFileThatMayNotBeWrittenStopsAll(t *testing.T) {
	dir := t.TempDir()
	files := create(t, dir, "a.go", "b.go")
	if err := os.Chmod(files[1].Name, 0o440); err != nil {
		t.Fatal(err)
	}
	if err := Write(files, t.TempDir()); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error %v, want permission denied", err)
	}
	expect(t, dir, files, false)
}

func TestFileThatChangedMeanwhileStopsAll(t *testing.T) {
	dir := t.TempDir()
	files := create(t, dir, "a.go", "b.go")
	stale := []File{files[0], {files[1].Name, []byte("older"), []byte("new")}}
	if err := Write(stale, t.TempDir()); err == nil {
		t.Error("no error")
	}
	expect(t, dir, files, false)
}

var errDisk = errors.New("disk is broken")

func TestFailureToStageLeavesAll(t *testing.T) {
	dir := t.TempDir()
	files := create(t, dir, "a.go", "b.go", "c.go")
	d, journal := onDisk, t.TempDir()
	d.stage = func(name string, data []byte, mode fs.FileMode) error {
		if strings.HasPrefix(filepath.Base(name), ".c.go") {
			return errDisk
		}
		return stage(name, data, mode)
	}
	if err := d.write(files, journal); !errors.Is(err, errDisk) {
		t.Errorf("error %v, want %v", err, errDisk)
	}
	expect(t, dir, files, false)
	expect(t, journal, nil, false)
}

func TestFailureHalfWayRestores(t *testing.T) {
	dir := t.TempDir()
	files := create(t, dir, "a.go", "b.go", "c.go")
	d, journal := onDisk, t.TempDir()
	d.replace = func(temp, target string) error {
		if filepath.Base(target) == "c.go" {
			return errDisk
		}
		return atomic.ReplaceFile(temp, target)
	}
	if err := d.write(files, journal); !errors.Is(err, errDisk) {
		t.Errorf("error %v, want %v", err, errDisk)
	}
	expect(t, dir, files, false)
	expect(t, journal, nil, false)
}
