package main

import (
	"context"
	"errors"
	"sync"
)

func init() {
	register("EarlyCancel", EarlyCancel)
	register("DoneChannel", DoneChannel)
	register("LeftMonitor", LeftMonitor)
}

// EarlyCancel leaks the producer of a pipeline whose consumer fails: it is told
// by a context that the producer has and does not look at.
func EarlyCancel() {
	for range 10 {
		consume(context.Background(), []string{"a", "", "c"})
	}
}

func consume(ctx context.Context, list []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	items := make(chan string)
	go produce(ctx, list, items)
	for item := range items {
		if item == "" {
			return errors.New("empty")
		}
	}
	return nil
}

func produce(ctx context.Context, list []string, items chan<- string) {
	defer close(items)
	if ctx.Err() != nil {
		return
	}
	for _, s := range list {
		items <- s
	}
}

// DoneChannel leaks a client of a server that has ended: the server says so by
// closing a channel, as it leaves.
func DoneChannel() {
	for range 10 {
		s := &server{jobs: make(chan int), failed: make(chan struct{})}
		go s.serve()
		go s.submit(1)
		go s.submit(-1)
		go s.submit(2)
	}
}

type server struct {
	jobs   chan int
	failed chan struct{}
	sum    int
}

func (s *server) serve() {
	defer close(s.failed)
	for job := range s.jobs {
		if job < 0 {
			return
		}
		s.sum += job
	}
}

func (s *server) submit(job int) {
	s.jobs <- job
}

// LeftMonitor leaks those who stop a monitor that has left by itself.
func LeftMonitor() {
	for range 10 {
		m := &monitor{probes: make(chan int), stop: make(chan struct{})}
		go m.run()
		close(m.probes)
		go m.halt()
	}
}

type monitor struct {
	mu     sync.Mutex
	failed bool
	probes chan int
	stop   chan struct{}
}

func (m *monitor) run() {
	for {
		select {
		case _, ok := <-m.probes:
			if !ok {
				m.mu.Lock()
				m.failed = true
				m.mu.Unlock()
				return
			}
		case <-m.stop:
			return
		}
	}
}

func (m *monitor) halt() {
	m.stop <- struct{}{}
}
