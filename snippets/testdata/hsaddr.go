package hsaddr

import "testing"

import "net"

func Run(t *testing.T) {
	plain(t)

	received := make(chan string)
	withWork(t, received)
	if got := <-received; got != "hello" {
		t.Errorf("got %q", got)
	}
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
