package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"handshake/refactor/apply"
	"handshake/refactor/load"
)

var pointArg = regexp.MustCompile(`^(.+\.go):([1-9][0-9]*)(?::([1-9][0-9]*))?$`)

// A target is what the arguments of a command name: packages, or one place in
// the package of a file.
type target struct {
	dir   string // the working directory
	graph *load.Graph
	file  string       // absolute, if there is a place
	at    *apply.Point // nil for packages
}

// loadTarget loads what the arguments name: packages, or file.go:line or
// file.go:line:column alone.
func loadTarget(ctx context.Context, of *projects, args []string) (t target, err error) {
	var place []string
	for _, arg := range args {
		if m := pointArg.FindStringSubmatch(arg); m != nil {
			place = m
		}
	}
	if place == nil {
		t.dir, t.graph, err = loadPatterns(ctx, of, args)
		return t, err
	}
	if len(args) > 1 {
		return t, fmt.Errorf("%s must be the only argument", place[0])
	}
	file, err := filepath.Abs(place[1])
	if err != nil {
		return t, err
	}
	want, err := os.Stat(file)
	if err != nil {
		return t, err
	}
	// Of the file's own directory, because a file that is named alone is not seen
	// as part of its package.
	t.dir, t.graph, err = loadPatterns(ctx, of, []string{filepath.Dir(file)})
	if err != nil { // outside of modules it is a package by itself
		t.dir, t.graph, err = loadPatterns(ctx, of, []string{file})
	}
	if err != nil {
		return t, err
	}
	line, _ := strconv.Atoi(place[2]) // digits
	column, _ := strconv.Atoi(place[3])
	t.at = &apply.Point{Line: line, Column: column}
	for _, m := range t.graph.Roots() {
		for _, name := range m.Files {
			if got, err := os.Stat(name); err == nil && os.SameFile(want, got) {
				t.file = name
				return t, nil
			}
		}
	}
	return t, fmt.Errorf("%s is in no package that this system builds", place[1])
}
