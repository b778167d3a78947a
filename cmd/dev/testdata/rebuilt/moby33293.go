package main

import "errors"

func init() { register("Moby33293", Moby33293) }

// Moby33293 is moby/moby#33293: a function tells of an early error through the
// channel that it is about to return, where nobody can receive yet.
func Moby33293() {
	for range 10 {
		go func() {
			if err := <-await(errors.New("no such container")); err != nil {
				return
			}
		}()
	}
}

func await(broken error) <-chan error {
	errs := make(chan error)
	if broken != nil {
		errs <- broken
		return errs
	}
	close(errs)
	return errs
}
