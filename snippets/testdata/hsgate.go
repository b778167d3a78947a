package hsgate

import "testing"

import "sync/atomic"

func Run(t *testing.T) {
	plain := func() {
		//expand hsgate
	}
	plain()

	var released atomic.Int64
	//expand hsgate: released.Add(1)
	if got := released.Load(); got != n {
		t.Errorf("got %d of %d", got, n)
	}
}
