//go:build unix

package trial

import (
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// killGroup ends what is left of the process and of all that it started.
func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		// Nothing left to kill is what is hoped for.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}

// lastQuestion has a Go program print the stacks of its goroutines, which tells where it
// hangs, and kills it and its group a little later.
func lastQuestion(cmd *exec.Cmd) error {
	time.AfterFunc(patience/2, func() { killGroup(cmd) })
	return cmd.Process.Signal(syscall.SIGQUIT)
}

var cores sync.Mutex

// withoutCores starts a process that writes no core file when it dies: limits are
// inherited, so that of this process is lowered while the other one starts.
func withoutCores(start func() error) error {
	cores.Lock()
	defer cores.Unlock()
	var own syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &own); err != nil {
		return start()
	}
	none := own
	none.Cur = 0
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &none); err != nil {
		return start()
	}
	err := start()
	// It was allowed before, so it is now.
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &own)
	return err
}
