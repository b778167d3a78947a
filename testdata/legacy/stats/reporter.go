package stats

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Reporter writes the lines that it is given to w, all those of an interval at
// once.
type Reporter struct {
	mu      sync.Mutex
	w       io.Writer
	lines   []string
	stopped bool
	quit    chan struct{}
}

// NewReporter starts a reporter. The caller must Stop it.
func NewReporter(w io.Writer, every time.Duration) *Reporter {
	r := &Reporter{w: w, quit: make(chan struct{})}
	go r.run(every)
	return r
}

func (r *Reporter) run(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.flush()
		case <-r.quit:
			r.flush()
			return
		}
	}
}

func (r *Reporter) flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, line := range r.lines {
		fmt.Fprintln(r.w, line)
	}
	r.lines = nil
}

// Report adds a line. Lines that come after Stop are dropped.
func (r *Reporter) Report(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stopped {
		r.lines = append(r.lines, fmt.Sprintf(format, args...))
	}
}

// Stop flushes what is left. It may be called more than once.
func (r *Reporter) Stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return
	}
	r.stopped = true
	close(r.quit)
}
