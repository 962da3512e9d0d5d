package inspector_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/plugtool/plugtool/inspector"
)

// FuzzPatchedPlugin writes words into a real plugin and judges the result in a real
// host: random bytes hardly ever have tables that point to tables. Seven bytes of input
// are one patch: where, in four bytes, how, in one, and what, in two.
func FuzzPatchedPlugin(f *testing.F) {
	good, err := os.ReadFile(shop.file(f, "plain-strip.so"))
	if err != nil {
		f.Fatal(err)
	}
	h, err := inspector.OpenHost(shop.file(f, "host"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { h.Close() })
	regions := hotRegions(f, good)
	f.Add([]byte{0, 0, 0, 56, 0, 9, 0})
	f.Add([]byte{2, 0, 0, 8, 1, 0xff, 0xff, 3, 0, 0, 24, 2, 1, 0})
	f.Fuzz(func(t *testing.T, patches []byte) {
		data := append([]byte(nil), good...)
		for ; len(patches) >= 7; patches = patches[7:] {
			patch(data, regions, patches)
		}
		start := time.Now()
		readAll(data)
		v, err := inspector.Check(h, []*inspector.Plugin{inspector.NewPlugin("p.so", data), inspector.NewPlugin("q.so", good)})
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Plugins) != 2 || v.Plugins[0].Outcome == inspector.Unknown {
			t.Errorf("verdict is %+v", v)
		}
		if d := time.Since(start); d > 5*time.Second { // on a machine that does much else
			t.Errorf("judging took %v", d)
		}
	})
}

func patch(data []byte, regions [][2]int, p []byte) {
	r := regions[int(p[0])%len(regions)]
	at := r[0] + int(binary.LittleEndian.Uint32([]byte{p[1], p[2], p[3], 0}))%max(r[1]-r[0], 1)
	if at+8 > len(data) {
		return
	}
	word := data[at : at+8]
	what := uint64(binary.LittleEndian.Uint16(p[5:]))
	switch p[4] % 5 {
	case 0:
		word[0] = byte(what)
	case 1:
		binary.LittleEndian.PutUint64(word, what<<48|what)
	case 2:
		binary.LittleEndian.PutUint64(word, binary.LittleEndian.Uint64(word)+what)
	case 3:
		binary.LittleEndian.PutUint64(word, binary.LittleEndian.Uint64(word)-what)
	case 4:
		binary.LittleEndian.PutUint32(word, uint32(int32(int16(what))))
	}
}

// TestDamagedPluginsAllocateLittle: 64 MB for a file of 10 MB are the most that judging
// may allocate, whatever the file says. It does not run beside other tests, since it
// counts what the process allocates.
func TestDamagedPluginsAllocateLittle(t *testing.T) {
	good, err := os.ReadFile(shop.file(t, "plain-strip.so"))
	if err != nil {
		t.Fatal(err)
	}
	h, err := inspector.OpenHost(shop.file(t, "host"))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if _, err := inspector.Check(h, []*inspector.Plugin{inspector.NewPlugin("p.so", good)}); err != nil {
		t.Fatal(err) // from here on the host's part is read
	}
	limit := uint64(len(good)) / 10 * 64
	regions, rnd := hotRegions(t, good), rand.New(rand.NewPCG(7, 9))
	for i := range 300 {
		data := bytes.Clone(good)
		for range 1 + rnd.IntN(6) {
			words := binary.LittleEndian.AppendUint64(nil, rnd.Uint64())
			patch(data, regions, words)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := inspector.Check(h, []*inspector.Plugin{inspector.NewPlugin("p.so", data)}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > limit {
			t.Errorf("round %d: %d bytes for a file of %d, at most %d", i, n, len(good), limit)
		}
	}
}
