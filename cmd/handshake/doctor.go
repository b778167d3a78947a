package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"handshake/refactor/load"
)

// doctor prints what handshake needs and whether it is there, one per line. It
// exits with 1 if something is missing without which nothing works.
func doctor(ctx context.Context, args []string) int {
	fs := newFlags("doctor")
	if code, ok := parse(fs, args); !ok {
		return code
	}
	if fs.NArg() > 0 {
		return fail("doctor takes no arguments")
	}
	fmt.Printf("ok    handshake %s, built with %s\n", buildVersion(), runtime.Version())
	goEnv := exec.CommandContext(ctx, "go", "env", "-json", "GOVERSION", "GOPATH", "GOBIN", "GOMOD", "GOWORK")
	goEnv.Env = load.Environ(nil)
	out, err := goEnv.Output()
	if err != nil {
		fmt.Printf("FAIL  go: %v; install Go and put it on PATH\n", err)
		return exitFindings
	}
	var env struct{ GOVERSION, GOPATH, GOBIN, GOMOD, GOWORK string }
	if err := json.Unmarshal(out, &env); err != nil {
		return fail("go env: %v", err)
	}
	fmt.Printf("ok    go %s\n", strings.TrimPrefix(env.GOVERSION, "go"))
	doctorPath(env.GOBIN, env.GOPATH)
	if gopls, err := exec.LookPath("gopls"); err == nil {
		fmt.Printf("ok    gopls at %s\n", gopls)
	} else {
		fmt.Println("note  gopls is not on PATH; handshake runs beside it and does not replace it")
	}
	if dir := load.UserCache().Dir(); dir != "" {
		fmt.Printf("ok    cache in %s\n", dir)
	} else {
		fmt.Println("note  no cache; dependencies are checked each time")
	}
	switch {
	case env.GOWORK != "" && env.GOWORK != "off":
		fmt.Printf("ok    workspace %s\n", env.GOWORK)
	case env.GOMOD != "" && env.GOMOD != os.DevNull:
		fmt.Printf("ok    module %s\n", env.GOMOD)
	default:
		fmt.Println("note  no go.mod here or above; name files, or go to a module")
		return exitClean
	}
	return doctorLoad(ctx)
}

// doctorPath tells whether editors will find what go install puts away.
func doctorPath(bin, path string) {
	if bin == "" {
		bin = filepath.Join(filepath.SplitList(path)[0], "bin")
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.Clean(dir) == filepath.Clean(bin) {
			fmt.Printf("ok    %s is on PATH\n", bin)
			return
		}
	}
	fmt.Printf("note  %s, where go install puts programs, is not on PATH\n", bin)
}

func doctorLoad(ctx context.Context) int {
	of, _ := newProjects("")
	_, g, err := loadPatterns(ctx, of, []string{"./..."})
	if err != nil {
		fmt.Printf("FAIL  packages: %v\n", err)
		return exitFindings
	}
	read, broken := 0, 0
	for _, m := range g.Roots() {
		if len(m.Files) > 0 {
			read++
		}
		if len(m.Errors) > 0 {
			broken++
		}
	}
	switch {
	case read == 0:
		fmt.Println("note  no Go packages here or below")
	case broken > 0:
		fmt.Printf("note  %s here and below, %d with errors; handshake check ./... tells which\n", count(read, "package"), broken)
	default:
		fmt.Printf("ok    %s here and below\n", count(read, "package"))
	}
	return exitClean
}
