package inspector

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// target is the machine on which the host is to run: the running one, or a folder
// that holds a machine's file system. Its methods take paths as that machine's
// programs would.
type target struct {
	dir string // "" for the running machine
}

// maxLinks is how many symbolic links a path may lead over, as in the kernel.
const maxLinks = 40

// locate gives where a path of the target lies on the running machine. Links in a
// folder that stands for a machine are followed within it, absolute ones too, so that
// no path leads out of it.
func (t target) locate(file string) (string, error) {
	if t.dir == "" {
		return file, nil
	}
	resolved, rest := "/", strings.Split(file, "/")
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			resolved = path.Dir(resolved)
			continue
		}
		next := path.Join(resolved, name)
		info, err := os.Lstat(t.dir + next)
		if err != nil {
			return "", err
		}
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			if links++; links > maxLinks {
				return "", &fs.PathError{Op: "open", Path: file, Err: syscall.ELOOP}
			}
			to, err := os.Readlink(t.dir + next)
			if err != nil {
				return "", err
			}
			if path.IsAbs(to) {
				resolved = "/"
			}
			rest = append(strings.Split(to, "/"), rest...)
			continue
		case len(rest) > 0 && !info.IsDir():
			return "", &fs.PathError{Op: "open", Path: file, Err: syscall.ENOTDIR}
		}
		resolved = next
	}
	return t.dir + resolved, nil
}

// open opens a file of the target for reading. Folders are errors that match EISDIR,
// as reading them would be.
func (t target) open(file string) (*os.File, fs.FileInfo, error) {
	real, err := t.locate(file)
	if err != nil {
		return nil, nil, err
	}
	info, err := os.Stat(real)
	switch {
	case err != nil:
		return nil, nil, err
	case info.IsDir():
		return nil, nil, &fs.PathError{Op: "read", Path: file, Err: syscall.EISDIR}
	case !info.Mode().IsRegular(): // a pipe would wait for ever
		return nil, nil, fmt.Errorf("%s is not a regular file", file)
	}
	f, err := os.Open(real)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// read reads a small file of the target.
func (t target) read(file string, most int64) ([]byte, error) {
	f, info, err := t.open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info.Size() > most {
		return nil, fmt.Errorf("%s has %d bytes, at most %d are read", file, info.Size(), most)
	}
	data := make([]byte, info.Size())
	_, err = f.ReadAt(data, 0)
	return data, err
}

// isDir says whether the target has a folder of that name.
func (t target) isDir(name string) bool {
	real, err := t.locate(name)
	if err != nil {
		return false
	}
	info, err := os.Stat(real)
	return err == nil && info.IsDir()
}

// CheckSysroot says what keeps a folder from standing for a machine: the error of
// reading it, or that it holds neither lib nor usr.
func CheckSysroot(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("sysroot: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("sysroot %s is a file, want the folder that holds a machine's lib and usr", dir)
	}
	t := target{dir}
	for _, name := range []string{"/lib", "/lib64", "/usr/lib", "/usr/lib64"} {
		if t.isDir(name) {
			return nil
		}
	}
	return fmt.Errorf("sysroot %s has no folder lib, lib64, usr/lib or usr/lib64, want the root of a machine's file system", dir)
}

// errno gives the system's error within an error.
func errno(err error) syscall.Errno {
	var e syscall.Errno
	if errors.As(err, &e) {
		return e
	}
	return syscall.EIO
}

// describeErrno words an error as glibc's and musl's strerror do; Go's words begin
// with a small letter.
func describeErrno(e syscall.Errno) string {
	switch e {
	case syscall.ELOOP:
		return "Too many levels of symbolic links"
	case syscall.ENAMETOOLONG:
		return "File name too long"
	}
	s := e.Error()
	return strings.ToUpper(s[:1]) + s[1:]
}

// checkSysroot says of a folder that stands for a machine that it is none on which the
// host could run.
func (o Options) checkSysroot(h *Host) error {
	b := h.Binary()
	if o.Sysroot == "" || b.Interpreter == "" {
		return nil
	}
	if err := CheckSysroot(o.Sysroot); err != nil {
		return err
	}
	if h.machine(o.Sysroot).empty {
		return fmt.Errorf("sysroot %s is not that of a machine on which %s runs: it has no %s for %s, which the host names as its interpreter", o.Sysroot, b.File, b.Interpreter, b.Platform)
	}
	return nil
}
