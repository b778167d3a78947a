package hsonce

import "testing"

func Run(t *testing.T) {
	plain := func() {
		//expand hsonce
	}
	plain()

	for _, times := range []int{0, 1, 2} {
		var stopped chan struct{}
		work := func(stop chan struct{}, closeStop func()) {
			stopped = stop
			select {
			case <-stop:
				t.Error("closed from the start")
			default:
			}
			for i := 0; i < times; i++ {
				closeStop()
			}
		}
		withWork := func() {
			//expand hsonce: work(stop, closeStop)
		}
		withWork()
		<-stopped
	}
}
