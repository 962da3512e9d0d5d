package goelf

import (
	"bytes"
	"debug/elf"
	"errors"
	"io"
	"os"
	"testing"
)

// TestUnpack unpacks what UPX 4.2.2 packed, and compares the segments with those of the
// file as it was. testdata/upx/gen.py wrote the source of both.
func TestUnpack(t *testing.T) {
	for _, c := range []struct {
		packed, original string
		may              int // how many bytes may differ
	}{
		{"program.nrv2b", "program", 0}, {"program.nrv2d", "program", 0}, {"program.nrv2e", "program", 0}, {"program.lzma", "program", 0},
		{"fixed.filter", "fixed", 3000},                                                // its code
		{"library.so.nrv2e", "library.so", 16}, {"library.so.nrv2d", "library.so", 16}, // DT_INIT
		{"program", "program", 0},
	} {
		packed, original := readTestdata(t, c.packed), readTestdata(t, c.original)
		got, err := Unpack(packed)
		if err != nil {
			t.Errorf("%s: %v", c.packed, err)
			continue
		}
		f, err := elf.NewFile(bytes.NewReader(original))
		if err != nil {
			t.Fatal(err)
		}
		differ := 0
		for _, p := range f.Progs {
			want, err := io.ReadAll(p.Open())
			if err != nil {
				t.Fatal(err)
			}
			if p.Type != elf.PT_LOAD {
				continue
			}
			if p.Off+p.Filesz > uint64(len(got)) {
				t.Fatalf("%s: %d bytes, want %d", c.packed, len(got), p.Off+p.Filesz)
			}
			for i, b := range want {
				if got[p.Off+uint64(i)] != b {
					differ++
				}
			}
		}
		if differ > c.may {
			t.Errorf("%s: %d bytes of the segments differ, at most %d may", c.packed, differ, c.may)
		}
	}
	if _, err := Unpack(readTestdata(t, "library.so.lzma")); !errors.Is(err, ErrPackedTraps) || !errors.Is(err, ErrPacked) {
		t.Errorf("library.so.lzma: %v, want %v", err, ErrPackedTraps)
	}
}

// TestUnpackDamaged: nothing that a packed file says makes Unpack panic, hang or write
// much.
func TestUnpackDamaged(t *testing.T) {
	for _, name := range []string{"program.nrv2b", "program.nrv2d", "program.nrv2e", "program.lzma", "library.so.nrv2e"} {
		data := readTestdata(t, name)
		for i := 0; i < len(data); i += 1 + i/16 {
			for _, x := range []byte{0x01, 0x80, 0xff} {
				bad := bytes.Clone(data)
				bad[i] ^= x
				out, err := Unpack(bad)
				if err == nil && len(out) > maxUnpackRatio*len(bad) {
					t.Fatalf("%s with byte %#x changed: %d bytes of %d", name, i, len(out), len(bad))
				}
			}
		}
	}
}

func readTestdata(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/upx/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
