package main

import "errors"

func init() { register("Moby4395", Moby4395) }

// Moby4395 is moby/moby#4395: a function starts work and returns the channel of
// its result, and a caller gives up before it looks at that.
func Moby4395() {
	for range 10 {
		_ = attach(errors.New("no such container"))
	}
	_ = attach(nil)
}

func promise(work func() error) chan error {
	result := make(chan error)
	go func() {
		result <- work()
	}()
	return result
}

func attach(broken error) error {
	copied := promise(func() error { return nil })
	if broken != nil {
		return broken
	}
	return <-copied
}
