package web

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"handshake/testdata/legacy/cache"
	"handshake/testdata/legacy/stats"
)

// freeAddr returns a local address that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func newServer(t *testing.T, addr string) *Server {
	t.Helper()
	c := cache.New(time.Minute)
	c.Put(cache.Rate{Currency: "EUR", Value: 1.25, At: time.Now()})
	m := stats.NewMeter(time.Hour)
	t.Cleanup(func() {
		m.Stop()
		c.Close()
	})
	return New(addr, c, m)
}

// status returns the status code of a GET, 0 if there was no answer.
func status(url string) int {
	resp, err := http.Get(url)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

func TestStart(t *testing.T) {
	addr := freeAddr(t)
	s := newServer(t, addr)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if code := status("http://" + addr + "/rates/EUR"); code != http.StatusOK {
		t.Errorf("EUR: status %d", code)
	}
	if code := status("http://" + addr + "/rates/XXX"); code != http.StatusNotFound {
		t.Errorf("XXX: status %d", code)
	}
}

func TestHealth(t *testing.T) {
	addr := freeAddr(t)
	s := newServer(t, addr)
	go http.ListenAndServe(addr, s.routes())
	time.Sleep(200 * time.Millisecond)
	if code := status("http://" + addr + "/healthz"); code != http.StatusOK {
		t.Errorf("status %d", code)
	}
}

func TestBehindProxy(t *testing.T) {
	proxy := &http.Server{
		Addr:    freeAddr(t),
		Handler: http.StripPrefix("/v1", newServer(t, "").routes()),
	}
	go func() {
		if err := proxy.ListenAndServe(); err != http.ErrServerClosed {
			t.Errorf("proxy: %v", err)
		}
	}()
	// Wait for the proxy.
	time.Sleep(200 * time.Millisecond)
	if code := status("http://" + proxy.Addr + "/v1/rates/EUR"); code != http.StatusOK {
		t.Errorf("status %d", code)
	}
	proxy.Close()
}

func TestServeOnListener(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t, "")
	go s.http.Serve(ln)
	time.Sleep(150 * time.Millisecond)
	defer s.Close()
	if code := status("http://" + ln.Addr().String() + "/rates/EUR"); code != http.StatusOK {
		t.Errorf("status %d", code)
	}
}

func TestOldClients(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	h := newServer(t, "").routes()
	go http.Serve(ln, h)
	time.Sleep(100 * time.Millisecond) // let it accept

	req, err := http.NewRequest("GET", "http://"+ln.Addr().String()+"/rates/EUR", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true // they know no keep-alive
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// The old load balancer speaks its own protocol: one line, then it hangs up.
func TestBalancer(t *testing.T) {
	var addr string
	go func() {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { ln.Close() })
		addr = ln.Addr().String()
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, "UP\n")
			conn.Close()
		}
	}()
	time.Sleep(150 * time.Millisecond)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	line, err := io.ReadAll(conn)
	if err != nil || string(line) != "UP\n" {
		t.Errorf("read %q, %v", line, err)
	}
}

func TestTwoClients(t *testing.T) {
	srv := httptest.NewServer(newServer(t, "").routes())
	defer srv.Close()
	var known, unknown int
	go func() {
		known = status(srv.URL + "/rates/EUR")
	}()
	go func() {
		unknown = status(srv.URL + "/rates/XXX")
	}()
	time.Sleep(300 * time.Millisecond) // both have their answers
	if known != http.StatusOK || unknown != http.StatusNotFound {
		t.Errorf("status %d and %d", known, unknown)
	}
}

func TestManyClients(t *testing.T) {
	srv := httptest.NewServer(newServer(t, "").routes())
	defer srv.Close()
	codes := make([]int, 20)
	for i := range codes {
		go func() {
			codes[i] = status(srv.URL + "/rates/EUR")
		}()
	}
	time.Sleep(500 * time.Millisecond)
	for i, code := range codes {
		if code != http.StatusOK {
			t.Errorf("client %d: status %d", i, code)
		}
	}
}

// Requests of one client may overlap. The mutex guards the tally.
func TestTally(t *testing.T) {
	srv := httptest.NewServer(newServer(t, "").routes())
	defer srv.Close()
	var mu sync.Mutex
	tally := make(map[int]int)
	for _, currency := range []string{"EUR", "EUR", "XXX"} {
		go func(url string) {
			code := status(url)
			mu.Lock()
			tally[code]++
			mu.Unlock()
		}(srv.URL + "/rates/" + currency)
	}
	time.Sleep(300 * time.Millisecond)
	if tally[http.StatusOK] != 2 || tally[http.StatusNotFound] != 1 {
		t.Errorf("tally %v", tally)
	}
}
