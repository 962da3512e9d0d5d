package builder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// outputFolders are the folders that a run makes for its outputs.
type outputFolders struct {
	mu   sync.Mutex
	made []string
}

// make makes the folders of files, where they are not there.
func (o *outputFolders) make(files []string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, file := range files {
		dir := filepath.Dir(file)
		var missing []string
		for d := dir; ; d = filepath.Dir(d) {
			if _, err := os.Stat(d); !errors.Is(err, fs.ErrNotExist) {
				break
			}
			missing = append(missing, d)
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return fmt.Errorf("make the output's folder: %w", err)
		}
		slices.Reverse(missing)
		o.made = append(o.made, missing...)
	}
	return nil
}

// removeEmpty removes those in which there is nothing after all.
func (o *outputFolders) removeEmpty() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, dir := range slices.Backward(o.made) {
		_ = os.Remove(dir) // what has something in it stays
	}
}
