package hsask

import "testing"

import "errors"

//expand hsreply

//expand hsask

func Run(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	requests := make(chan request)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		serve(ctx, requests)
	}()
	if got, err := ask(ctx, requests, "x"); got != 0 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
	cancel()
	<-stopped
	if _, err := ask(ctx, requests, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody receives: got %v", err)
	}

	// The asker leaves between request and reply: the late reply blocks nobody.
	ctx, cancel = context.WithCancel(context.Background())
	left := make(chan struct{})
	go func() {
		defer close(left)
		if _, err := ask(ctx, requests, "x"); !errors.Is(err, context.Canceled) {
			t.Errorf("no reply: got %v", err)
		}
	}()
	req := <-requests
	cancel()
	<-left
	req.reply <- 1
}
