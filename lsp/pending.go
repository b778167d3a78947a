package lsp

import "context"

// What the session has yet to do for the open documents is counted: whoever
// waits for its outcome, or works only while nobody else does, waits for a change
// of the count. All of this is guarded by session.mu.

// pend counts a piece of work that is under way from now on; once, however
// often it is asked for.
func (s *session) pend(work *bool) {
	if !*work {
		*work = true
		s.pending++
		s.works++
		s.announce()
	}
}

// finish ends a piece of work, unless it was asked for again.
func (s *session) finish(work *bool, asked chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if *work && len(asked) == 0 {
		*work = false
		s.pending--
		s.announce()
	}
}

// announce wakes those that await something.
func (s *session) announce() {
	close(s.news)
	s.news = make(chan struct{})
}

// await returns when the condition holds, which is asked with s.mu held. It is
// false if ctx is done before.
func (s *session) await(ctx context.Context, holds func() bool) bool {
	for {
		s.mu.Lock()
		ok, news := holds(), s.news
		s.mu.Unlock()
		if ok {
			return ctx.Err() == nil
		}
		select {
		case <-ctx.Done():
			return false
		case <-news:
		}
	}
}

// settled reports whether all that is to be said of the open documents is said.
func (s *session) settled() bool { return s.pending == 0 }
