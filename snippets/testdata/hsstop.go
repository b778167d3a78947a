package hsstop

import "testing"

func Run(t *testing.T) {
	plain := func() {
		//expand hsstop
	}
	plain()

	n := 0
	withWork := func() {
		ticked := make(chan struct{})
		//expand hsstop: if n++; n == 3 { close(ticked) }
		<-ticked
	}
	withWork()
	if n < 3 { // no race: the goroutine has stopped
		t.Errorf("%d ticks", n)
	}
}
