package builder

import (
	"os/exec"
	"syscall"
)

// setApart makes the command the leader of a process group, to be stopped as a
// whole, and has the kernel kill it should this process be killed.
func setApart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
}

// killGroup ends what is left of the command's process group.
func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		// Nothing left to kill is what is hoped for.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}

// ownedBy says whether a file belongs to this process's user.
func ownedBy(sys any, uid int) bool {
	st, ok := sys.(*syscall.Stat_t)
	return ok && int(st.Uid) == uid
}
