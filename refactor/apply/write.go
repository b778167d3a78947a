package apply

import (
	"bytes"
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
// contents back. Modes are kept and symbolic links followed. A file that is no
// longer as it was before, or that its owner may not write, fails.
func Write(files []File) error { return disk{stage, atomic.ReplaceFile}.write(files) }

// A disk is how files are changed; tests put in one that fails.
type disk struct {
	// stage writes data to a new file in the directory of target and returns
	// its name.
	stage func(target string, data []byte, mode fs.FileMode) (string, error)
	// replace renames the staged file to target.
	replace func(staged, target string) error
}

type staged struct {
	File
	target, temp string
	mode         fs.FileMode
}

func (d disk) write(files []File) (err error) {
	var work []staged
	defer func() {
		for _, s := range work {
			os.Remove(s.temp) // gone already where all went well
		}
	}()
	for _, f := range files {
		s, err := d.prepare(f)
		if err != nil {
			return fmt.Errorf("%w; nothing was written", err)
		}
		work = append(work, s)
	}
	for i, s := range work {
		if err := d.replace(s.temp, s.target); err != nil {
			return errors.Join(fmt.Errorf("%w; the other files are left as they were", err), d.restore(work[:i]))
		}
	}
	return nil
}

// prepare checks that the file can be changed and stages its new contents.
func (d disk) prepare(f File) (staged, error) {
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
	temp, err := d.stage(target, f.After, info.Mode())
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
		temp, e := d.stage(s.target, s.Before, s.mode)
		if e == nil {
			e = d.replace(temp, s.target)
			os.Remove(temp)
		}
		if e != nil {
			err = errors.Join(err, fmt.Errorf("%s could not be restored: %w", s.Name, e))
		}
	}
	return err
}

func stage(target string, data []byte, mode fs.FileMode) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(target), "."+filepath.Base(target)+".*") // no Go file, not even for a moment
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync() // or a crash could leave an empty file in the place of a good one
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}
