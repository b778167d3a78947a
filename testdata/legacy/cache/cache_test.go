package cache

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func mustGet(t *testing.T, c *Cache, currency string) Rate {
	t.Helper()
	r, err := c.Get(context.Background(), currency)
	if err != nil {
		t.Fatalf("Get(%q): %v", currency, err)
	}
	return r
}

func TestGetAfterPut(t *testing.T) {
	c := New(time.Minute)
	defer c.Close()
	c.Put(Rate{Currency: "EUR", Value: 1.25, At: time.Now()})
	if r := mustGet(t, c, "EUR"); r.Value != 1.25 {
		t.Errorf("EUR = %v, want 1.25", r.Value)
	}
	if _, err := c.Get(context.Background(), "XXX"); !errors.Is(err, ErrUnknown) {
		t.Errorf("XXX: %v, want ErrUnknown", err)
	}
	if n := c.Len(); n != 1 {
		t.Errorf("Len = %d, want 1", n)
	}
}

func TestRatesExpire(t *testing.T) {
	c := New(20 * time.Millisecond)
	defer c.Close()
	c.Put(Rate{Currency: "EUR", Value: 1.25, At: time.Now()})
	time.Sleep(25 * time.Millisecond)
	if _, err := c.Get(context.Background(), "EUR"); !errors.Is(err, ErrUnknown) {
		t.Errorf("expired rate: %v, want ErrUnknown", err)
	}
}

// The table belongs to one goroutine: a crowd of readers must neither race nor
// starve it.
func TestManyReaders(t *testing.T) {
	c := New(time.Minute)
	defer c.Close()
	c.Put(Rate{Currency: "EUR", Value: 1.25, At: time.Now()})

	gate := make(chan struct{})
	var wg sync.WaitGroup
	var hits atomic.Int64
	for i := 0; i < 16; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			<-gate
			if _, err := c.Get(context.Background(), "EUR"); err == nil {
				hits.Add(1)
			}
		}()
	}
	time.Sleep(200 * time.Millisecond) // all of them should be at the gate by now
	close(gate)
	wg.Wait()
	if hits.Load() != 16 {
		t.Errorf("%d readers got the rate, want 16", hits.Load())
	}
}

func TestReadWhileWriting(t *testing.T) {
	c := New(time.Minute)
	defer c.Close()
	c.Put(Rate{Currency: "EUR", Value: 1, At: time.Now()})

	done := make(chan struct{})
	go func() {
		for i := 0; i < 100; i++ {
			mustGet(t, c, "EUR")
		}
		close(done)
	}()
	for i := 0; i < 100; i++ {
		c.Put(Rate{Currency: "EUR", Value: float64(i), At: time.Now()})
	}
	<-done
}

func TestWritersFinish(t *testing.T) {
	c := New(time.Minute)
	defer c.Close()

	finished := make(chan struct{})
	go func() {
		for _, currency := range []string{"EUR", "GBP", "JPY"} {
			c.Put(Rate{Currency: currency, Value: 1, At: time.Now()})
			if _, err := c.Get(context.Background(), currency); err != nil {
				t.Errorf("%s: %v", currency, err)
				return
			}
		}
		close(finished)
	}()
	<-finished
	if n := c.Len(); n != 3 {
		t.Errorf("Len = %d, want 3", n)
	}
}

func TestGetAfterClose(t *testing.T) {
	c := New(time.Minute)
	c.Close()
	if _, err := c.Get(context.Background(), "EUR"); !errors.Is(err, ErrClosed) {
		t.Errorf("Get after Close: %v, want ErrClosed", err)
	}
}
