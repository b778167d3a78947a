package hsstarted

import "testing"

func Run(t *testing.T) {
	var up bool
	setUp := func() { up = true }
	plain := func() {
		//expand hsstarted
	}
	plain()
	if !up {
		t.Error("not set up")
	}

	up = false
	release := make(chan struct{})
	//expand hsstarted: <-release
	if !up {
		t.Error("not set up")
	}
	close(release)
}
