package lsp

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// maxDirs is how many directories of a folder are searched for modules. Somebody
// may have opened a whole disk.
const maxDirs = 20_000

// modules returns the roots of the modules of a folder: the one that it belongs
// to, and those below it, but for what the go command leaves out of "./...",
// vendored modules, and what nobody may write.
func modules(ctx context.Context, folder string) []string {
	var out []string
	if root, ok := ModuleRoot(folder); ok {
		out = append(out, root)
	}
	seen := 0
	filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // what cannot be read is not scanned
		}
		if d.IsDir() {
			base := d.Name()
			if seen++; seen > maxDirs || ctx.Err() != nil {
				return fs.SkipAll
			}
			if name != folder && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "vendor" || base == "node_modules") {
				return fs.SkipDir
			}
		} else if d.Name() == "go.mod" && d.Type().IsRegular() {
			out = append(out, filepath.Dir(name))
		}
		return nil
	})
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(root string) bool { return readOnly(filepath.Join(root, "go.mod")) })
}

// readOnly reports whether nobody may write a file that is there: it is not
// theirs to edit. The module cache is made of such files.
func readOnly(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().Perm()&0o200 == 0
}

// workspaceOf returns the directory of the go.work that a module is used by, or
// the module's own.
func workspaceOf(root string) string {
	for dir := root; ; dir = filepath.Dir(dir) {
		name := filepath.Join(dir, "go.work")
		if src, err := readFile(name, longestConfig); err == nil {
			if work, err := modfile.ParseWork(name, src, nil); err == nil && uses(work, dir, root) {
				return dir
			}
			return root
		}
		if dir == filepath.Dir(dir) {
			return root
		}
	}
}

func uses(work *modfile.WorkFile, dir, root string) bool {
	return slices.ContainsFunc(work.Use, func(u *modfile.Use) bool {
		path := filepath.FromSlash(u.Path)
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		return filepath.Clean(path) == root
	})
}
