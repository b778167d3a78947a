package hsdone

import "testing"

func Run(t *testing.T) {
	plain := func() {
		//expand hsdone
	}
	plain()

	n := 0
	//expand hsdone: n = 7
	if n != 7 {
		t.Errorf("got %d", n)
	}
}
