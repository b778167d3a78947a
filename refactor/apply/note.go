package apply

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// A note is what is on disk about files that are about to change, as long as they
// are. It is locked by whoever changes them. A nil note is none.
type note struct {
	disk disk
	name string
	lock *flock.Flock
	writing
}

// A writing is what a note says.
type writing struct {
	// Committed says that all new contents are on disk: if nobody goes on, they are
	// put in their place. Else they are removed.
	Committed bool
	Files     []change
}

type change struct {
	Target, Temp  string // absolute
	Before, After string // see sum
}

// begin makes a note, none if the directory is "" or there is nothing to do.
func (d disk) begin(dir, id string, work []staged) (*note, error) {
	if dir == "" || len(work) == 0 {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	n := &note{disk: d, name: filepath.Join(dir, id+noteSuffix), lock: flock.New(filepath.Join(dir, id+lockSuffix))}
	for _, s := range work {
		n.Files = append(n.Files, change{s.target, s.temp, sum(s.Before), sum(s.After)})
	}
	for {
		if err := n.lock.Lock(); err != nil {
			return nil, err
		}
		if _, err := os.Stat(n.lock.Path()); err == nil {
			break
		}
		n.lock.Unlock() // Recover was faster, saw no note yet, and removed the file
	}
	if err := n.save(); err != nil {
		return nil, errors.Join(err, n.end())
	}
	return n, nil
}

const noteSuffix, lockSuffix = ".json", ".lock"

// save puts the note on disk in one step.
func (n *note) save() error {
	data, err := json.Marshal(n.writing)
	if err != nil {
		return err
	}
	temp := n.name + ".new"
	if err := n.disk.stage(temp, data, 0o600); err != nil {
		return err
	}
	return n.disk.replace(temp, n.name)
}

// commit says that all new contents are on disk.
func (n *note) commit() error {
	if n == nil {
		return nil
	}
	n.sync()
	n.Committed = true
	return n.save()
}

// sync makes names as lasting as contents, where the system knows how to.
func (n *note) sync() {
	dirs := map[string]bool{filepath.Dir(n.name): true}
	for _, c := range n.Files {
		dirs[filepath.Dir(c.Target)] = true
	}
	for dir := range dirs {
		if f, err := os.Open(dir); err == nil {
			f.Sync()
			f.Close()
		}
	}
}

// end removes the note: the files are as they are meant to be.
func (n *note) end() error {
	if n == nil {
		return nil
	}
	n.sync()
	err := n.disk.remove(n.name)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	n.lock.Unlock()
	os.Remove(n.lock.Path())
	return err
}

// Recover brings to an end what [Write] was about to do with that journal when
// its process or the machine stopped, so that all files of each call are changed,
// or none. It returns those that it has changed. The error tells of files that
// somebody else has changed since, which are left alone.
func Recover(journal string) (finished []string, err error) { return onDisk.recover(journal) }

func (d disk) recover(journal string) (finished []string, err error) {
	entries, e := os.ReadDir(journal)
	if errors.Is(e, fs.ErrNotExist) || journal == "" {
		return nil, nil
	}
	if e != nil {
		return nil, e
	}
	for _, entry := range entries {
		id, ok := strings.CutSuffix(entry.Name(), lockSuffix)
		if !ok {
			continue
		}
		n := &note{disk: d, name: filepath.Join(journal, id+noteSuffix), lock: flock.New(filepath.Join(journal, entry.Name()))}
		if locked, e := n.lock.TryLock(); e != nil || !locked {
			continue // somebody is at it
		}
		data, e := os.ReadFile(n.name)
		if e == nil {
			e = json.Unmarshal(data, &n.writing)
		}
		if e == nil {
			var names []string
			names, e = n.finish()
			finished = append(finished, names...)
		} else if errors.Is(e, fs.ErrNotExist) {
			e = nil // it had not begun
		}
		os.Remove(n.name + ".new")
		err = errors.Join(err, e, n.end())
	}
	return finished, err
}

func (n *note) finish() (finished []string, err error) {
	for _, c := range n.Files {
		now, e := os.ReadFile(c.Target)
		switch {
		case e == nil && sum(now) == c.After: // in time
		case !n.Committed:
		case e == nil && sum(now) == c.Before:
			if e = n.disk.replace(c.Temp, c.Target); e == nil {
				finished = append(finished, c.Target)
			}
		case e == nil:
			e = errors.New("it was changed since")
		}
		if e != nil {
			err = errors.Join(err, fmt.Errorf("%s is not fixed as the other files are: %w", c.Target, e))
		}
		n.disk.remove(c.Temp)
	}
	return finished, err
}
