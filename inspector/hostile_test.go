package inspector_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/inspector/goelf"
)

// readAll reads everything that can be read of a file; the point is that it ends.
func readAll(data []byte) {
	goelf.CheckLoad(data, goelf.Target{Is64: true, Order: binary.LittleEndian, Machine: 62})
	p := inspector.NewPlugin("plugin.so", data)
	_ = p.SHA256()
	im, err := goelf.New(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return
	}
	im.BuildInfo()
	im.PackageHash("runtime")
	im.PackageHashes()
	im.Needed()
	im.Dependencies()
	im.VersionDefs()
	im.CheckSegments()
	im.CheckDynamic()
	im.CheckRelro()
	im.CheckInit()
	if refs, err := im.References(); err == nil {
		for _, r := range refs[:min(len(refs), 100)] {
			im.Find(r.Name, r.Version, true)
			im.Find(r.Name, goelf.VersionRef{}, false)
		}
	}
	im.VersionNeeds()
	if m, err := im.ReadPlugin(0); err == nil {
		if types, err := im.PluginTypes(m, 0); err == nil {
			for _, e := range m.Exports {
				types.Type(e)
				types.Methods(e)
			}
		}
	}
	im.SourceFiles(func(string, string) bool { return true })
}

// FuzzFile begins from a small C library, whose headers and tables are those of a
// plugin.
func FuzzFile(f *testing.F) {
	out := filepath.Join(f.TempDir(), "lib.so")
	if msg, err := exec.Command("gcc", "-shared", "-fPIC", "-s", "-o", out, "../testdata/verdict/clib/lib.c").CombinedOutput(); err != nil {
		f.Fatalf("%v\n%s", err, msg)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)/2])
	for _, name := range []string{"program.nrv2b", "program.nrv2e", "program.lzma", "library.so.nrv2d"} {
		packed, err := os.ReadFile("goelf/testdata/upx/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	f.Add([]byte("\x7fELF"))
	f.Fuzz(func(t *testing.T, data []byte) {
		// A busy machine may stop the process for seconds, but hardly three times.
		var took time.Duration
		for range 3 {
			start := time.Now()
			readAll(data)
			if took = time.Since(start); took < time.Second {
				return
			}
		}
		t.Errorf("reading %d bytes took %v", len(data), took)
	})
}

// TestDamagedPlugins changes bytes of a real plugin, most of them where the reader
// follows pointers, and judges the result.
func TestDamagedPlugins(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile(shop.file(t, "plain-strip.so"))
	if err != nil {
		t.Fatal(err)
	}
	h, err := inspector.OpenHost(shop.file(t, "host"))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	rnd := rand.New(rand.NewPCG(1, 2))
	regions := hotRegions(t, good)
	for i := range 400 {
		data := bytes.Clone(good)
		for range 1 + rnd.IntN(8) {
			r := regions[rnd.IntN(len(regions))]
			at := r[0] + rnd.IntN(r[1]-r[0])
			data[at] = []byte{0, 0xff, 0x7f, 0x80, byte(rnd.Uint32()), data[at] + 1}[rnd.IntN(6)]
		}
		start := time.Now()
		readAll(data)
		v, err := inspector.Check(h, []*inspector.Plugin{inspector.NewPlugin("p.so", data)})
		if err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
		if v.Plugins[0].Outcome == inspector.Unknown {
			t.Errorf("round %d: no outcome", i)
		}
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("round %d took %v", i, d)
		}
	}
}

// hotRegions gives offsets of the headers and of what PT_DYNAMIC points to.
func hotRegions(t testing.TB, data []byte) [][2]int {
	t.Helper()
	o := binary.LittleEndian
	regions := [][2]int{{16, 64}, {64, 64 + 56*int(o.Uint16(data[56:]))}}
	for i := range int(o.Uint16(data[56:])) {
		p := data[64+i*56:]
		off, size := int(o.Uint64(p[8:])), int(o.Uint64(p[32:]))
		switch o.Uint32(p) {
		case 2: // PT_DYNAMIC
			regions = append(regions, [2]int{off, off + size}, [2]int{off, off + size})
		case 1: // PT_LOAD: the beginnings hold hash tables, type data and module data
			regions = append(regions, [2]int{off, off + min(size, 4096)}, [2]int{off, off + size})
		}
	}
	for i := range 20 { // relocations and strings lie in the first segment
		regions = append(regions, [2]int{i * 16384, i*16384 + 16384})
	}
	return regions
}
