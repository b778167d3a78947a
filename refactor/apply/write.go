package apply

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/natefinch/atomic"
)

// Write changes the files on disk, all of them or none: new contents are
// written beside each file first and then put in its place, one atomic step per
// file. If that fails half-way, the files changed so far get their former
// contents back. Modes are kept and symbolic links followed: a file under two names is
// written once. A file that is no
// longer as it was before, or that its owner may not write, fails.
//
// What is going to be done is noted in the directory journal first, which is made
// if need be: if the process or the machine stops meanwhile, [Recover] brings it to
// an end. If journal is "", a stop half-way leaves some files changed.
func Write(files []File, journal string) error { return onDisk.write(files, journal) }

// A disk is how files are changed; tests put in one that fails, or that ends the
// process.
type disk struct {
	// stage writes data to a new file.
	stage func(name string, data []byte, mode fs.FileMode) error
	// replace renames a file, in the place of another if that exists.
	replace func(from, to string) error
	remove  func(name string) error
}

var onDisk = disk{stage, atomic.ReplaceFile, os.Remove}

type staged struct {
	File
	target, temp string
	mode         fs.FileMode
}

func (d disk) write(files []File, journal string) (err error) {
	var work []staged
	id := rand.Text()
	seen := make(map[string]File)
	for _, f := range files {
		s, err := prepare(f, id)
		if err != nil {
			return fmt.Errorf("%w; nothing was written", err)
		}
		if other, ok := seen[s.target]; ok {
			if !bytes.Equal(f.After, other.After) {
				return fmt.Errorf("%s and %s are one file, which would be changed in two ways; nothing was written", other.Name, f.Name)
			}
			continue
		}
		seen[s.target] = f
		work = append(work, s)
	}
	n, err := d.begin(journal, id, work)
	if err != nil {
		return fmt.Errorf("%w; nothing was written", err)
	}
	// Only now are there files beside those that change: if all ends here, the note
	// tells which.
	defer func() {
		for _, s := range work {
			d.remove(s.temp) // gone already where all went well
		}
		err = errors.Join(err, n.end())
	}()
	for _, s := range work {
		if err := d.stage(s.temp, s.After, s.mode); err != nil {
			return fmt.Errorf("%w; nothing was written", err)
		}
	}
	if err := n.commit(); err != nil {
		return fmt.Errorf("%w; nothing was written", err)
	}
	for i, s := range work {
		if err := d.replace(s.temp, s.target); err != nil {
			return errors.Join(fmt.Errorf("%w; the other files are left as they were", err), d.restore(work[:i]))
		}
	}
	return nil
}

// prepare checks that the file can be changed.
func prepare(f File, id string) (staged, error) {
	target, err := filepath.EvalSymlinks(f.Name)
	if err != nil {
		return staged{}, err
	}
	info, err := os.Stat(target)
	if err != nil {
		return staged{}, err
	}
	now, err := readWritable(target, info)
	if err != nil {
		return staged{}, err
	}
	if !bytes.Equal(now, f.Before) {
		return staged{}, fmt.Errorf("%s changed while it was being fixed", f.Name)
	}
	// No Go file, not even for a moment.
	temp := filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+"."+id)
	return staged{f, target, temp, info.Mode()}, err
}

// readWritable reads a file that may be written. Renaming asks only whether the
// directory may be, and root may do all: a file marked read-only still stays.
func readWritable(name string, info fs.FileInfo) ([]byte, error) {
	if info.Mode()&0o200 == 0 {
		return nil, &fs.PathError{Op: "write", Path: name, Err: fs.ErrPermission}
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// restore gives the files their former contents back.
func (d disk) restore(work []staged) (err error) {
	for _, s := range work {
		e := d.stage(s.temp, s.Before, s.mode)
		if e == nil {
			e = d.replace(s.temp, s.target)
		}
		if e != nil {
			err = errors.Join(err, fmt.Errorf("%s could not be restored: %w", s.Name, e))
		}
	}
	return err
}

func stage(name string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync() // or a crash could leave an empty file in the place of a good one
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(name)
	}
	return err
}

// sum is how notes name contents.
func sum(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }
