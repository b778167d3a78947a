//go:build !unix

package verify

import "os/exec"

// ownGroup leaves the command as it is: only it itself is ended early.
func ownGroup(*exec.Cmd) {}

func killGroup(*exec.Cmd) {}
