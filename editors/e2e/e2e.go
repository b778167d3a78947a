// Package e2e lets tests drive real editors: it finds the installed ones,
// builds the server, lays out a workspace, and plays the person at the
// keyboard on a terminal screen.
package e2e

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"
)

// A Session is what one end-to-end test works in.
type Session struct {
	Dir  string   // the workspace, a module of its own
	Home string   // the home folder, empty at the start
	Env  []string // the environment of the editor; its PATH leads to handshake and the tools
	bin  []string // where the programs are
}

// server builds handshake and returns the folder that it is in.
var server = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "handshake-e2e"); err != nil {
		return "", err
	}
	built = dir
	build := exec.Command("go", "build", "-o", dir, "handshake/cmd/handshake")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: %v\n%s", build, err, out)
	}
	return dir, nil
})

var built string // the folder to remove in the end, if any

// Main runs the tests of a package and removes what they share: the server,
// which is built once, as linking it takes seconds.
func Main(m *testing.M) {
	code := m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}

// NewSession lays out the files of a txtar archive as a workspace, with handshake
// in PATH. The package's TestMain must call [Main]. If one of the named tools is
// not installed the test is skipped, or fails where HANDSHAKE_E2E is 1, as in CI.
func NewSession(t testing.TB, archive string, tools ...string) *Session {
	t.Helper()
	s := &Session{
		Dir:  filepath.Join(t.TempDir(), "shop"),
		Home: t.TempDir(),
		bin:  []string{toolDir()},
	}
	for _, tool := range tools {
		if s.lookPath(tool) != "" {
			continue
		}
		if os.Getenv("HANDSHAKE_E2E") == "1" {
			t.Fatalf("%s is not installed: run editors/e2e/install.sh", tool)
		}
		t.Skipf("%s is not installed; to run this test, run editors/e2e/install.sh", tool)
	}

	bin, err := server()
	if err != nil {
		t.Fatal(err)
	}
	s.bin = append([]string{bin}, s.bin...)
	a, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		write(t, filepath.Join(s.Dir, f.Name), f.Data)
	}

	s.bin = append([]string{s.watched(t, "handshake", "gopls")}, s.bin...)
	s.Env = s.environ(t)
	return s
}

// Command returns a command that runs a tool in the workspace.
func (s *Session) Command(t testing.TB, tool string, args ...string) *exec.Cmd {
	c := exec.CommandContext(t.Context(), cmp.Or(s.lookPath(tool), tool), args...)
	c.Dir, c.Env = s.Dir, s.Env
	return c
}

// WriteHome writes a file of the person's home folder.
func (s *Session) WriteHome(t testing.TB, name, content string) {
	t.Helper()
	write(t, filepath.Join(s.Home, name), []byte(content))
}

// ReadFile returns a file of the workspace.
func (s *Session) ReadFile(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// watched makes a folder of scripts that run the programs, and has the test wait
// in the end until all of them have ended: editors leave before their servers do,
// and these write to folders that are removed then. Each holds a shared lock.
func (s *Session) watched(t testing.TB, programs ...string) (dir string) {
	t.Helper()
	dir, alive := t.TempDir(), filepath.Join(t.TempDir(), "alive")
	for _, program := range programs {
		path := s.lookPath(program)
		if path == "" {
			continue
		}
		script := fmt.Sprintf("#!/bin/sh\nexec 9>>'%s' && flock -s 9 && exec '%s' \"$@\"\n", alive, path)
		if err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := exec.Command("flock", "-x", alive, "true").Run(); err != nil {
			t.Errorf("waiting for the servers: %v", err)
		}
	})
	return dir
}

// environ returns the environment of a person who has no configuration yet, no
// modules (which gopls would make an index of first), no telemetry (whose process
// outlives gopls) and is offline. The go command and gopls keep their caches from
// session to session, as this person's would.
func (s *Session) environ(t testing.TB) []string {
	t.Helper()
	goEnv := exec.Command("go", "env", "GOCACHE", "GOPATH")
	out, err := goEnv.Output()
	if err != nil {
		t.Fatalf("%v: %v", goEnv, err)
	}
	dirs := strings.Split(strings.TrimSpace(string(out)), "\n")
	config := filepath.Join(s.Home, "config")
	write(t, filepath.Join(config, "go/telemetry/mode"), []byte("off\n"))
	return append(os.Environ(),
		"PATH="+strings.Join(append(s.bin, os.Getenv("PATH")), string(filepath.ListSeparator)),
		"GOCACHE="+dirs[0], "GOPATH="+dirs[1], "GOMODCACHE="+filepath.Join(s.Home, "mod"),
		"GOPLSCACHE="+filepath.Join(toolDir(), "../gopls-cache"),
		"GOPROXY=off", "GOTOOLCHAIN=local", "GOFLAGS=", "GOWORK=",
		"HOME="+s.Home, "LANG=C.UTF-8", "LC_ALL=C.UTF-8",
		"XDG_CACHE_HOME="+filepath.Join(s.Home, "cache"),
		"XDG_CONFIG_HOME="+config,
		"XDG_DATA_HOME="+filepath.Join(s.Home, "data"),
		"XDG_STATE_HOME="+filepath.Join(s.Home, "state"),
	)
}

// write writes a file and the folders above it.
func write(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// toolDir returns the folder that install.sh installs programs into.
func toolDir() string {
	dir := os.Getenv("HANDSHAKE_E2E_DIR")
	if dir == "" {
		cache, _ := os.UserCacheDir() // without one, the tools are in PATH or missing
		dir = filepath.Join(cache, "handshake-e2e")
	}
	return filepath.Join(dir, "bin")
}

// lookPath returns the path of a program in the session's PATH, or "".
func (s *Session) lookPath(name string) string {
	for _, dir := range s.bin {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	path, _ := exec.LookPath(name)
	return path
}
