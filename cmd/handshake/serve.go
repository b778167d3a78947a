package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"handshake/lsp"
	"handshake/refactor/load"
	"handshake/refactor/rules"
)

// serve speaks the Language Server Protocol on standard input and output, with
// the client that listens at a pipe, or with all clients that connect to an
// address.
func serve(ctx context.Context, args []string) int {
	fs := newFlags("serve")
	listen := fs.String("listen", "", "TCP `address` to listen at, such as localhost:7777")
	pipe := fs.String("pipe", "", "`path` of the client's Unix socket or Windows pipe to connect to")
	fs.Bool("stdio", true, "use standard input and output")
	if code, ok := parse(fs, args); !ok {
		return code
	}
	if fs.NArg() > 0 || *listen != "" && *pipe != "" {
		return fail("serve takes one of -listen, -pipe and --stdio, and no arguments")
	}
	opts := lsp.Options{Rules: rules.All(), Version: buildVersion(), Log: os.Stderr, Cache: load.UserCache()}
	if dir, err := os.UserCacheDir(); err == nil {
		opts.Docs = filepath.Join(dir, "handshake", "docs")
	}
	switch {
	case *listen != "":
		return serveListener(ctx, *listen, opts)
	case *pipe != "":
		conn, err := dial(*pipe)
		if err != nil {
			return fail("%v", err)
		}
		return lsp.Serve(ctx, conn, conn, opts)
	}
	return lsp.Serve(ctx, os.Stdin, os.Stdout, opts)
}

// dial connects to the pipe at which a client listens.
func dial(path string) (io.ReadWriteCloser, error) {
	if runtime.GOOS == "windows" {
		return os.OpenFile(path, os.O_RDWR, 0)
	}
	return net.Dial("unix", path)
}

// serveListener serves each client that connects, until ctx is done.
func serveListener(ctx context.Context, addr string, opts lsp.Options) int {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fail("%v", err)
	}
	fmt.Fprintln(os.Stderr, "handshake: listening at", ln.Addr())
	defer context.AfterFunc(ctx, func() { ln.Close() })()
	var clients sync.WaitGroup
	defer clients.Wait()
	for {
		conn, err := ln.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return exitClean
		case err != nil:
			return fail("%v", err)
		}
		clients.Go(func() { lsp.Serve(ctx, conn, conn, opts) })
	}
}
