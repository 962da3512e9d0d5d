package goelf

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// FuzzTypes changes bytes of a real plugin, in the part that holds its types, and reads
// what it exports: three bytes of the input say where, from the first type on, and one
// what to write there.
func FuzzTypes(f *testing.F) {
	out := filepath.Join(f.TempDir(), "plug.so")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-buildmode=plugin", "-o", out, "./plug")
	cmd.Dir = "../../testdata/contract"
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if msg, err := cmd.CombinedOutput(); err != nil {
		f.Fatalf("%v\n%s", err, msg)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		f.Fatal(err)
	}
	im, err := NewBytes(data)
	if err != nil {
		f.Fatal(err)
	}
	p, err := im.ReadPlugin(0)
	if err != nil || len(p.Exports) < 20 {
		f.Fatalf("%d exports, %v", len(p.Exports), err)
	}
	types, err := im.PluginTypes(p, 0)
	if err != nil {
		f.Fatal(err)
	}
	start, end := uint64(0), uint64(0)
	for _, s := range im.segs {
		if s.typ == segLoad && types.base >= s.vaddr && types.base-s.vaddr < s.filesz {
			start, end = s.off+types.base-s.vaddr, s.off+s.filesz
		}
	}
	if end == 0 {
		f.Fatal("the types are nowhere")
	}
	for _, e := range p.Exports {
		at := e.typ - types.base
		for _, field := range []uint64{20, 23, 40, 48, 52, 56} { // flags, kind, name, and what follows
			f.Add([]byte{byte(at + field), byte((at + field) >> 8), byte((at + field) >> 16), 0xff})
		}
	}
	f.Fuzz(func(t *testing.T, edits []byte) {
		type undo struct {
			at  uint64
			was byte
		}
		var undos []undo
		for ; len(edits) >= 4 && len(undos) < 64; edits = edits[4:] {
			at := start + uint64(edits[0]) + uint64(edits[1])<<8 + uint64(edits[2])<<16
			if at < end {
				undos = append(undos, undo{at, data[at]})
				data[at] = edits[3]
			}
		}
		began := time.Now()
		readTypes(data)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("reading the types took %v", took)
		}
		for i := len(undos) - 1; i >= 0; i-- {
			data[undos[i].at] = undos[i].was
		}
	})
}

// readTypes reads all that a contract may ask for; the point is that it ends.
func readTypes(data []byte) {
	im, err := NewBytes(data)
	if err != nil {
		return
	}
	for _, minor := range []int{0, 21, 24, 26, 27} {
		p, err := im.ReadPlugin(minor)
		if err != nil {
			continue
		}
		types, err := im.PluginTypes(p, minor)
		if err != nil {
			continue
		}
		for _, e := range p.Exports {
			if t, err := types.Type(e); err == nil {
				_ = t.GoText()
				types.Find(t)
			}
			types.Methods(e)
			types.Export(e)
			types.Pointee(e)
		}
	}
}
