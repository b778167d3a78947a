package main

import (
	"context"
	"fmt"
	"os"

	"handshake/snippets"
)

func printSnippets(_ context.Context, args []string) int {
	fs := newFlags("snippets")
	format := fs.String("f", "text", "`format`: text, vscode, or luasnip (which loads the format of VS Code)")
	if code, ok := parse(fs, args); !ok {
		return code
	}
	if fs.NArg() > 0 {
		return fail("snippets takes no arguments")
	}
	switch *format {
	case "vscode", "luasnip":
		os.Stdout.Write(snippets.JSON())
	case "text":
		for i, s := range snippets.All() {
			if i > 0 {
				fmt.Println()
			}
			fmt.Printf("%s: %s", s.Prefix, s.Description)
			if s.Below != "" {
				fmt.Printf(" (before %s)", s.Below)
			}
			fmt.Printf("\n\n%s\n", snippets.Expand(s.Body))
		}
	default:
		return fail("unknown format %q; the formats are text, vscode and luasnip", *format)
	}
	return exitClean
}
