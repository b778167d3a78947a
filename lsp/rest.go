package lsp

import "time"

// restDelay is how long nothing may have happened before memory is given back.
const restDelay = 3 * time.Second

// rest gives the memory that the last work needed, and nothing holds any more,
// back to the system once there is a pause after it: what the next edit needs is a
// small part of what loading or proving fixes did. The scan does so itself.
func (s *session) rest() {
	seen := 0
	for s.await(s.ctx, func() bool { return s.works != seen }) {
		for {
			if !s.await(s.ctx, s.settled) {
				return
			}
			s.mu.Lock()
			works := s.works
			s.mu.Unlock()
			if works == seen && len(s.slots)+len(s.spare) == 0 { // else it does what nobody waits for
				break
			}
			seen = works
			if _, ok := soon(s.ctx, nil, restDelay); !ok {
				return
			}
		}
		s.giveBack()
	}
}
