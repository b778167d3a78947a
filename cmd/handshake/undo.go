package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"handshake/refactor/apply"
	"handshake/refactor/load"
)

// saveUndo keeps a patch that takes changes of files back, in the user's cache
// directory, and returns its name; "" if there is nothing to take back, or no such
// directory.
func saveUndo(dir string, files []apply.File) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil || len(files) == 0 {
		return "", nil
	}
	cache = filepath.Join(cache, "handshake", "undo")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return "", err
	}
	var patch strings.Builder
	for _, f := range files {
		patch.WriteString(unified("./"+relative(dir, f.Name), string(f.After), string(f.Before)))
	}
	out, err := os.CreateTemp(cache, time.Now().Format("2006-01-02-150405-*.patch"))
	if err != nil {
		return "", err
	}
	_, err = out.WriteString(patch.String())
	if e := out.Close(); err == nil {
		err = e
	}
	return out.Name(), err
}

// writesDir returns where it is noted which files are being changed, "" if there
// is no cache to note it in.
func writesDir() string {
	cache := load.UserCache().Dir()
	if cache == "" {
		return ""
	}
	return filepath.Join(cache, "writes")
}

// finishWrites brings changes to an end that an earlier fix was about to make when
// it was killed.
func finishWrites() error {
	finished, err := apply.Recover(writesDir())
	if len(finished) > 0 {
		fmt.Fprintf(os.Stderr, "an earlier fix was killed while it wrote; its changes were finished in:\n\t%s\n", strings.Join(finished, "\n\t"))
	}
	return err
}
