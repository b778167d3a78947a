package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"handshake/refactor/card"
	"handshake/refactor/card/draw"
)

// diagram draws the sequence of the goroutines around a place. Its flags may
// stand behind the place, too, as with other tools that write to -o.
func diagram(ctx context.Context, args []string) int {
	fs := newFlags("diagram")
	out := fs.String("o", "", "write to `file` instead of standard output")
	format := fs.String("f", "", "`format`: mermaid or svg (default svg for a file that ends in .svg, else mermaid)")
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		args = append(args[1:len(args):len(args)], args[0])
	}
	if code, ok := parse(fs, args); !ok {
		return code
	}
	if fs.NArg() != 1 || !pointArg.MatchString(fs.Arg(0)) {
		return fail("diagram takes one place: file.go:line")
	}
	if *format == "" {
		*format = "mermaid"
		if strings.EqualFold(filepath.Ext(*out), ".svg") {
			*format = "svg"
		}
	}
	if *format != "mermaid" && *format != "svg" {
		return fail("unknown format %q; the formats are mermaid and svg", *format)
	}
	s, err := findSpot(ctx, fs.Arg(0))
	if err != nil {
		return fail("%v", err)
	}
	seq := card.Around(s.pkg, s.file, s.line)
	if seq == nil {
		return fail("no goroutines meet there: name a line with a channel, a WaitGroup or a go statement")
	}
	text := []byte(seq.Mermaid())
	if *format == "svg" {
		if text, err = draw.SVG(ctx, seq); err != nil {
			return fail("%v", err)
		}
	}
	if *out == "" {
		os.Stdout.Write(text)
	} else if err := os.WriteFile(*out, text, 0o666); err != nil {
		return fail("%v", err)
	}
	return exitClean
}
