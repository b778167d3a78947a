package hswait

import "testing"

import (
	"sync/atomic"
	"time"
)

func Run(t *testing.T) {
	items := []string{"a", "b", "c"}
	var sum atomic.Int64
	process := func(item string) {
		time.Sleep(time.Second) // on the virtual clock of the bubble
		sum.Add(int64(item[0]))
	}
	plain := func() {
		//expand hswait.below1.25
	}
	plain()
	if got := sum.Load(); got != 'a'+'b'+'c' {
		t.Errorf("got %d", got)
	}

	//expand hswait.below1.25: ; sum.Add(1)
	if got := sum.Load(); got != 2*('a'+'b'+'c')+3 {
		t.Errorf("got %d", got)
	}
}
