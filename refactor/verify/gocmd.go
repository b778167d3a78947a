package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"handshake/refactor/apply"
)

// A goCommand runs the go command, with files of a scratch directory in the
// place of those on disk.
type goCommand struct {
	scratch string
	stress  bool
}

func newGoCommand(stress bool) (*goCommand, error) {
	// Where the user wants the go command to work, if anywhere. The name is short
	// because tests make sockets below it, whose names must not be long.
	dir, err := os.MkdirTemp(os.Getenv("GOTMPDIR"), "hs")
	if err != nil {
		return nil, err
	}
	return &goCommand{dir, stress}, nil
}

func (g *goCommand) close() { os.RemoveAll(g.scratch) }

// An overlay is files in the place of those on disk. The zero overlay has none.
type overlay struct {
	file     string // for the flag -overlay (see "go help build")
	contents string // a fingerprint
}

// overlay writes the contents of the files after the fixes to the scratch
// directory.
func (g *goCommand) overlay(files []apply.File) (overlay, error) {
	dir, err := os.MkdirTemp(g.scratch, "overlay-")
	if err != nil {
		return overlay{}, err
	}
	replace := make(map[string]string)
	for i, f := range files {
		name := filepath.Join(dir, fmt.Sprintf("%d_%s", i, filepath.Base(f.Name)))
		if err := os.WriteFile(name, f.After, 0o600); err != nil {
			return overlay{}, err
		}
		replace[f.Name] = name
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return overlay{}, err
	}
	name := filepath.Join(dir, "overlay.json")
	return overlay{name, contents(files)}, os.WriteFile(name, data, 0o600)
}

// contents identifies the contents of the files after the fixes.
func contents(files []apply.File) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%d\n%s%d\n%s", len(f.Name), f.Name, len(f.After), f.After)
	}
	return string(h.Sum(nil))
}

// run runs the go command in a directory and hands its standard output to read,
// which reads all of it. What it says on standard error is returned; that it
// fails is no error, for it does so where a test fails. If ctx ends, all that it
// has started ends too.
func (g *goCommand) run(ctx context.Context, dir string, read func(io.Reader) error, args ...string) (stderr string, failed bool, err error) {
	if g.stress {
		defer burn(runtime.GOMAXPROCS(0))()
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOTMPDIR="+g.scratch, "PWD="+dir) // or what it builds stays behind if it is killed
	cmd.WaitDelay = 3 * time.Second                                   // for tests that do not heed an interrupt
	ownGroup(cmd)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, in := io.Pipe()
	cmd.Stdout = in
	finished := make(chan error, 1)
	go func() {
		err := read(out)
		out.CloseWithError(err) // or the writer would wait for a reader
		finished <- err
	}()
	err = cmd.Run()
	killGroup(cmd)
	in.Close()
	readErr := <-finished
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", false, ctx.Err()
	case err != nil && !errors.As(err, &exit):
		return "", false, err
	}
	return said.String(), err != nil, readErr
}

// output runs the go command and returns what it says on standard output.
func (g *goCommand) output(ctx context.Context, dir string, args ...string) (string, error) {
	var out strings.Builder
	stderr, failed, err := g.run(ctx, dir, func(r io.Reader) error {
		_, err := io.Copy(&out, r)
		return err
	}, args...)
	if err == nil && failed {
		err = fmt.Errorf("go %s: %s", args[0], strings.TrimSpace(stderr))
	}
	return out.String(), err
}

// burn keeps n processors half busy, and what else runs there waiting, until the function that it returns is called.
func burn(n int) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{}, n)
	for range n {
		go func() {
			for ctx.Err() == nil {
			}
			stopped <- struct{}{}
		}()
	}
	return func() {
		cancel()
		for range n {
			<-stopped
		}
	}
}

// raceDetector returns why there is no race detector for the module in dir, or
// "": it needs cgo and a C compiler on most systems.
func (g *goCommand) raceDetector(ctx context.Context, dir string) (string, error) {
	_, err := g.output(ctx, dir, "build", "-race", "runtime/cgo", "runtime/race")
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		_, why, _ := strings.Cut(err.Error(), "go build: ")
		first, _, _ := strings.Cut(strings.TrimPrefix(why, "go: "), "\n")
		return first, nil
	}
	return "", nil
}
