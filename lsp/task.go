package lsp

import (
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// A tasks is a group of goroutines that takes no more once it is waited for.
type tasks struct {
	mu     sync.Mutex
	closed bool
	group  sync.WaitGroup
}

// task runs f on a goroutine of its own, unless the session is at its end.
func (s *session) task(name string, f func()) {
	s.tasks.mu.Lock()
	defer s.tasks.mu.Unlock()
	if !s.tasks.closed {
		s.tasks.group.Go(func() { s.guard(name, f) })
	}
}

// guard runs f; if it panics, that is logged, once for each message, and costs
// only f.
func (s *session) guard(name string, f func()) {
	defer func() {
		if v := recover(); v != nil {
			message := fmt.Sprintf("panic in %s: %v", name, v)
			s.logOnce(message, fmt.Errorf("%s\n%s", message, debug.Stack()))
		}
	}()
	f()
}

// wait returns when no task of the session runs any more, or its patience is at
// an end.
func (s *session) wait(patience time.Duration) {
	s.tasks.mu.Lock()
	s.tasks.closed = true
	s.tasks.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.tasks.group.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patience):
	}
}
