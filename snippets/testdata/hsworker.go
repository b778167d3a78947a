package hsworker

import "testing"

import "sync"

//expand hsworker

func Run(t *testing.T) {
	w := NewWorker()
	w.Start()
	w.Start()
	w.starting.Do(func() { t.Error("Start did nothing") })
	time.Sleep(time.Minute) // on the virtual clock of the bubble
	if stopped(w) {
		t.Error("stopped by itself")
	}
	w.Stop()
	w.Stop()
	w.Start() // must not start again: nothing would stop it
	if !stopped(w) {
		t.Error("Stop returned before the goroutine had stopped")
	}

	w = NewWorker()
	w.Stop()
	w.Start()
	w.Stop()
	if !stopped(w) {
		t.Error("Stop before Start did not settle")
	}

	for i := 0; i < 50; i++ {
		w := NewWorker()
		var wg sync.WaitGroup
		wg.Add(4)
		for _, f := range []func(){w.Start, w.Stop, w.Start, w.Stop} {
			go func(f func()) {
				defer wg.Done()
				f()
			}(f)
		}
		wg.Wait()
		if !stopped(w) {
			t.Error("Stop returned before the goroutine had stopped")
		}
	}
}

func stopped(w *Worker) bool {
	select {
	case <-w.signals.stopped:
		return true
	default:
		return false
	}
}
