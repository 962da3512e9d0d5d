package builder

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// full is a file whose copy does not fit on the disk.
type full struct{ left int }

func (f *full) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, syscall.ENOSPC
	}
	n := min(f.left, len(p))
	f.left -= n
	return n, nil
}

// A disk that is full while files are written beside their places leaves what was there,
// and nothing else.
func TestWriteBesideFull(t *testing.T) {
	dir := t.TempDir()
	output := filepath.Join(dir, "p.so")
	write(t, output, "old")
	name, err := writeBeside(output, &full{left: 100_000}, 0o755)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v", err)
	}
	if err := (&waiting{plugin: name}).remove(); err != nil {
		t.Error(err)
	}
	if got := names(t, dir); got != "p.so" {
		t.Errorf("files %s", got)
	}
	if name, err := writeBeside(filepath.Join(dir, "gone", "p.so"), io.LimitReader(&full{}, 0), 0o755); err == nil || name != "" {
		t.Errorf("a folder that is not there: %q, %v", name, err)
	}
	if got, err := os.ReadFile(output); err != nil || string(got) != "old" {
		t.Errorf("output is %q, %v", got, err)
	}
}
