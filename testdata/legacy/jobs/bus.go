// Package jobs moves messages and work between the parts of the service.
package jobs

import (
	"errors"
	"sync"
	"time"
)

// ErrClosed is returned once the bus or the pool has ended.
var ErrClosed = errors.New("jobs: closed")

// Bus delivers a message to all subscribers of its topic. A message that nobody
// subscribes to is dropped, and so is one for a subscriber that lags behind.
type Bus struct {
	mu     sync.Mutex
	subs   map[string][]chan string
	closed bool
}

// NewBus returns a bus without subscribers.
func NewBus() *Bus {
	return &Bus{subs: make(map[string][]chan string)}
}

func (b *Bus) subscribe(topic string) <-chan string {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch := make(chan string, 16)
	if b.closed {
		close(ch)
		return ch
	}
	b.subs[topic] = append(b.subs[topic], ch)
	return ch
}

// Subscribers returns how many subscribers topic has.
func (b *Bus) Subscribers(topic string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.subs[topic])
}

// Publish delivers msg and returns how many subscribers took it.
func (b *Bus) Publish(topic, msg string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, ch := range b.subs[topic] {
		select {
		case ch <- msg:
			n++
		default:
		}
	}
	return n
}

// Close ends all subscriptions.
func (b *Bus) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for _, subs := range b.subs {
		for _, ch := range subs {
			close(ch)
		}
	}
	b.subs = nil
}

// Relay copies topic to the channel that it returns, until the bus is closed.
func Relay(b *Bus, topic string) (<-chan string, error) {
	out := make(chan string, 16)
	go forward(b, topic, out)
	time.Sleep(50 * time.Millisecond) // it has to subscribe first
	if b.Subscribers(topic) == 0 {
		return nil, ErrClosed
	}
	return out, nil
}

// forward copies topic to out. It closes out when the bus is closed.
func forward(b *Bus, topic string, out chan<- string) {
	defer close(out)
	in := b.subscribe(topic)
	for msg := range in {
		out <- msg
	}
}
