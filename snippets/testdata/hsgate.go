package hsgate

import "testing"
import "sync/atomic"

func Run(t *testing.T) {
	plain := func() {
		//expand hsgate
	}
	plain()

	var open atomic.Bool
	var released atomic.Int64
	builtin := func(c chan struct{}) { close(c) }
	close := func(c chan struct{}) {
		open.Store(true)
		builtin(c)
	}
	work := func(ready *sync.WaitGroup) {
		if !open.Load() {
			t.Error("passed a closed gate")
		}
		if pending(ready) {
			t.Error("the gate opened before all were there")
		}
		released.Add(1)
	}
	//expand hsgate: work(&ready)
	if got := released.Load(); got != n {
		t.Errorf("got %d of %d", got, n)
	}
}

// pending reports whether Wait would block: Done panics if it would not.
func pending(wg *sync.WaitGroup) (pending bool) {
	defer func() { pending = recover() == nil }()
	wg.Done()
	return
}
