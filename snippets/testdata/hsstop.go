package hsstop

import "testing"

func Run(t *testing.T) {
	plain := func() {
		//expand hsstop
	}
	plain()

	n, finished := 0, 0
	withWork := func() {
		ticked := make(chan struct{})
		work := func() {
			if n++; n == 3 {
				close(ticked)
			}
			time.Sleep(time.Second / 2) // on the virtual clock of the bubble
			finished = n
		}
		//expand hsstop: work()
		<-ticked
	}
	withWork()
	if finished != 3 { // nor is it a race to look
		t.Errorf("returned after %d ticks, in the middle of one", finished)
	}
}
