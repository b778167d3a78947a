package hsreply

import "testing"

//expand hsreply

func Run(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	requests := make(chan request)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		serve(ctx, requests)
	}()
	reply := make(chan int, 1)
	requests <- request{key: "x", reply: reply}
	if got := <-reply; got != 0 {
		t.Errorf("got %d", got)
	}
	requests <- request{key: "x", reply: make(chan int, 1)} // nobody receives: the loop goes on
	cancel()
	<-stopped
}
