package feed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"handshake/testdata/legacy/cache"
)

// upstream is a fake of the upstream service that counts its requests and takes
// delay for each of them.
type upstream struct {
	delay time.Duration
	hits  atomic.Int64
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.hits.Add(1)
	time.Sleep(u.delay)
	if r.URL.Path == "/XXX" {
		http.NotFound(w, r)
		return
	}
	fmt.Fprintf(w, `{"currency": %q, "value": 1.5}`, r.URL.Path[1:])
}

func newUpstream(t *testing.T, delay time.Duration) (*upstream, *Client) {
	t.Helper()
	u := &upstream{delay: delay}
	srv := httptest.NewServer(u)
	t.Cleanup(srv.Close)
	return u, &Client{URL: srv.URL, Retries: 1}
}

func newCache(t *testing.T) *cache.Cache {
	t.Helper()
	c := cache.New(time.Minute)
	t.Cleanup(c.Close)
	return c
}

func waitFor(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for i := 0; i < 1000; i++ {
		if cond() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("no %s in time", what)
}

func TestFetch(t *testing.T) {
	u, cl := newUpstream(t, 0)
	r, err := cl.Fetch("EUR")
	if err != nil || r.Value != 1.5 {
		t.Fatalf("Fetch = %v, %v", r, err)
	}
	if _, err := cl.FetchRetry("XXX"); err == nil {
		t.Error("no error for XXX")
	}
	if n := u.hits.Load(); n != 3 {
		t.Errorf("%d requests, want 3: one for EUR, two for XXX", n)
	}
}

func TestFetchWithin(t *testing.T) {
	_, cl := newUpstream(t, 10*time.Millisecond)
	if _, err := cl.FetchWithin("EUR", 5*time.Second); err != nil {
		t.Errorf("in time: %v", err)
	}
	if _, err := cl.FetchWithin("EUR", time.Millisecond); !errors.Is(err, ErrTimeout) {
		t.Errorf("too late: %v, want ErrTimeout", err)
	}
}

func TestFetchAll(t *testing.T) {
	_, cl := newUpstream(t, 0)
	rates, err := cl.FetchAll(context.Background(), []string{"EUR", "GBP", "JPY"})
	if err != nil || len(rates) != 3 {
		t.Errorf("FetchAll = %v, %v", rates, err)
	}
	if _, err := cl.FetchAll(context.Background(), []string{"EUR", "XXX"}); err == nil {
		t.Error("no error for XXX")
	}
}

func TestPing(t *testing.T) {
	_, cl := newUpstream(t, 0)
	if err := cl.Ping("EUR"); err != nil {
		t.Error(err)
	}
	if err := cl.Ping("XXX"); err == nil {
		t.Error("no error for XXX")
	}
}

func TestImport(t *testing.T) {
	_, cl := newUpstream(t, 0)
	c := newCache(t)
	if unknown := Import(cl, c, []string{"EUR", "GBP", "XXX"}); len(unknown) != 1 {
		t.Errorf("unknown: %q, want XXX alone", unknown)
	}
	if n := c.Len(); n != 2 {
		t.Errorf("%d currencies imported, want 2", n)
	}
}

func TestWarm(t *testing.T) {
	_, cl := newUpstream(t, 0)
	if n := Warm(cl, newCache(t), []string{"EUR", "GBP", "JPY"}); n != 3 {
		t.Errorf("%d currencies are warm, want 3", n)
	}
}

func TestFetchInBackground(t *testing.T) {
	_, cl := newUpstream(t, 0)
	var (
		rate cache.Rate
		err  error
	)
	go func() {
		rate, err = cl.Fetch("EUR")
	}()
	time.Sleep(200 * time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if rate.Currency != "EUR" {
		t.Errorf("got the rate of %q", rate.Currency)
	}
}

// favourite is what most customers ask for.
func favourite() string { return "CHF" }

func TestRefresh(t *testing.T) {
	_, cl := newUpstream(t, 0)
	c := newCache(t)
	go refresh(cl, c, favourite())
	time.Sleep(200 * time.Millisecond) // wait until the rate is in the cache
	if _, err := c.Get(context.Background(), "CHF"); err != nil {
		t.Errorf("CHF: %v", err)
	}
}

func TestPollerPolls(t *testing.T) {
	u, cl := newUpstream(t, 0)
	p := NewPoller(cl, newCache(t), 5*time.Millisecond, "EUR")
	defer p.Stop()
	waitFor(t, "second round", func() bool { return u.hits.Load() >= 2 })
}

func TestPollerStops(t *testing.T) {
	u, cl := newUpstream(t, time.Millisecond)
	p := NewPoller(cl, newCache(t), time.Millisecond, "EUR", "GBP")
	waitFor(t, "first round", func() bool { return u.hits.Load() > 0 })
	p.Stop()
	time.Sleep(150 * time.Millisecond) // let the last round finish
	before := u.hits.Load()

	// Nothing may come any more.
	time.Sleep(20 * time.Millisecond)
	if after := u.hits.Load(); after != before {
		t.Errorf("%d requests after Stop", after-before)
	}
}
