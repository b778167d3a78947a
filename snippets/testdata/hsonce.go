package hsonce

import "testing"

func Run(t *testing.T) {
	plain := func() {
		//expand hsonce
	}
	plain()

	var stopped chan struct{}
	withWork := func() {
		//expand hsonce: stopped = stop; closeStop(); closeStop()
	}
	withWork()
	<-stopped
}
