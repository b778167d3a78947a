//go:build unix

package verify

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the command the leader of a process group, so that the programs
// that it starts can be ended with it. They are interrupted first, as from a
// terminal: the go command then removes what it has built.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
}

// killGroup ends what is left of the group.
func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}
