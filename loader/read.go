package loader

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// A candidate is a file that is to be opened as a plugin.
type candidate struct {
	file string   // its name in messages, and beside which its bundles lie
	root *os.Root // the folder from which OpenDir reads it and its bundles; nil for a path of Open
	name string   // its name in root
}

// read reads the candidate once, at most max bytes. What is no regular file is
// refused, without waiting for the other end of a pipe.
func (c candidate) read(ctx context.Context, max int64) ([]byte, fs.FileInfo, error) {
	f, info, err := c.openRegular()
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	if info.Size() > max {
		return nil, nil, fmt.Errorf("it has %d bytes, more than the %d that the policy allows", info.Size(), max)
	}
	data, err := readAll(ctx, f, info.Size(), max)
	return data, info, err
}

// openRegular opens a regular file. It looks before it opens, since opening a
// device can have effects, and again afterwards, at the file that it got.
func (c candidate) openRegular() (*os.File, fs.FileInfo, error) {
	info, err := c.stat()
	if err != nil {
		return nil, nil, cause(err)
	}
	if err := wantRegular(info); err != nil {
		return nil, nil, err
	}
	f, err := c.open()
	if err != nil {
		return nil, nil, cause(err)
	}
	info, err = f.Stat()
	if err == nil {
		err = wantRegular(info)
	}
	if err == nil && c.root != nil {
		err = ownedAndClosed(info)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func (c candidate) stat() (fs.FileInfo, error) {
	if c.root != nil {
		return c.root.Stat(c.name)
	}
	return os.Stat(c.file)
}

func (c candidate) open() (*os.File, error) {
	if c.root != nil {
		return c.root.OpenFile(c.name, openFlags, 0)
	}
	return os.OpenFile(c.file, openFlags, 0)
}

func wantRegular(info fs.FileInfo) error {
	if mode := info.Mode(); !mode.IsRegular() {
		return fmt.Errorf("it is no regular file (%v)", mode.Type())
	}
	return nil
}

// cause takes the path off a file error: the message names the plugin already.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("%s: %w", p.Op, p.Err)
	}
	return err
}

// readAll reads up to max bytes in pieces, so that ctx can stop it in between.
// size is what the file has now; it may grow or shrink meanwhile.
func readAll(ctx context.Context, r io.Reader, size, max int64) ([]byte, error) {
	const piece = 1 << 20
	data := make([]byte, 0, size+1) // one more, to see the end without growing
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := r.Read(data[len(data):min(cap(data), len(data)+piece)])
		data = data[:len(data)+n]
		if int64(len(data)) > max {
			return nil, fmt.Errorf("it grew past the %d bytes that the policy allows", max)
		}
		if err == io.EOF {
			return data, nil
		}
		if err != nil {
			return nil, cause(err)
		}
	}
}
