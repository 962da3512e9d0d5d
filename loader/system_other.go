//go:build !unix

package loader

import (
	"io/fs"
	"os"
)

// Go loads plugins on unix only; what follows lets hosts compile elsewhere,
// where the verdict refuses every plugin.

const openFlags = os.O_RDONLY

func ownedAndClosed(fs.FileInfo) error { return nil }

func unmovable(string) error { return nil }
