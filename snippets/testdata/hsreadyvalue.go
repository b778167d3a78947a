package hsreadyvalue

import "testing"

import "errors"

func Run(t *testing.T) {
	failure := errors.New("no")
	for _, want := range []error{nil, failure} {
		setUp := func() (string, error) { return "here", want }
		if _, err := plain(setUp); err != want {
			t.Errorf("got %v, want %v", err, want)
		}
		release := make(chan struct{})
		addr, err := withWork(setUp, release)
		if err != want || err == nil && addr != "here" {
			t.Errorf("got %q, %v, want %v", addr, err, want)
		}
		close(release)
	}
}

func plain(setUp func() (string, error)) (string, error) {
	inner := func() error {
		//expand hsreadyvalue
		if cap(ready) != 1 {
			return errors.New("ready is not buffered")
		}
		return nil
	}
	return "", inner()
}

func withWork(setUp func() (string, error), release chan struct{}) (string, error) {
	var got string
	inner := func() error {
		//expand hsreadyvalue: <-release
		got = up.addr
		return nil
	}
	err := inner()
	return got, err
}
