package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// copyOf returns a directory with a fresh copy of the repository's files. The
// git directory is fetched the first time, with the one commit only.
func (o *options) copyOf(ctx context.Context, r repository) (dir string, err error) {
	gitDir := ""
	if o.mirror != "" {
		owner, name, _ := strings.Cut(r.Repo, "/")
		gitDir = strings.NewReplacer("{owner}", owner, "{name}", name).Replace(o.mirror)
	} else if gitDir, err = o.fetch(ctx, r); err != nil {
		return "", err
	}
	plain := strings.ReplaceAll(r.Repo, "/", "+")
	dir = filepath.Join(o.dir, plain)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	args := []string{"--git-dir=" + gitDir, "--work-tree=" + dir, "checkout", "-q", r.Commit, "--", "."}
	for _, s := range r.Skip {
		args = append(args, ":(exclude)"+s)
	}
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	// The git directory may be somebody's: its index is not ours to write.
	index := filepath.Join(o.dir, plain+".index")
	defer os.Remove(index)
	cmd.Env = append(os.Environ(), "GIT_INDEX_FILE="+index)
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, said)
	}
	return dir, nil
}

// fetch returns a bare git directory that has the pinned commit.
func (o *options) fetch(ctx context.Context, r repository) (string, error) {
	dir := filepath.Join(o.dir, strings.ReplaceAll(r.Repo, "/", "+")+".git")
	git := func(args ...string) error {
		said, err := exec.CommandContext(ctx, "git", append([]string{"--git-dir=" + dir}, args...)...).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("git %s: %w: %s", args[0], err, said)
		}
		return err
	}
	if git("cat-file", "-e", r.Commit+"^{commit}") == nil {
		return dir, nil
	}
	if err := git("init", "-q", "--bare", dir); err != nil {
		return "", err
	}
	return dir, git("fetch", "-q", "--depth=1", "https://github.com/"+r.Repo, r.Commit)
}

// download gets what the packages of a module depend on, which must not count
// as time of the program that is measured.
func download(ctx context.Context, module string) error {
	cmd := exec.CommandContext(ctx, "go", "list", "-e", "-deps", "-test", "-f", "{{if 0}}{{end}}", "./...")
	cmd.Dir, cmd.Env = module, goEnv()
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go list: %w: %s", err, said)
	}
	return nil
}

// goEnv is the environment of the go command: each module is looked at by itself.
func goEnv() []string { return append(os.Environ(), "GOWORK=off") }

// goFiles reads all Go files below a directory, by path relative to it with
// slashes.
func goFiles(dir string) (map[string][]byte, error) {
	files := make(map[string][]byte)
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Ext(name) != ".go" {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(rel)], err = os.ReadFile(name)
		return err
	})
	return files, err
}
