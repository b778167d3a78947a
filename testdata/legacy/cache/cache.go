// Package cache keeps the latest rate of every currency. One goroutine owns the
// table and everybody else sends it requests, so there is no lock to forget.
package cache

import (
	"context"
	"errors"
	"time"
)

// ErrClosed is returned by Get after Close.
var ErrClosed = errors.New("cache: closed")

// ErrUnknown is returned by Get for a currency that was never put or has expired.
var ErrUnknown = errors.New("cache: unknown currency")

// Rate is the price of one unit of a currency in the base currency.
type Rate struct {
	Currency string    `json:"currency"`
	Value    float64   `json:"value"`
	At       time.Time `json:"at"`
}

type result struct {
	rate Rate
	ok   bool
}

type request struct {
	currency string
	reply    chan result
}

// Cache is a table of rates that forgets a rate after its time to live.
type Cache struct {
	ttl     time.Duration
	gets    chan request
	puts    chan Rate
	lens    chan chan int
	stop    chan struct{}
	stopped chan struct{}
}

// New returns an empty cache. The caller must Close it.
func New(ttl time.Duration) *Cache {
	c := &Cache{
		ttl:     ttl,
		gets:    make(chan request),
		puts:    make(chan Rate),
		lens:    make(chan chan int),
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
	go c.run()
	return c
}

func (c *Cache) run() {
	defer close(c.stopped)
	table := make(map[string]Rate)
	for {
		select {
		case r := <-c.puts:
			table[r.Currency] = r
		case req := <-c.gets:
			r, ok := table[req.currency]
			if ok && time.Since(r.At) > c.ttl {
				delete(table, req.currency)
				ok = false
			}
			req.reply <- result{r, ok}
		case reply := <-c.lens:
			reply <- len(table)
		case <-c.stop:
			return
		}
	}
}

// Put stores r. It does nothing once the cache is closed.
func (c *Cache) Put(r Rate) {
	select {
	case c.puts <- r:
	case <-c.stopped:
	}
}

// Get returns the rate of currency.
func (c *Cache) Get(ctx context.Context, currency string) (Rate, error) {
	reply := make(chan result)
	select {
	case c.gets <- request{currency: currency, reply: reply}:
	case <-c.stopped:
		return Rate{}, ErrClosed
	case <-ctx.Done():
		return Rate{}, ctx.Err()
	}
	select {
	case res := <-reply:
		if !res.ok {
			return Rate{}, ErrUnknown
		}
		return res.rate, nil
	case <-ctx.Done():
		return Rate{}, ctx.Err()
	}
}

// Len returns how many currencies are in the table, expired ones included.
func (c *Cache) Len() int {
	reply := make(chan int)
	select {
	case c.lens <- reply:
		return <-reply
	case <-c.stopped:
		return 0
	}
}

// Close ends the cache.
func (c *Cache) Close() {
	close(c.stop)
	<-c.stopped
}
