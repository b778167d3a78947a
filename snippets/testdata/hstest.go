package hstest

import "testing"

var running, ran bool

func run(stop <-chan struct{}) {
	running, ran = true, true
	<-stop
	running = false
}

//expand hstest

func Run(t *testing.T) {
	t.Cleanup(func() { // runs after the one that the snippet registers; no race: its goroutine has stopped
		if running || !ran {
			t.Errorf("running %v, ran %v", running, ran)
		}
	})
	TestName(t)
}
