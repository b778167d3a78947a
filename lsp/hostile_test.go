package lsp

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// programs are those that the go command, or what asks it, may look for.
var programs = []string{"git", "hg", "svn", "bzr", "fossil", "gcc", "g++", "cc", "clang", "pkg-config", "gopackagesdriver", "gopls", "evil", "go1.99.0"}

// traps makes programs that leave a trace when they run and returns their
// directory.
func traps(t *testing.T, trace string, names ...string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the programs are shell scripts")
	}
	dir := t.TempDir()
	for _, name := range names {
		script := "#!/bin/sh\necho " + name + " \"$@\" >> '" + trace + "'\nexit 1\n"
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o777))
	}
	return dir
}

// trapped sets a PATH with the programs before the go command, and the settings
// of a user who has chosen nothing.
func trapped(t *testing.T) (dir string, trace func() string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "trace")
	goCommand, err := exec.LookPath("go")
	must(t, err)
	dir = traps(t, file, programs...)
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+filepath.Dir(goCommand))
	for _, name := range []string{"GOTOOLCHAIN", "GOFLAGS", "GOPACKAGESDRIVER", "GOWORK", "GOPROXY"} {
		t.Setenv(name, "")
		must(t, os.Unsetenv(name))
	}
	env := filepath.Join(t.TempDir(), "env")
	writeFile(t, env, "GOTOOLCHAIN=auto\nGOPROXY=direct\nGONOSUMDB=*\nGOVCS=*:all\n")
	t.Setenv("GOENV", env) // the defaults of Go, and less careful ones
	return dir, func() string {
		b, _ := os.ReadFile(file)
		return string(b)
	}
}

// TestHostileWorkspace opens folders that want programs to run.
func TestHostileWorkspace(t *testing.T) {
	const found = "quickfix.handshake.badcall: Delete the call"
	for _, test := range []struct{ name, archive, want string }{
		{"settings", "-- go.mod --\nmodule m\n-- .handshake.json --\n" + `{
			"env": {"GOPACKAGESDRIVER": "evil", "GOFLAGS": "-toolexec=evil", "PATH": ".", "GOTOOLCHAIN": "path", "CC": "evil", "GOENV": "evil.env",
				"GOROOT": ".", "GOPROXY": "direct", "GIT_SSH_COMMAND": "evil", "LD_PRELOAD": "evil.so", "GOOS": "linux"},
			"buildFlags": ["-toolexec=evil", "-tags=x", "-overlay=evil.json", "-modfile=evil.mod", "-pkgdir", "-exec=evil"],
			"docsURL": "command:evil"
		}`, found + "\nonly the settings of the editor may have CC, GIT_SSH_COMMAND, GOENV, GOFLAGS, GOPACKAGESDRIVER, GOPROXY, GOROOT, GOTOOLCHAIN, LD_PRELOAD, PATH, " +
			"-toolexec=evil, -overlay=evil.json, -modfile=evil.mod, -pkgdir, -exec=evil, a docsURL that is not https\n"},
		{"a toolchain", "-- go.mod --\nmodule m\n\ngo 1.21\n\ntoolchain go1.99.0\n", found},
		{"a newer version of Go", "-- go.mod --\nmodule m\n\ngo 1.99.0\n", "go.mod requires go >= 1.99.0"},
		{"go.work with a toolchain", "-- go.mod --\nmodule m\n-- go.work --\ngo 1.21\n\ntoolchain go1.99.0\n\nuse .\n", found},
		{"go.work of a newer version", "-- go.mod --\nmodule m\n-- go.work --\ngo 1.99.0\n\nuse .\n", "go.work requires go >= 1.99.0"},
		{"a dependency elsewhere", "-- go.mod --\nmodule m\n\nrequire evil.invalid/x v1.0.0\n-- b.go --\npackage m\n\nimport _ \"evil.invalid/x\"\n", ""},
		{"a vendored tool", "-- go.mod --\nmodule m\n\ngo 1.24\n\ntool evil.invalid/x\n\nrequire evil.invalid/x v1.0.0\n-- vendor/modules.txt --\n# evil.invalid/x v1.0.0\n## explicit\nevil.invalid/x\n" +
			"-- vendor/evil.invalid/x/x.go --\npackage main\n\n//go:generate evil\n\nfunc main() {}\n", found},
		{"cgo", "-- go.mod --\nmodule m\n-- b.go --\npackage m\n\n// #cgo pkg-config: evil\n// #cgo CFLAGS: -fplugin=evil.so\n// #include <evil.h>\nimport \"C\"\n\nvar _ C.int\n", found},
		{"a repository", "-- go.mod --\nmodule m\n-- .git/config --\n[core]\n\tfsmonitor = evil\n-- .git/HEAD --\nref: refs/heads/main\n-- cmd/main.go --\npackage main\n\nfunc main() {}\n", found},
		{"files of other tools", "-- go.mod --\nmodule m\n-- go.env --\nGOFLAGS=-toolexec=evil\n-- .envrc --\nevil\n-- .golangci.yml --\nlinters-settings: {custom: {x: {path: evil.so}}}\n", found},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, trace := trapped(t)
			dir := t.TempDir()
			for _, f := range txtar.Parse([]byte(test.archive)).Files {
				name := filepath.Join(dir, filepath.FromSlash(f.Name))
				must(t, os.MkdirAll(filepath.Dir(name), 0o777))
				writeFile(t, name, string(f.Data))
			}
			writeFile(t, filepath.Join(dir, "a.go"), oneFinding)
			bubble(t, func(t *testing.T) {
				e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(fullCapabilities)})
				e.openFile("a.go")
				e.quiet()
				e.codeActions([]string{"a.go", "bad", "quickfix"})
				e.command("handshake.fixAllWorkspace")
				e.quiet()
				e.close()
				said := e.out.String()
				for _, want := range strings.Split(test.want, "\n") {
					if !strings.Contains(said, want) {
						t.Errorf("the server does not say %q but\n%s", want, said)
					}
				}
			})
			if got := trace(); got != "" {
				t.Errorf("programs were run:\n%s", got)
			}
		})
	}
}

