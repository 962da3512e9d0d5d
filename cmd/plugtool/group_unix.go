//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// interruptGroup makes cancelling a command interrupt it with all that it
// started: the compilers and linkers of a go build outlive it otherwise.
func interruptGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
}
