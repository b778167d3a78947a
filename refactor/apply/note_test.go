package apply

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// ends returns a disk that ends the process, without any more ado, at the n-th
// step: in the middle of what is written, and after each operation.
func ends(n int) disk {
	step := func() {
		if n--; n < 0 {
			p, _ := os.FindProcess(os.Getpid()) // never fails for oneself
			p.Kill()
			select {}
		}
	}
	return disk{
		stage: func(name string, data []byte, mode fs.FileMode) error {
			half := name + ".half" // what stage leaves if it is ended
			if err := stage(half, data[:len(data)/2], mode); err != nil {
				return err
			}
			if err := os.Rename(half, name); err != nil {
				return err
			}
			step()
			if err := os.Remove(name); err != nil {
				return err
			}
			err := stage(name, data, mode)
			step()
			return err
		},
		replace: func(from, to string) error {
			err := onDisk.replace(from, to)
			step()
			return err
		},
		remove: func(name string) error {
			err := onDisk.remove(name)
			step()
			return err
		},
	}
}

// TestKilled kills a process at each step of writing, and looks at what is on
// disk, before and after somebody brings it to an end.
func TestKilled(t *testing.T) {
	const dirVar, stepVar = "HANDSHAKE_TEST_DIR", "HANDSHAKE_TEST_STEP"
	names := []string{"a.go", "b.go"}
	if n, err := strconv.Atoi(os.Getenv(stepVar)); err == nil { // the one to be killed
		dir := os.Getenv(dirVar)
		var files []File
		for _, name := range names {
			files = append(files, File{filepath.Join(dir, "tree", name), []byte("old " + name), []byte("new " + name)})
		}
		if err := ends(n).write(files, filepath.Join(dir, "journal")); err != nil {
			t.Fatal(err)
		}
		return
	}
	seen := make(map[string]int)
	for n := 0; ; n++ {
		dir := t.TempDir()
		tree, journal := filepath.Join(dir, "tree"), filepath.Join(dir, "journal")
		if err := os.Mkdir(tree, 0o777); err != nil {
			t.Fatal(err)
		}
		files := create(t, tree, names...)
		c := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		c.Env = append(os.Environ(), dirVar+"="+dir, fmt.Sprint(stepVar, "=", n))
		out, err := c.CombinedOutput()
		if _, killed := err.(*exec.ExitError); err != nil && !killed || c.ProcessState.Exited() && err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		atOnce := written(t, files)
		finished, err2 := Recover(journal)
		if err2 != nil {
			t.Fatalf("step %d: %v", n, err2)
		}
		count := written(t, files)
		if count != 0 && count != len(files) {
			t.Fatalf("step %d: %d of %d files are written", n, count, len(files))
		}
		if count-atOnce != len(finished) {
			t.Errorf("step %d: %d files were written, then %d, but it finished %v", n, atOnce, count, finished)
		}
		expect(t, tree, files, count > 0)
		expect(t, journal, nil, false)
		seen[fmt.Sprint(atOnce, count)]++
		if err == nil {
			break // it came to its end
		}
	}
	for _, want := range []string{"0 0", "0 2", "1 2", "2 2"} {
		if seen[want] == 0 {
			t.Errorf("no process was killed in the state %q; there were %v", want, seen)
		}
	}
}

// written counts the files that have their new contents; others must have the old.
func written(t *testing.T, files []File) (n int) {
	t.Helper()
	for _, f := range files {
		switch got, err := os.ReadFile(f.Name); {
		case err != nil:
			t.Fatal(err)
		case string(got) == string(f.After):
			n++
		case string(got) != string(f.Before):
			t.Fatalf("%s is %q", f.Name, got)
		}
	}
	return n
}

func TestRecoverLeavesWhatSomebodyChanged(t *testing.T) {
	dir, journal := t.TempDir(), t.TempDir()
	files := create(t, dir, "a.go", "b.go")
	// What is there when a process is killed before it puts files in their place.
	w := writing{Committed: true}
	for _, f := range files {
		temp := filepath.Join(dir, "."+filepath.Base(f.Name)+".X")
		if err := stage(temp, f.After, 0o640); err != nil {
			t.Fatal(err)
		}
		w.Files = append(w.Files, change{f.Name, temp, sum(f.Before), sum(f.After)})
	}
	note, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"X.json": note, "X.lock": nil, "X.json.new": nil} {
		if err := os.WriteFile(filepath.Join(journal, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files[0].Before = []byte("mine")
	if err := os.WriteFile(files[0].Name, files[0].Before, 0o640); err != nil {
		t.Fatal(err)
	}
	if finished, err := Recover(journal); err == nil || len(finished) != 1 || finished[0] != files[1].Name {
		t.Errorf("finished %v, %v", finished, err)
	}
	files[1].Before = files[1].After
	expect(t, dir, files, false)
	expect(t, journal, nil, false)
}

func TestRecoverWaitsForNobody(t *testing.T) {
	dir, journal := t.TempDir(), t.TempDir()
	files := create(t, dir, "a.go", "b.go")
	d := onDisk
	d.replace = func(from, to string) error {
		if finished, err := Recover(journal); len(finished) > 0 || err != nil { // of another process, say
			t.Errorf("finished %v, %v", finished, err)
		}
		return onDisk.replace(from, to)
	}
	if err := d.write(files, journal); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, files, true)
	if finished, err := Recover(filepath.Join(journal, "nosuch")); finished != nil || err != nil {
		t.Errorf("finished %v, %v", finished, err)
	}
}
