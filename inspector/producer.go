package inspector

import (
	"errors"
	"fmt"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// CompilerFlags says with which flags the compiler made each of the host's packages, as
// far as its debug information keeps them; nil where it has none. Build information
// keeps only the last of several -gcflags.
func (h *Host) CompilerFlags() (flags map[string][]string, err error) {
	if h.image == nil {
		return nil, nil
	}
	err = guard(func() (err error) { flags, err = h.image.CompilerFlags(); return err })
	if errors.Is(err, goelf.ErrNoDebugInfo) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read host %s: %w", h.bin.File, err)
	}
	return flags, nil
}
