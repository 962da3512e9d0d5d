package inspector

import "syscall"

// forget gives up the memory that a mapping takes until it is read again.
func forget(data []byte) {
	if len(data) > 0 {
		_ = syscall.Madvise(data, syscall.MADV_DONTNEED) // it is only a hint
	}
}
