package builder

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/natefinch/atomic"
)

// Locked keeps builds, and others that call it, out of a file's folder while act puts
// files there. What act replaces is read whole or not at all at every moment, and is on
// disk when replace returns; a failure leaves what was there. A symbolic link is replaced
// itself: in a stranger's folder it may lead to any file of the user's.
func Locked(ctx context.Context, file string, act func(replace func(file string, data []byte, mode fs.FileMode) error) error) error {
	return withFolders(ctx, []string{file}, func() error { return act(replaceIn) })
}

// replaceIn puts new content in a file's place, in a folder that is locked. It follows no
// symbolic link; see target.
func replaceIn(file string, data []byte, mode fs.FileMode) error {
	name, err := writeBeside(file, bytes.NewReader(data), mode)
	if err == nil {
		err = atomic.ReplaceFile(name, file)
	}
	if err != nil && name != "" {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}
