package hsctxstop

import "testing"

func Run(t *testing.T) {
	plain(context.Background())

	finished := 0
	withWork(context.Background(), &finished)
	if finished != 3 { // nor is it a race to look
		t.Errorf("returned after %d ticks, in the middle of one", finished)
	}
}

func plain(ctx context.Context) {
	//expand hsctxstop
}

func withWork(ctx context.Context, finished *int) {
	n := 0
	ticked := make(chan struct{})
	work := func() {
		if n++; n == 3 {
			close(ticked)
		}
		time.Sleep(time.Second / 2) // on the virtual clock of the bubble
		*finished = n
	}
	//expand hsctxstop: work()
	<-ticked
}
