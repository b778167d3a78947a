package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

const guessing = `package p

import "time"

func Serve() {
	handlers := map[string]func(){}
	events := make(chan string)
	go func() {
		handlers["a"] = func() {}
		for range events {
		}
	}()
	time.Sleep(time.Second)
	handlers["a"]()
	close(events)
}
`

// shell runs a script as GitHub runs a step of a composite action, and as
// pre-commit runs a hook, in a repository with a staged finding and another one
// that git does not know. It returns what the script prints and its exit code.
func shell(t *testing.T, dir, script string, env ...string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append(env, "GOWORK=off", "GOFLAGS=", "GOPROXY=off")...)
	out, err := cmd.Output()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func repository(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"bash", "git"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module m\n\ngo 1.26\n", "p.go": guessing, "q/q.go": guessing} {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o777), os.WriteFile(name, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	script := "git init -q && git config user.email a@example.com && git config user.name a && git commit -q --allow-empty -m first && git add go.mod p.go"
	if out, code := shell(t, dir, script); code != 0 {
		t.Fatal(out)
	}
	return dir
}

func readYAML(t *testing.T, name string, to any) {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash("../../" + name))
	if err == nil {
		err = yaml.Unmarshal(text, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// pre-commit runs "entry args" in the repository.
func TestHooks(t *testing.T) {
	dir := repository(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var hooks []struct {
		ID, Entry string
		Args      []string
	}
	readYAML(t, ".pre-commit-hooks.yaml", &hooks)
	if len(hooks) != 2 || hooks[0].ID != "handshake" || hooks[1].ID != "handshake-fix" {
		t.Fatalf("the hooks are %v", hooks)
	}
	out, code := shell(t, dir, hooks[0].Entry+" "+strings.Join(hooks[0].Args, " "))
	if code != 1 || strings.Count(out, "(sleepstart)") != 2 {
		t.Errorf("%s exits with %d\n%s", hooks[0].ID, code, out)
	}
	out, code = shell(t, dir, hooks[1].Entry+" "+strings.Join(hooks[1].Args, " "))
	if changed, _ := shell(t, dir, "git diff --name-only"); code != 0 || strings.TrimSpace(changed) != "p.go" {
		t.Errorf("%s exits with %d, changed is %q\n%s", hooks[1].ID, code, changed, out)
	}
}

// The action annotates or writes SARIF, and passes on what it is given as words.
func TestAction(t *testing.T) {
	dir := repository(t)
	var action struct {
		Runs struct {
			Using string
			Steps []struct {
				ID, Name, Shell, Run string
				Env                  map[string]string
			}
		}
	}
	readYAML(t, ".github/actions/check/action.yml", &action)
	for _, s := range action.Runs.Steps {
		if s.Shell != "bash" || strings.Contains(s.Run, "${{") {
			t.Errorf("step %s: shell %q, and an expression in the script could be more than a word:\n%s", s.Name, s.Shell, s.Run)
		}
	}
	check := action.Runs.Steps[1]
	program, err := exec.LookPath("handshake")
	if err != nil {
		t.Fatal(err)
	}
	run := func(env ...string) (out string, code int, said string) {
		output := filepath.Join(t.TempDir(), "output")
		for name := range check.Env {
			env = append([]string{name + "="}, env...)
		}
		out, code = shell(t, dir, check.Run, append(env, "RUNNER_TEMP="+filepath.Dir(program), "GITHUB_WORKSPACE="+dir, "GITHUB_OUTPUT="+output)...)
		text, _ := os.ReadFile(output)
		return out, code, string(text)
	}
	if out, code, said := run("PACKAGES=. ./q"); code != 1 || strings.Count(out, "::warning file=") != 2 || said != "exit-code=1\n" {
		t.Errorf("exit code %d, output %q\n%s", code, said, out)
	}
	if out, code, said := run("PACKAGES=./...", "SARIF=out.sarif"); code != 0 || out != "" || said != "exit-code=1\n" {
		t.Errorf("with SARIF: exit code %d, output %q\n%s", code, said, out)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "out.sarif")); err != nil || !strings.Contains(string(text), `"ruleId": "sleepstart"`) {
		t.Errorf("the SARIF file: %v\n%s", err, text)
	}
	if out, code, _ := run("PACKAGES=./...", "SINCE=HEAD; touch ran"); code != 2 {
		t.Errorf("with no revision: exit code %d\n%s", code, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
		t.Error("an input ran as a command")
	}
}
