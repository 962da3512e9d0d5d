package builder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// lockPatience is how long another build may take to put its files into a folder, or
// another program may keep the folder locked.
const lockPatience = 30 * time.Second

// withFolders keeps other builds out of the files' folders while act puts files there,
// and removes what killed builds left in them.
func withFolders(ctx context.Context, files []string, act func() error) error {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	return lockFolders(ctx, folders(files), act)
}

// folders lists the folders of files, as they are to be locked: each once, and in an
// order that two builds with the same folders share. A link to a file leads to the
// folder that it is replaced in.
func folders(files []string) []string {
	var dirs []string
	for i, file := range files {
		if i > 0 {
			file = target(file)
		}
		dir := filepath.Dir(file)
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			dir = real
		}
		dirs = append(dirs, dir)
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

func lockFolders(ctx context.Context, dirs []string, act func() error) (err error) {
	if len(dirs) == 0 {
		return act()
	}
	lock := flock.New(dirs[0], flock.SetFlag(os.O_RDONLY))
	const every = 10 * time.Millisecond
	_, err = lock.TryLockContext(ctx, every)
	switch {
	case noLocks(err) || errors.Is(err, syscall.EBADF) || errors.Is(err, fs.ErrPermission):
		// Network file systems lock no folders, and one that cannot be read cannot be
		// opened. What others left may be in use.
		return errors.Join(lock.Close(), lockFolders(ctx, dirs[1:], act))
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("folder %s is locked by another program, for more than %v", dirs[0], lockPatience)
	case err != nil:
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := removeLeft(dirs[0]); err != nil {
		return err
	}
	return lockFolders(ctx, dirs[1:], act)
}

// noLocks says that a file system has no locks.
func noLocks(err error) bool {
	return errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOLCK) || errors.Is(err, syscall.ENOSYS)
}

// removeLeft removes the temporary files of a folder that is locked: they are of builds
// that were killed.
func removeLeft(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil // files can be made there all the same
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		before, digits, found := strings.Cut(name, tempMark)
		if !found || !strings.HasPrefix(before, ".") || digits == "" || strings.Trim(digits, "0123456789") != "" || !e.Type().IsRegular() {
			continue
		}
		// Another user's in a folder such as /tmp cannot be removed, and does no harm.
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}
