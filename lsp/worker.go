package lsp

import (
	"context"
	"errors"
	"time"
)

// A worker looks at one package after each edit: at the bodies that were edited
// at once, and at all of it some time after the last edit. Only its latest run
// counts.
type worker struct {
	view  *view
	asked chan struct{}

	// Guarded by session.mu.
	name   string // an open file of the package
	delay  time.Duration
	cancel context.CancelFunc // of the run under way
	due    bool               // a run is pending
}

func newWorker(v *view, name string) *worker {
	return &worker{view: v, name: name, asked: make(chan struct{}, 1), cancel: func() {}}
}

// wake cancels the run under way and asks for another after the delay. The
// caller holds session.mu.
func (w *worker) wake(name string, delay time.Duration) {
	w.name, w.delay = name, delay
	w.cancel()
	w.view.session.pend(&w.due)
	select {
	case w.asked <- struct{}{}:
	default:
	}
}

func (w *worker) run() {
	s := w.view.session
	var last *analysis
	looks := 0 // quick ones since
	for overtaken := false; ; {
		if !overtaken {
			select {
			case <-s.ctx.Done():
				return
			case <-w.asked:
			}
		}
		for w.pause() > 0 {
			if !quiet(s.ctx, w.asked, func() time.Duration { return quickDelay }) {
				return
			}
			if last != nil && looks < maxLooks {
				looks++
				ctx, done := w.begin()
				s.guard("quick look", func() { w.quick(ctx, s.snapshot(), last) })
				done()
			}
			if more, ok := soon(s.ctx, w.asked, w.pause()); !ok {
				return
			} else if !more {
				break
			}
		}
		// A look at a large package cannot be stopped in the middle. Nobody waits
		// for one that an edit has overtaken: it comes to nothing by itself.
		ctx, done := w.begin()
		looked := make(chan *analysis, 1)
		s.task("worker", func() {
			var a *analysis
			defer func() { looked <- a }()
			s.turn(ctx, s.slots, "look", func() { a = w.look(ctx, s.snapshot()) })
		})
		overtaken = false
		select {
		case <-s.ctx.Done():
			done()
			return
		case <-w.asked:
			overtaken = true
			done()
		case a := <-looked:
			s.finish(&w.due, w.asked)
			if a == nil {
				done()
				break
			}
			last, looks = a, 0
			s.task("ahead", func() {
				defer done()
				w.prove(ctx, a)
				w.prepare(ctx, a)
			})
		}
	}
}

// begin returns a context that ends with the next edit, or when done is called.
func (w *worker) begin() (ctx context.Context, done func()) {
	s := w.view.session
	ctx, done = context.WithCancel(s.ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	w.cancel = done
	return ctx, done
}

// pause returns how long the worker waits for another edit.
func (w *worker) pause() time.Duration {
	s := w.view.session
	s.mu.Lock()
	defer s.mu.Unlock()
	return w.delay
}

// soon reports whether something is received within the time. ok is false if ctx
// is done before.
func soon(ctx context.Context, c <-chan struct{}, d time.Duration) (received, ok bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false, false
	case <-c:
		return true, true
	case <-timer.C:
		return false, true
	}
}

// turn calls f when there is a slot for it, unless ctx is done before.
func (s *session) turn(ctx context.Context, slots chan struct{}, what string, f func()) {
	select {
	case <-ctx.Done():
		return
	case slots <- struct{}{}:
	}
	defer func() { <-slots }()
	if ctx.Err() == nil {
		s.guard(what, f)
	}
}

// maxLooks is how many quick looks there are at most between two at the whole
// package: each adds the edited files to the positions of the last one. Only
// somebody who types without any pause gets there.
const maxLooks = 300

// proofBudget is how long a worker proves fixes after each edit. Those that are
// left are proven when they are chosen.
const proofBudget = 2 * time.Second

// look analyses the package and publishes what it finds. The result is nil if
// there is nothing new.
func (w *worker) look(ctx context.Context, snap *snapshot) *analysis {
	v := w.view
	s := v.session
	s.mu.Lock()
	name := w.name
	s.mu.Unlock()
	a, err := v.analyse(ctx, snap, name)
	switch {
	case errors.Is(err, errHeld), errors.Is(err, errTooLarge):
		s.commit(ctx, func() { s.republish(v) })
		return nil
	case err != nil:
		if ctx.Err() == nil {
			s.logOnce(err.Error(), err)
		}
		return nil
	case !s.commit(ctx, func() { s.accept(a) }):
		return nil
	}
	if a.outdated {
		s.mu.Lock()
		v.reload(false)
		s.mu.Unlock()
	}
	return a
}

// prove proves the fixes of open documents. Other packages take their turns in
// between.
func (w *worker) prove(ctx context.Context, a *analysis) {
	s := w.view.session
	end := time.Now().Add(proofBudget)
	for file := range a.docs {
		for _, o := range a.offers[file] {
			for i := range o.proofs {
				if ctx.Err() != nil || time.Now().After(end) {
					return
				}
				s.turn(ctx, s.spare, "proof", func() { o.prove(i) })
			}
		}
	}
}

// prepare looks for the refactorings on demand, so that they are at hand when
// somebody asks for them.
func (w *worker) prepare(ctx context.Context, a *analysis) {
	s := w.view.session
	s.turn(ctx, s.spare, "refactorings", func() { a.demand() })
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
