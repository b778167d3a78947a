// Command handshake turns guessed synchronisation in Go into handshakes: as a
// language server beside gopls, from the command line, and as a vet tool.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"
)

// Exit codes.
const (
	exitClean    = 0
	exitFindings = 1 // or a diff
	exitError    = 2 // usage, loading, or a fault of our own
)

type command struct {
	name, args, summary string
	run                 func(ctx context.Context, args []string) int
}

func commands() []command {
	return []command{
		{"check", "[flags] [packages]", "report guessed synchronisation", check},
		{"fix", "[flags] [packages | file.go:line[:column]]", "rewrite it into handshakes, in packages or at one place", fix},
		{"explain", "RULE | file.go:line[:column]", "tell what a rule finds, writes and leaves alone, or what is known of a channel", explain},
		{"diagram", "[-o FILE] [-f=mermaid|svg] file.go:line", "draw what the goroutines around a place do to each other", diagram},
		{"rules", "[-json]", "list the rules", listRules},
		{"snippets", "[-f=vscode|luasnip|text]", "print the snippets for an editor", printSnippets},
		{"serve", "[-listen ADDR | -pipe PATH | --stdio]", "speak the Language Server Protocol, on stdio by default", serve},
		{"doctor", "", "look for what handshake needs", doctor},
		{"version", "[-json]", "print the version", version},
	}
}

func main() { os.Exit(dispatch(os.Args[1:])) }

func dispatch(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch {
	case isVetTool(args):
		vetTool()
	case len(args) == 0 && term.IsTerminal(int(os.Stdin.Fd())):
		usage(os.Stderr)
		return exitError
	case len(args) == 0:
		return serve(ctx, nil)
	}
	switch name := args[0]; name {
	case "help", "-h", "-help", "--help":
		usage(os.Stdout)
		return exitClean
	case "-version", "--version":
		return version(ctx, args[1:])
	default:
		if strings.HasPrefix(name, "-") {
			return serve(ctx, args) // editors start the server with flags alone
		}
		for _, c := range commands() {
			if c.name == name {
				return c.run(ctx, args[1:])
			}
		}
		return fail("unknown command %q; handshake help lists them", name)
	}
}

func usage(w io.Writer) {
	fmt.Fprint(w, "handshake turns guessed synchronisation in Go into handshakes.\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "\thandshake %s\n\t\t%s\n", strings.TrimSpace(c.name+" "+c.args), c.summary)
	}
	fmt.Fprint(w, "\nhandshake COMMAND -h lists the flags of a command.\n"+
		"Exit codes: 0 clean, 1 findings or a diff, 2 error. As a vet tool:\n"+
		"\tgo vet -vettool=$(which handshake) ./...\n")
}

// fail prints an error and returns the exit code for it.
func fail(format string, args ...any) int {
	fmt.Fprintf(os.Stderr, "handshake: "+format+"\n", args...)
	return exitError
}

// newFlags returns the flag set of a command.
func newFlags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.Usage = func() {
		for _, c := range commands() {
			if c.name == name {
				fmt.Fprintf(fs.Output(), "usage: handshake %s\n\n%s.\n", strings.TrimSpace(name+" "+c.args), c.summary)
			}
		}
		fs.PrintDefaults()
	}
	return fs
}

// parse parses the arguments of a command. If it must not go on, ok is false
// and code is the exit code.
func parse(fs *flag.FlagSet, args []string) (code int, ok bool) {
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitClean, false
	case err != nil:
		return exitError, false // the flag set has printed it
	}
	for _, arg := range fs.Args() {
		if strings.HasPrefix(arg, "-") {
			return fail("flag %s must stand before the other arguments", arg), false
		}
	}
	return exitClean, true
}
