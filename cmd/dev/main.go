// Command dev is the tool of those who work on handshake itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const usage = `usage: go run ./cmd/dev COMMAND

	new NAME   create the folder of a rule
	gen        write everything that is generated
	goker      measure the rules on the leak kernels of the Go distribution
	bench      measure the server beside gopls, and check beside others (-h tells the flags)
	cacheprog DIR
	           be a cache of the go command that checkouts share (GOCACHEPROG)
	corpus     measure the rules on public repositories, which it fetches (-h tells the flags)
`

func main() {
	err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "dev:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 2 && args[0] == "cacheprog" {
		return cacheProg(args[1], os.Stdin, os.Stdout) // the go command runs it anywhere
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	switch {
	case len(args) == 2 && args[0] == "new":
		if err := newRule(root, args[1]); err != nil {
			return err
		}
	case len(args) == 1 && args[0] == "gen":
	case len(args) == 1 && args[0] == "goker":
		return goker(context.Background(), os.Stdout, 10)
	case len(args) >= 1 && args[0] == "bench":
		return bench(context.Background(), root, os.Stdout, args[1:])
	case len(args) >= 1 && args[0] == "corpus":
		return corpus(context.Background(), root, os.Stdout, args[1:])
	default:
		return errors.New(usage)
	}
	written, err := writeGenerated(root)
	for _, name := range written {
		fmt.Println("wrote", name)
	}
	return err
}

// moduleRoot returns the directory of go.mod, here or above.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod here or above")
		}
	}
}
