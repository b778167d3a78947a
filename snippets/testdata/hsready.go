package hsready

import "testing"

import "errors"

func Run(t *testing.T) {
	failure := errors.New("no")
	for _, want := range []error{nil, failure} {
		setUp := func() error { return want }
		if err := plain(setUp); err != want {
			t.Errorf("got %v, want %v", err, want)
		}
		release := make(chan struct{})
		if err := withWork(setUp, release); err != want {
			t.Errorf("got %v, want %v", err, want)
		}
		close(release)
	}
}

func plain(setUp func() error) error {
	//expand hsready
	if cap(ready) != 1 {
		return errors.New("ready is not buffered")
	}
	return nil
}

func withWork(setUp func() error, release chan struct{}) error {
	//expand hsready: <-release
	return nil
}
