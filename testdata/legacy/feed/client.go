// Package feed brings the rates of the upstream service into the cache.
package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"handshake/testdata/legacy/cache"
)

// ErrTimeout is returned when upstream does not answer in time.
var ErrTimeout = errors.New("feed: upstream timed out")

// Client asks the upstream service.
type Client struct {
	URL     string // without the trailing slash
	Retries int
}

type answer struct {
	rate cache.Rate
	err  error
}

// Fetch returns the rate of currency.
func (c *Client) Fetch(currency string) (cache.Rate, error) {
	var r cache.Rate
	resp, err := http.Get(c.URL + "/" + currency)
	if err != nil {
		return r, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return r, fmt.Errorf("feed: %s: %s", currency, resp.Status)
	}
	err = json.NewDecoder(resp.Body).Decode(&r)
	r.At = time.Now()
	return r, err
}

// FetchRetry is Fetch that tries again a few times, more slowly each time,
// because upstream restarts every night.
func (c *Client) FetchRetry(currency string) (cache.Rate, error) {
	rate, err := c.Fetch(currency)
	wait := 2 * time.Millisecond
	for try := 0; err != nil && try < c.Retries; try++ {
		time.Sleep(wait)
		wait *= 2
		rate, err = c.Fetch(currency)
	}
	return rate, err
}

// FetchWithin is Fetch with a time limit.
func (c *Client) FetchWithin(currency string, limit time.Duration) (cache.Rate, error) {
	reply := make(chan answer)
	go func() {
		rate, err := c.Fetch(currency)
		reply <- answer{rate, err}
	}()
	select {
	case a := <-reply:
		return a.rate, a.err
	case <-time.After(limit):
		return cache.Rate{}, ErrTimeout
	}
}

// FetchAll returns the rates of all currencies, in the order of their arrival.
// The first error ends it.
func (c *Client) FetchAll(ctx context.Context, currencies []string) ([]cache.Rate, error) {
	answers := make(chan answer)
	for _, currency := range currencies {
		go func(currency string) {
			rate, err := c.Fetch(currency)
			answers <- answer{rate, err}
		}(currency)
	}
	var rates []cache.Rate
	for range currencies {
		select {
		case a := <-answers:
			if a.err != nil {
				return nil, a.err
			}
			rates = append(rates, a.rate)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return rates, nil
}

// Ping reports whether upstream knows currency at all.
func (c *Client) Ping(currency string) error {
	ok := make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		if _, err := c.Fetch(currency); err != nil {
			failed <- err
			return
		}
		close(ok)
	}()
	select {
	case <-ok:
		return nil
	case err := <-failed:
		return err
	}
}

// Import copies currencies into the cache, one after the other, and returns
// those that upstream does not know. It locks us out beyond 500 requests per
// second.
func Import(cl *Client, c *cache.Cache, currencies []string) (unknown []string) {
	for _, currency := range currencies {
		rate, err := cl.FetchRetry(currency)
		if err != nil {
			unknown = append(unknown, currency)
		} else {
			c.Put(rate)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return unknown
}

// Warm fills the cache before the first request comes in and returns how many
// currencies are there.
func Warm(cl *Client, c *cache.Cache, currencies []string) int {
	for _, currency := range currencies {
		go refresh(cl, c, currency)
	}
	time.Sleep(500 * time.Millisecond) // upstream answers well within this
	return c.Len()
}

func refresh(cl *Client, c *cache.Cache, currency string) {
	rate, err := cl.Fetch(currency)
	if err != nil {
		log.Printf("feed: %v", err)
		return
	}
	c.Put(rate)
}
