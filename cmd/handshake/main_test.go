package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	if os.Getenv("HANDSHAKE_CACHE") == "" {
		os.Setenv("HANDSHAKE_CACHE", "off") // tests leave the user's alone
	}
	testscript.Main(m, map[string]func(){"handshake": main})
}

// TestScripts runs testdata/cli. The command "exit CODE PROGRAM ARGS…" checks
// the exact exit code of a program.
func TestScripts(t *testing.T) {
	env, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	dirs := strings.Split(strings.TrimSpace(string(env)), "\n")
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/cli",
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(ts *testscript.TestScript, neg bool, args []string){"exit": exitCode},
		Setup: func(e *testscript.Env) error {
			e.Setenv("GOCACHE", dirs[0])
			e.Setenv("GOMODCACHE", dirs[1])
			e.Setenv("GOROOT", dirs[2])
			e.Setenv("GOPROXY", "off") // no script needs the network
			e.Setenv("GOFLAGS", "")
			e.Setenv("GOWORK", "off")
			e.Setenv("HANDSHAKE_CACHE", "off")
			e.Setenv("GOTOOLCHAIN", "local")
			root, err := filepath.Abs("../..")
			if err != nil {
				return err
			}
			e.Setenv("ROOT", root)
			e.Setenv("HOME", filepath.Join(e.WorkDir, ".home"))
			bin, err := exec.LookPath("handshake") // testscript puts this very binary on PATH
			e.Setenv("BIN", filepath.Dir(bin))
			return err
		},
	})
}

func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE PROGRAM ARGS…")
	}
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := err.(*exec.ExitError)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = strings.TrimPrefix(exit.String(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}
