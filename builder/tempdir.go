package builder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// A workDir is the temporary folder of one run. Everything temporary lies in
// it, the go command's own work included. It is locked while it is used, so
// that the next run can tell what a killed one left.
type workDir struct {
	path string
	lock *flock.Flock
	made atomic.Int64 // folders in it
}

const (
	workPrefix = "plugtool-build-"
	lockName   = "lock"
)

// tempBase gives the folder for temporary files that an environment names.
func tempBase(env []string) string {
	for _, key := range []string{"GOTMPDIR", "TMPDIR"} {
		if dir := getEnv(env, key); filepath.IsAbs(dir) {
			return dir
		}
	}
	return os.TempDir()
}

// newWorkDir removes what killed runs left and makes a folder for this one.
func newWorkDir(base string) (*workDir, error) {
	sweep(base)
	const attempts = 10
	for range attempts {
		path, err := os.MkdirTemp(base, workPrefix)
		if err != nil {
			return nil, fmt.Errorf("make a temporary folder: %w", err)
		}
		lock := flock.New(filepath.Join(path, lockName))
		locked, err := lock.TryLock()
		if noLocks(err) {
			// No run can lock anything here, so that none takes this folder for a dead
			// one; what a killed run leaves on such a file system stays.
			return &workDir{path: path, lock: lock}, nil
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, errors.Join(fmt.Errorf("lock the temporary folder: %w", err), os.RemoveAll(path))
		}
		// Another run's sweep may have taken the folder for a dead one before
		// the lock was there.
		if _, err := os.Stat(filepath.Join(path, lockName)); locked && err == nil {
			return &workDir{path: path, lock: lock}, nil
		}
		if err := lock.Close(); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("make a temporary folder in %s: others keep removing it", base)
}

// folder makes a folder in it.
func (w *workDir) folder() (string, error) {
	dir := filepath.Join(w.path, fmt.Sprintf("plan%d", w.made.Add(1)))
	return dir, os.Mkdir(dir, 0o700)
}

// remove removes the folder and all in it. It looks once more for what killed runs
// left: compilers that a killed run had started may have been writing there when this
// run began.
func (w *workDir) remove() error {
	err := errors.Join(removeLocked(w.path), w.lock.Close())
	sweep(filepath.Dir(w.path))
	return err
}

// removeLocked removes a folder whose lock is held, the lock last: a folder
// without one is taken for one that is just being made.
func removeLocked(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == lockName {
			continue
		}
		if err := removeAll(filepath.Join(path, e.Name())); err != nil {
			return err
		}
	}
	return os.RemoveAll(path)
}

// removeAll removes a folder in which processes that are about to end may still make
// files.
func removeAll(path string) (err error) {
	for wait := time.Millisecond; wait < 100*time.Millisecond; wait *= 2 {
		if err = os.RemoveAll(path); !errors.Is(err, syscall.ENOTEMPTY) {
			return err
		}
		time.Sleep(wait)
	}
	return err
}

// sweep removes this user's folders in base that no run holds. What it cannot
// remove, a later one will.
func sweep(base string) {
	paths, err := filepath.Glob(filepath.Join(escapeGlob(base), workPrefix+"*"))
	if err != nil {
		return
	}
	for _, path := range paths {
		fi, err := os.Lstat(path)
		if err != nil || !fi.IsDir() || !ownedBy(fi.Sys(), os.Getuid()) {
			continue
		}
		lock := flock.New(filepath.Join(path, lockName), flock.SetFlag(os.O_RDWR))
		locked, err := lock.TryLock()
		switch {
		case locked && err == nil:
			_ = removeLocked(path)
		case errors.Is(err, os.ErrNotExist):
			_ = os.Remove(path) // its run died, or is about to find out and make another
		}
		_ = lock.Close()
	}
}
