package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A checkFigure is what a checker took for all modules of etcd.
type checkFigure struct {
	Name           string
	ColdMS, WarmMS float64 // wall clock; the second is the median of three runs
	ColdCPU        float64 // ms
}

// benchChecks runs the checkers with empty caches of their own and then with what
// that left. What the go command has compiled is there for all: the others need it.
func benchChecks(ctx context.Context, o *benchOptions, dir, binary, etcd string, stdout io.Writer) ([]checkFigure, error) {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}/...")
	list.Dir = etcd
	out, err := list.Output()
	if err != nil {
		return nil, err
	}
	modules := strings.Fields(string(out))
	vet := func(extra ...string) []string { return slices.Concat([]string{"go", "vet"}, extra, modules) }
	checkers := []struct {
		name, cache string
		args        []string
	}{
		{"handshake check", "HANDSHAKE_CACHE", append([]string{binary, "check", "-exit-zero"}, modules...)},
		{"staticcheck", "STATICCHECK_CACHE", append([]string{o.staticcheck}, modules...)},
		// Its results are in the build cache; to others it has none.
		{"go vet", "HANDSHAKE_UNUSED", vet(fmt.Sprintf("-printf.funcs=bench%d", os.Getpid()))},
	}
	if o.staticcheck == "" {
		checkers = slices.Delete(checkers, 1, 2)
	}
	run := exec.CommandContext(ctx, "go", vet()[1:]...) // compiles what is missing
	run.Dir = etcd
	run.Run() // it may complain
	var figures []checkFigure
	for _, c := range checkers {
		f := checkFigure{Name: c.name}
		var warm times
		for i := range 4 {
			cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
			cmd.Dir = etcd
			cmd.Env = append(os.Environ(), c.cache+"="+filepath.Join(dir, "cache", c.name))
			var said bytes.Buffer
			cmd.Stdout, cmd.Stderr = &said, &said
			start := time.Now()
			var exit *exec.ExitError
			if err := cmd.Run(); err != nil && !errors.As(err, &exit) { // they may complain
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			took := ms(time.Since(start))
			if i == 0 {
				f.ColdMS, f.ColdCPU = took, ms(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
				fmt.Fprintf(stdout, "%s: %.0f ms, exit code %d\n", c.name, took, cmd.ProcessState.ExitCode())
			} else {
				warm = append(warm, took)
			}
		}
		slices.Sort(warm)
		f.WarmMS = warm[1]
		figures = append(figures, f)
	}
	return figures, nil
}
