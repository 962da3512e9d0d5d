//go:build !unix

package trial

import "os/exec"

// Nothing opens Go plugins here.

func isolate(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = cmd.Process.Kill()
	}
}

func lastQuestion(cmd *exec.Cmd) error { return cmd.Process.Kill() }

func withoutCores(start func() error) error { return start() }
