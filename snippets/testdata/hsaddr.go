package hsaddr

import "testing"

import (
	"errors"
	"io"
	"net"
)

func Run(t *testing.T) {
	plain(t)

	received := make(chan string)
	withWork(t, received)
	if got := <-received; got != "hello" {
		t.Errorf("got %q", got)
	}

	log.SetOutput(io.Discard)
	if started(fake{err: errors.New("no")}) {
		t.Error("a failed start gave an address")
	}
	closed := make(chan struct{})
	if !started(fake{closed: closed}) {
		t.Error("no address")
	}
	<-closed
}

// A fake stands for package net.
type fake struct {
	net.Listener
	err    error
	closed chan struct{}
}

func (f fake) Listen(network, address string) (net.Listener, error) { return f, f.err }

func (f fake) Addr() net.Addr { return &net.TCPAddr{} }

func (f fake) Close() error {
	close(f.closed)
	return nil
}

func started(net fake) (up bool) {
	inner := func() {
		//expand hsaddr
		up = addr != "" && cap(ready) == 1
	}
	inner()
	return up
}

func plain(t *testing.T) {
	//expand hsaddr
	if _, _, err := net.SplitHostPort(addr); err != nil {
		t.Error(err)
	}
}

func withWork(t *testing.T, received chan string) {
	//expand hsaddr: serve(ln, received)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
}

func serve(ln net.Listener, received chan<- string) {
	conn, err := ln.Accept()
	if err != nil {
		received <- err.Error()
		return
	}
	defer conn.Close()
	buf := make([]byte, 5)
	n, _ := conn.Read(buf)
	received <- string(buf[:n])
}
