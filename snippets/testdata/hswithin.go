package hswithin

import "testing"

func Run(t *testing.T) {
	happened := make(chan struct{})
	close(happened)
	within(t, happened)

	var late recorder
	withWork(&late, make(chan struct{})) // the clock of the bubble is virtual
	if late.failed != "timed out waiting for done" {
		t.Errorf("got %q", late.failed)
	}
	var early recorder
	if !withWork(&early, happened) || early.failed != "" {
		t.Errorf("got %q", early.failed)
	}
}

func within(t *testing.T, done chan struct{}) {
	//expand hswithin
}

func withWork(t *recorder, done chan struct{}) (ok bool) {
	//expand hswithin: ok = true
	return ok
}

type recorder struct{ failed string }

func (r *recorder) Fatal(message string) { r.failed = message }
