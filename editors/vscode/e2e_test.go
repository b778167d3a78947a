// Package vscode tests the extension in the real VS Code.
package vscode

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handshake/editors/e2e"
)

var update = flag.Bool("update", false, "take the pictures in folder media anew")

// TestVSCode packs the extension and plays the tests in folder e2e, each in a
// VS Code of its own. As that takes minutes, it must be asked for.
func TestVSCode(t *testing.T) {
	if os.Getenv("HANDSHAKE_E2E") != "1" {
		t.Skip("HANDSHAKE_E2E is not 1")
	}
	s := e2e.NewSession(t, "testdata/session.txtar", "code-server", "chromium", "node", "node_modules/.bin/esbuild", "gopls")
	s.Env = append(s.Env, "GOBIN="+filepath.Dir(s.Command(t, "handshake").Path)) // not one that the machine has
	vsix := filepath.Join(t.TempDir(), "handshake.vsix")
	run(t, s, "build.mjs", "--package", "--out", vsix)
	if os.Getenv("HANDSHAKE_VSCODE") != "1" {
		// In one of a few runs the explanation or the trusted folder does not appear.
		t.Skip("packed, not played: not stable yet; HANDSHAKE_VSCODE=1 plays it")
	}

	files, err := filepath.Glob("e2e/*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no tests: %v", err)
	}
	if *update {
		files = append(files, "e2e/pictures.mjs")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".test.mjs"), func(t *testing.T) {
			s := *s
			shop := filepath.Join(t.TempDir(), "shop")
			if err := os.CopyFS(shop, os.DirFS(s.Dir)); err != nil {
				t.Fatal(err)
			}
			s.Env = append(s.Env,
				"HANDSHAKE_VSIX="+vsix,
				"HANDSHAKE_LEGACY="+legacy(t),
				"HANDSHAKE_SHOP="+shop,
				"HANDSHAKE_OUT="+t.ArtifactDir(),
			)
			run(t, &s, "--test", "--test-reporter=spec", file)
		})
	}
}

// run runs node in the folder of the extension.
func run(t *testing.T, s *e2e.Session, args ...string) {
	t.Helper()
	node := s.Command(t, "node", args...)
	node.Dir = "."
	out, err := node.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", node, err, out)
	}
	t.Logf("%s", out)
}

// legacy returns a copy of the legacy service, as a module of its own.
func legacy(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "legacy")
	if err := os.CopyFS(dir, os.DirFS("../../testdata/legacy")); err != nil {
		t.Fatal(err)
	}
	mod := "module handshake/testdata/legacy\n\ngo 1.26\n"
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}