// A go command in the folder that is open does not run, however it gets on the
// PATH.
func TestGoCommandOfWorkspace(t *testing.T) {
	trace := filepath.Join(t.TempDir(), "trace")
	dir := traps(t, trace, "go", "gopackagesdriver")
	writeFile(t, filepath.Join(dir, "go.mod"), "module m\n")
	writeFile(t, filepath.Join(dir, "a.go"), oneFinding)
	t.Chdir(dir)
	for _, path := range []string{".", "", ".." + string(filepath.Separator) + filepath.Base(dir)} {
		t.Setenv("PATH", path+string(filepath.ListSeparator))
		bubble(t, func(t *testing.T) {
			e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(fullCapabilities)})
			e.openFile("a.go")
			e.quiet()
			e.close()
			if got := e.out.String(); got != "window/showMessage: "+goMissing+"\n" {
				t.Errorf("PATH=%s: the server says\n%s", path, got)
			}
		})
	}
	if got, err := os.ReadFile(trace); err == nil {
		t.Errorf("programs were run:\n%s", got)
	}
}

// What the user sets counts: the driver of another build system, for one.
func TestDriverOfUser(t *testing.T) {
	dir, trace := trapped(t)
	t.Setenv("GOPACKAGESDRIVER", filepath.Join(dir, "evil"))
	work := t.TempDir()
	writeFile(t, filepath.Join(work, "go.mod"), "module m\n")
	writeFile(t, filepath.Join(work, "a.go"), oneFinding)
	bubble(t, func(t *testing.T) {
		e := newEditor(t, work, clientOptions{Capabilities: json.RawMessage(fullCapabilities)})
		e.openFile("a.go")
		e.quiet()
		e.close()
	})
	if got := trace(); !strings.HasPrefix(got, "evil ./.") {
		t.Errorf("programs were run:\n%s", got)
	}
}
