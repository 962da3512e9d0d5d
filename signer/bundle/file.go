package bundle

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// openFolder opens the folder in which the sidecars lie.
func (s Search) openFolder() (*os.File, error) {
	if s.Folder != nil {
		return s.Folder.Open(".")
	}
	return os.Open(filepath.Dir(s.Plugin))
}

func (s Search) stat(name string) (fs.FileInfo, error) {
	if s.Folder != nil {
		return s.Folder.Stat(filepath.Base(name))
	}
	return os.Stat(name)
}

func (s Search) open(name string) (*os.File, error) {
	const flags = os.O_RDONLY | syscall.O_NONBLOCK
	if s.Folder != nil {
		return s.Folder.OpenFile(filepath.Base(name), flags, 0)
	}
	return os.OpenFile(name, flags, 0)
}

// read reads the bundle in a regular file and no more of it than a bundle
// may have. Anything else that bears the name, such as a pipe that nobody
// writes to, is an error at once.
func (s Search) read(name string) ([]byte, error) {
	// Opening some devices does something, so look first; and look again at
	// what was opened, as the name may mean another file by then. O_NONBLOCK
	// keeps a pipe that came in between from waiting for its writer.
	info, err := s.stat(name)
	if err != nil {
		return nil, err
	}
	if err := checkFile(info); err != nil {
		return nil, err
	}
	f, err := s.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	if err := checkFile(info); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxSize {
		return nil, fmt.Errorf("grew beyond %d bytes while it was read", MaxSize)
	}
	return data, nil
}

// checkFile refuses what is not a regular file and what is too large.
func checkFile(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("is %s, expected a regular file", modeName(info.Mode()))
	}
	if info.Size() > MaxSize {
		return fmt.Errorf("is too large: %d bytes, at most %d are read", info.Size(), MaxSize)
	}
	return nil
}

func modeName(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "a special file"
}
