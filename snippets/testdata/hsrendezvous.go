package hsrendezvous

import "testing"

func Run(t *testing.T) {
	value := 7
	used := make(chan int, 1)
	use := func(n int) { used <- n }
	plain := func() {
		//expand hsrendezvous
	}
	plain()
	if got := <-used; got != value {
		t.Errorf("got %d", got)
	}

	seen := false
	work := make(chan struct{})
	see := func() int { seen = true; return value }
	withWork := func() {
		use := func(n int) { used <- n }
		value := see()
		//expand hsrendezvous: close(work)
	}
	withWork()
	<-work
	if got := <-used; got != value || !seen {
		t.Errorf("got %d", got)
	}
}
