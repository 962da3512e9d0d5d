package builder

import (
	"fmt"
	"io"
	"os"
)

// maxModuleFile caps the size in bytes of a go.mod, go.sum or go.work file. The
// largest go.sum files have a megabyte.
const maxModuleFile = 64 << 20

// readRegular reads a file of a module, which may be a stranger's: what is no regular
// file is refused, since opening a pipe waits for ever, and so is one without an end.
func readRegular(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file (%s)", name, info.Mode().Type())
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxModuleFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxModuleFile {
		return nil, fmt.Errorf("%s has more than %d bytes", name, maxModuleFile)
	}
	return data, nil
}
