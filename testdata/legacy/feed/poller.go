package feed

import (
	"context"
	"time"

	"handshake/testdata/legacy/cache"
)

// Poller refreshes the cache at a fixed interval.
type Poller struct {
	client     *Client
	cache      *cache.Cache
	currencies []string
	every      time.Duration
	cancel     context.CancelFunc
}

// NewPoller starts to poll. The caller must Stop it.
func NewPoller(client *Client, c *cache.Cache, every time.Duration, currencies ...string) *Poller {
	ctx, cancel := context.WithCancel(context.Background())
	p := &Poller{
		client:     client,
		cache:      c,
		currencies: currencies,
		every:      every,
		cancel:     cancel,
	}
	go p.poll(ctx)
	return p
}

func (p *Poller) poll(ctx context.Context) {
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.round()
		case <-ctx.Done():
			return
		}
	}
}

func (p *Poller) round() {
	for _, currency := range p.currencies {
		refresh(p.client, p.cache, currency)
	}
}

// Stop ends the polling.
func (p *Poller) Stop() {
	p.cancel()
}
