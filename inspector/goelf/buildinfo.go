package goelf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrNoBuildInfo is returned for a file without Go build information.
var ErrNoBuildInfo = errors.New("no Go build information")

var buildInfoMagic = []byte("\xff Go buildinf:")

// buildInfoAlign and buildInfoHeader are from debug/buildinfo, which cannot be
// used here: it needs section headers, which a loadable file may lack.
const (
	buildInfoAlign  = 16
	buildInfoHeader = 32
	buildInfoMax    = 4 << 20 // bytes; golangci-lint has 19 kB
)

// BuildInfo gives the Go version and the module information that the go command
// stored in the file, in the form that runtime/debug.ParseBuildInfo reads
// (format: cmd/link/internal/ld/data.go, buildinfo). Only the inline form is
// read, which Go has written since 1.18. Where a tool has removed it, the runtime's own
// copies of both serve, which a host and a plugin export.
func (im *Image) BuildInfo() (version, modinfo string, err error) {
	if s, ok, err := im.Lookup("go:buildinfo"); err == nil && ok {
		if v, m, err := im.buildInfoAt(s.Value); err == nil {
			return v, m, nil
		}
	}
	const writable = 2 // PF_W
	for _, s := range im.segs {
		if s.typ != segLoad || s.flags&writable == 0 {
			continue
		}
		const step = 1 << 20
		for off := uint64(0); off < s.filesz; off += step {
			// Steps overlap by a header so that none is missed across their border.
			b, err := im.table(s.vaddr+off, min(step+buildInfoHeader, s.filesz-off))
			if err != nil {
				return "", "", err
			}
			for at := 0; ; at += buildInfoAlign {
				i := bytes.Index(b[at:], buildInfoMagic)
				if i < 0 {
					break
				}
				at += i
				addr := s.vaddr + off + uint64(at)
				if v, m, err := im.buildInfoAt(addr); err == nil && addr%buildInfoAlign == 0 {
					return v, m, nil
				}
				if at+buildInfoAlign >= len(b) {
					break
				}
			}
		}
	}
	return im.runtimeBuildInfo()
}

// runtimeBuildInfo is BuildInfo from the variables that runtime.Version and
// runtime/debug.ReadBuildInfo use.
func (im *Image) runtimeBuildInfo() (version, modinfo string, err error) {
	v, ok, err := im.Lookup("runtime.buildVersion")
	if err != nil || !ok {
		return "", "", ErrNoBuildInfo
	}
	if version, err = im.goString(v.Value, 256); err != nil || version == "" {
		return "", "", ErrNoBuildInfo
	}
	if m, ok, err := im.Lookup("runtime.modinfo"); err == nil && ok {
		if modinfo, err = im.goString(m.Value, buildInfoMax); err != nil {
			modinfo = ""
		}
	}
	return version, withoutMarks(modinfo), nil
}

// withoutMarks gives the text between the two 16-byte marks that it stands in
// (cmd/go/internal/modload.ModInfoData).
func withoutMarks(m string) string {
	if len(m) >= 33 && m[len(m)-17] == '\n' {
		return m[16 : len(m)-16]
	}
	return ""
}

func (im *Image) buildInfoAt(addr uint64) (version, modinfo string, err error) {
	// Most files have a few kilobytes; reading more of them costs time.
	for size := uint64(32 << 10); ; size *= 8 {
		version, modinfo, err = im.buildInfoIn(addr, size)
		if !errors.Is(err, errCut) || size > buildInfoMax {
			return version, modinfo, err
		}
	}
}

// errCut says that the build information goes on behind what was read of it.
var errCut = fmt.Errorf("%w: it is cut off", ErrNoBuildInfo)

// buildInfoIn reads build information that has at most size bytes.
func (im *Image) buildInfoIn(addr, size uint64) (version, modinfo string, err error) {
	h, err := im.table(addr, size)
	if err != nil || len(h) < buildInfoHeader || !bytes.HasPrefix(h, buildInfoMagic) {
		return "", "", ErrNoBuildInfo
	}
	const inline = 2
	if h[15]&inline == 0 {
		return "", "", ErrNoBuildInfo
	}
	v, rest, ok := varintString(h[buildInfoHeader:])
	if !ok {
		return "", "", errCut
	}
	m, _, ok := varintString(rest)
	if !ok {
		return "", "", errCut
	}
	return v, withoutMarks(m), nil
}

func varintString(b []byte) (string, []byte, bool) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return "", nil, false
	}
	return string(b[k : k+int(n)]), b[k+int(n):], true
}

// Contains says whether a byte sequence occurs in one of the file's segments.
func (im *Image) Contains(want []byte) (bool, error) {
	const step = 4 << 20
	for _, s := range im.segs {
		if s.typ != segLoad {
			continue
		}
		for off := uint64(0); off < s.filesz; off += step {
			b, err := im.file.view(s.off+off, min(step+uint64(len(want)), s.filesz-off))
			if err != nil {
				return false, err
			}
			if bytes.Contains(b, want) {
				return true, nil
			}
		}
	}
	return false, nil
}
