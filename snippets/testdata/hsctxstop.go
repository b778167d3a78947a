package hsctxstop

import "testing"

import "context"

func Run(t *testing.T) {
	plain(context.Background())

	if n := withWork(context.Background()); n < 3 { // no race: the goroutine has stopped
		t.Errorf("%d ticks", n)
	}
}

func plain(ctx context.Context) {
	//expand hsctxstop
}

func withWork(ctx context.Context) (n int) {
	ticked := make(chan struct{})
	//expand hsctxstop: if n++; n == 3 { close(ticked) }
	<-ticked
	return n
}
