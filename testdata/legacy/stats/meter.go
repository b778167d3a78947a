// Package stats counts what the service does.
package stats

import (
	"sync/atomic"
	"time"
)

// Meter counts events per interval.
type Meter struct {
	current atomic.Int64 // of the interval that is under way
	total   atomic.Int64 // of all intervals before it
	every   time.Duration
	stop    chan struct{}
}

// NewMeter starts a meter. The caller must Stop it.
func NewMeter(every time.Duration) *Meter {
	m := &Meter{every: every, stop: make(chan struct{})}
	go m.run()
	return m
}

func (m *Meter) run() {
	tick := time.NewTicker(m.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			m.roll()
		case <-m.stop:
			m.roll() // the last interval counts too
			return
		}
	}
}

func (m *Meter) roll() {
	m.total.Add(m.current.Swap(0))
}

// Inc counts one event.
func (m *Meter) Inc() {
	m.current.Add(1)
}

// Total returns the count of all finished intervals.
func (m *Meter) Total() int64 {
	return m.total.Load()
}

// Stop ends the meter and its last interval.
func (m *Meter) Stop() {
	close(m.stop)
}
