package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// writeFile puts a file into place whole or not at all: whoever reads it finds
// the old content or the new. perm is what the umask is taken from. What is
// there and is no regular file, /dev/stdout or a pipe, is written as it is.
func writeFile(file string, perm fs.FileMode, write func(io.Writer) error) (err error) {
	target, err := filepath.EvalSymlinks(file)
	if errors.Is(err, fs.ErrNotExist) {
		target, err = file, nil
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(file)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a folder", file)
	case err == nil && !info.Mode().IsRegular():
		return writeInPlace(file, write)
	}
	temp, err := createBeside(target, perm)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(temp.Name())
		}
	}()
	if err := writeAndClose(temp, write); err != nil {
		return err
	}
	return os.Rename(temp.Name(), target)
}

// createBeside makes a new file next to target. os.CreateTemp would give it
// the mode 0600 whatever the umask.
func createBeside(target string, perm fs.FileMode) (*os.File, error) {
	for try := range 1000 {
		name := filepath.Join(filepath.Dir(target), fmt.Sprintf(".%s.%d.%d", filepath.Base(target), os.Getpid(), try))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("create a file in %s: %w", filepath.Dir(target), errors.Unwrap(err))
		}
		return f, nil
	}
	return nil, fmt.Errorf("create a file in %s: every temporary name is taken", filepath.Dir(target))
}

func writeInPlace(file string, write func(io.Writer) error) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	return writeAndClose(f, write)
}

func writeAndClose(f *os.File, write func(io.Writer) error) error {
	buffered := bufio.NewWriter(f)
	err := write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	return errors.Join(err, f.Close())
}

// holdsOther tells whether a regular file holds anything but data. It reads no more than
// a piece at a time: data may be hundreds of megabytes.
func holdsOther(file string, data []byte) bool {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe may be there by now
	if err != nil {
		return false
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil || !info.Mode().IsRegular() {
		return false
	}
	if info.Size() != int64(len(data)) {
		return true
	}
	piece := make([]byte, 64<<10)
	for len(data) > 0 {
		n, err := io.ReadFull(f, piece[:min(len(piece), len(data))])
		if err != nil || !bytes.Equal(piece[:n], data[:n]) {
			return true
		}
		data = data[n:]
	}
	return false
}

// readNamed reads a file that a person names, who may name a pipe, or one that
// plugtool.yaml names, which may not.
func (p *program) readNamed(file string, limit int64) ([]byte, error) {
	if !p.named[file] {
		return readSmall(file, limit)
	}
	data, err := readRegular(file, limit)
	if special, ok := errors.AsType[*specialError](err); ok {
		return nil, usagef("", "%s, which %s names, %s", file, configName, special.what())
	}
	return data, err
}

// readRegular is readSmall for what strangers name or leave: a pipe would be waited for, and
// reading a device may do something.
func readRegular(file string, limit int64) ([]byte, error) {
	info, err := os.Stat(file)
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil, &specialError{file, info.Mode()}
	}
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe may be there by now
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil, &specialError{file, info.Mode()}
	}
	return readOpen(f, file, limit)
}

// A specialError says that a file is none that can simply be read.
type specialError struct {
	file string
	mode fs.FileMode
}

func (e *specialError) Error() string { return e.file + " " + e.what() }

func (e *specialError) what() string {
	what := "a special file"
	switch {
	case e.mode&fs.ModeNamedPipe != 0:
		what = "a named pipe"
	case e.mode&fs.ModeSocket != 0:
		what = "a socket"
	case e.mode&fs.ModeDevice != 0:
		what = "a device"
	}
	return "is " + what + ", expected a regular file"
}

// readSmall reads a file of which it is known how large it can sensibly be.
func readSmall(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readOpen(f, file, limit)
}

func readOpen(f *os.File, file string, limit int64) ([]byte, error) {
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder", file)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s has more than %d bytes", file, limit)
	}
	return data, nil
}
