package inspector

import (
	"fmt"
	"strings"
)

// Defines says whether the host's binary exports a symbol, such as a function of its own:
// where plugins can be loaded, the Go linker exports all that it keeps, and it keeps only
// what the program can reach (cmd/link/internal/ld/deadcode.go). A descriptor tells
// of none. The error is one of reading the file.
func (h *Host) Defines(symbol string) (bool, error) {
	if h.image == nil {
		return false, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var ok bool
	err := guard(func() (err error) { _, ok, err = h.image.Lookup(symbol); return err })
	if err != nil {
		return false, fmt.Errorf("read host %s: %w", h.bin.File, err)
	}
	return ok, nil
}

// Concerns says whether a finding is about this line of a contract.
func (r Requirement) Concerns(f Finding) bool {
	wants := (&contractCheck{}).wants(r)
	return strings.HasPrefix(f.ID, "PT60") && f.Host == wants
}
