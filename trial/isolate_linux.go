package trial

import (
	"os/exec"
	"syscall"
)

// isolate makes the command the leader of a process group, to be stopped as a
// whole, and has the kernel kill it should this process be killed.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
