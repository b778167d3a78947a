package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// newLines are the lines that the files of a repository have since a revision.
type newLines struct {
	root    string
	changed map[string][]lineRange // by file, as seen from the root with slashes
	added   map[string]bool        // files that the revision does not have
}

type lineRange struct{ from, to int } // the latter included

// linesSince asks git what has changed since a revision in the repository around a
// directory: in commits, in the index, in the work tree, and in files that git
// does not know but need not ignore.
func linesSince(ctx context.Context, dir, rev string) (*newLines, error) {
	root, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	n := &newLines{root: strings.TrimRight(root, "\r\n"), changed: make(map[string][]lineRange), added: make(map[string]bool)}
	commit, err := git(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	if err != nil {
		return nil, fmt.Errorf("git knows no revision %q", rev)
	}
	diff, err := git(ctx, n.root, "diff", "--no-ext-diff", "--no-textconv", "--no-color", "--unified=0", "--find-renames", "--ignore-submodules",
		"--src-prefix=a/", "--dst-prefix=b/", strings.TrimSpace(commit), "--", "*.go")
	if err != nil {
		return nil, err
	}
	files, _, err := gitdiff.Parse(strings.NewReader(diff))
	if err != nil {
		return nil, fmt.Errorf("what git diff says is not understood: %w", err)
	}
	for _, f := range files {
		if f.IsNew {
			n.added[f.NewName] = true
		}
		for _, t := range f.TextFragments {
			n.changed[f.NewName] = append(n.changed[f.NewName], lineRange{int(t.NewPosition), int(t.NewPosition + t.NewLines - 1)})
		}
	}
	unknown, err := git(ctx, n.root, "ls-files", "--others", "--exclude-standard", "-z", "--", "*.go")
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(unknown, "\x00") {
		n.added[name] = true
	}
	return n, nil
}

// has reports whether one of the lines of a file is new. Of a file outside of the
// repository that is not known, so that all of it counts as new.
func (n *newLines) has(name string, from, to int) bool {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real // as git has it
	}
	rel, err := filepath.Rel(n.root, name)
	if err != nil || !filepath.IsLocal(rel) {
		return true
	}
	rel = filepath.ToSlash(rel)
	if n.added[rel] {
		return true
	}
	for _, r := range n.changed[rel] {
		if from <= r.to && r.from <= to {
			return true
		}
	}
	return false
}

// git runs git in a directory and returns what it prints. It runs no program that
// the repository names.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "core.fsmonitor=false", "-c", "core.quotePath=false"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		err = errors.New("git " + args[0] + ": " + strings.TrimSpace(string(exit.Stderr)))
	}
	return string(out), err
}
