package hsresult

import "testing"

import "errors"

func Run(t *testing.T) {
	failure := errors.New("no")
	for _, want := range []error{nil, failure} {
		compute := func() (int, error) { return 7, want }
		if _, err := plain(compute); err != want {
			t.Errorf("got %v, want %v", err, want)
		}
		got, err := withWork(compute)
		if err != want || err == nil && got != 7 {
			t.Errorf("got %d, %v, want %v", got, err, want)
		}
	}
	// The parent leaves without its reply: the goroutine still ends.
	if err := leave(func() (int, error) { return 7, nil }); err != failed {
		t.Errorf("got %v", err)
	}
}

var failed = errors.New("left early")

func plain(compute func() (int, error)) (int, error) {
	inner := func() error {
		//expand hsresult
		return nil
	}
	return 0, inner()
}

func withWork(compute func() (int, error)) (got int, _ error) {
	inner := func() error {
		//expand hsresult: got--
		got += 1 + res.value
		return nil
	}
	err := inner()
	return got, err
}

func leave(compute func() (int, error)) error {
	gone := true
	//expand hsresult: if gone { return failed }
	return nil
}
