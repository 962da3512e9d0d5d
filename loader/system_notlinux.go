//go:build !linux

package loader

func noExec(string) bool { return false }

func keep(_ string, data []byte) []byte { return data }

// mapped assumes the worse: that a plugin which failed stays in the way.
func (d privateDir) mapped() bool { return true }
