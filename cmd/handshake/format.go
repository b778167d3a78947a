package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"handshake/refactor"
)

func writeJSON(w io.Writer, r *report, _ bool) error { return writeIndented(w, r) }

func writeText(w io.Writer, r *report, verbose bool) error {
	for _, f := range r.Findings {
		fmt.Fprintf(w, "%s:%d:%d: %s (%s)\n", f.File, f.Line, f.Column, f.Message, f.Rule)
		for _, rel := range f.Related {
			fmt.Fprintf(w, "\t%s:%d:%d: %s\n", rel.File, rel.Line, rel.Column, rel.Message)
		}
		for _, fix := range f.Fixes {
			if fix.isSafe() {
				fmt.Fprintf(w, "\tfix: %s\n", fix.Title)
			} else {
				fmt.Fprintf(w, "\tfix -unsafe: %s (%s)\n", fix.Title, fix.Reason)
			}
		}
		if verbose {
			for _, held := range f.Withheld {
				fmt.Fprintf(w, "\twithheld: %s: %s\n", held.Title, held.Reason)
			}
		}
	}
	return nil
}

// writeGitHub writes the workflow commands that GitHub shows as annotations.
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
func writeGitHub(w io.Writer, r *report, _ bool) error {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	root := cmp.Or(os.Getenv("GITHUB_WORKSPACE"), ".")
	for _, f := range r.Findings {
		name := f.File
		if abs, err := filepath.Abs(filepath.FromSlash(name)); err == nil && root != "." {
			name = relative(root, abs) // GitHub knows files from there
		}
		level := "notice"
		if f.Severity == refactor.Warning.String() {
			level = "warning"
		}
		fmt.Fprintf(w, "::%s file=%s,line=%d,endLine=%d,col=%d,endColumn=%d,title=%s::%s\n", level,
			property.Replace(name), f.Line, f.EndLine, f.Column, f.EndColumn, property.Replace("handshake "+f.Rule), data.Replace(f.Message))
	}
	return nil
}
