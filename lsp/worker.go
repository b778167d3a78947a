package lsp

import (
	"context"
	"errors"
	"time"
)

// A worker looks at one package after each edit, some time after the last one.
// Only its latest run counts.
type worker struct {
	view  *view
	asked chan struct{}

	// Guarded by session.mu.
	name   string // an open file of the package
	delay  time.Duration
	cancel context.CancelFunc // of the run under way
}

func newWorker(v *view, name string) *worker {
	return &worker{view: v, name: name, asked: make(chan struct{}, 1), cancel: func() {}}
}

// wake cancels the run under way and asks for another after the delay. The
// caller holds session.mu.
func (w *worker) wake(name string, delay time.Duration) {
	w.name, w.delay = name, delay
	w.cancel()
	select {
	case w.asked <- struct{}{}:
	default:
	}
}

func (w *worker) run() {
	s := w.view.session
	delay := func() time.Duration {
		s.mu.Lock()
		defer s.mu.Unlock()
		return w.delay
	}
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-w.asked:
		}
		if !quiet(s.ctx, w.asked, delay) {
			return
		}
		ctx, cancel := context.WithCancel(s.ctx)
		s.mu.Lock()
		w.cancel = cancel
		snap, name := s.current, w.name
		s.mu.Unlock()
		s.guard("worker", func() { w.look(ctx, snap, name) })
		cancel()
	}
}

// look analyses the package, publishes what it finds, and proves the fixes.
func (w *worker) look(ctx context.Context, snap *snapshot, name string) {
	v := w.view
	s := v.session
	a, err := v.analyse(ctx, snap, name)
	if errors.Is(err, errHeld) {
		s.commit(ctx, func() { s.republish(v) })
		return
	}
	if err != nil {
		if ctx.Err() == nil {
			s.logOnce(err.Error(), err)
		}
		return
	}
	if !s.commit(ctx, func() { s.accept(a) }) {
		return
	}
	if a.outdated {
		s.mu.Lock()
		v.reload(false)
		s.mu.Unlock()
	}
	for file := range a.docs {
		for _, o := range a.offers[file] {
			for i := range o.proofs {
				if ctx.Err() != nil {
					return
				}
				o.prove(i)
			}
		}
	}
}

// commit calls f with s.mu held unless ctx is done: whoever cancels a run holds
// s.mu too.
func (s *session) commit(ctx context.Context, f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	f()
	return true
}
