//go:build unix

package loader

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// openFlags keep open from waiting for the writer of a FIFO that took a
// regular file's place.
const openFlags = os.O_RDONLY | syscall.O_NONBLOCK

// ownedAndClosed is nil where only root and this process's user can change the
// file or folder.
func ownedAndClosed(info fs.FileInfo) error {
	kind := "it"
	if info.IsDir() {
		kind = "the folder"
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%s does not say who owns it", kind)
	}
	if uid := os.Geteuid(); stat.Uid != 0 && int64(stat.Uid) != int64(uid) {
		return fmt.Errorf("%s belongs to user %d, want root or user %d, who runs this", kind, stat.Uid, uid)
	}
	if perm := info.Mode().Perm(); perm&0o022 != 0 {
		return fmt.Errorf("%s may be written by its group or by others (%v), want nobody but its owner: chmod go-w", kind, perm)
	}
	return nil
}

// unmovable is nil where nobody but root and this process's user can put
// another folder in the place of one in dir, an absolute path without links.
func unmovable(dir string) error {
	for {
		info, err := os.Lstat(dir)
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		switch {
		case !ok:
			return fmt.Errorf("%s does not say who owns it", dir)
		case stat.Uid != 0 && int64(stat.Uid) != int64(os.Geteuid()):
			return fmt.Errorf("%s belongs to user %d, who could replace what is in it", dir, stat.Uid)
		case info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0:
			return fmt.Errorf("%s lets others replace what is in it (%v)", dir, info.Mode())
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil
		}
		dir = parent
	}
}
