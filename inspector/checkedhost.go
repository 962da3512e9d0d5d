package inspector

import (
	"fmt"
	"io"
)

// OpenCheckedHost is OpenHost for a host whose bytes are checked first, for who signed
// them as a rule: what is judged are the very bytes that passed, read into memory. The
// error is the check's own where it fails.
func OpenCheckedHost(file string, check func(data []byte) error) (*Host, error) {
	f, size, err := openRegular(file)
	if err != nil {
		return nil, fmt.Errorf("open host: %w", err)
	}
	defer f.Close()
	if size > maxPlugin {
		return nil, fmt.Errorf("read host %s: it has %d bytes, at most %d are read", file, size, int64(maxPlugin))
	}
	data, err := io.ReadAll(io.NewSectionReader(f, 0, size))
	if err != nil {
		return nil, fmt.Errorf("read host %s: %w", file, err)
	}
	if err := check(data); err != nil {
		return nil, err
	}
	if len(data) > 0 && data[0] == '{' {
		return parseDescriptor(file, data)
	}
	h, err := newHost(file, data)
	if err != nil {
		return nil, fmt.Errorf("read host %s: %w", file, err)
	}
	return h, nil
}
