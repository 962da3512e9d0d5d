package inspector

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// descriptorSeeds are descriptors with all that there may be in one.
func descriptorSeeds() []string {
	return []string{
		`{"schema":"plugtool.host/v1","file":"h","kind":"host","platform":"linux/amd64","loading":"works","packages":[{"path":"fmt","hash":"0011223344556677"}]}`,
		`{"schema":"plugtool.host/v1","file":"h","kind":"host","platform":"linux/amd64","goVersion":"go1.26.8","path":"example.com/h","main":{"path":"example.com/h","version":"(devel)"},` +
			`"deps":[{"path":"example.com/m","version":"v1.0.0","sum":"h1:x"},{"path":"example.com/r","version":"v1.0.0","replace":{"path":"../r"}}],` +
			`"settings":[{"key":"-trimpath","value":"true"},{"key":"GOAMD64","value":"v1"},{"key":"DefaultGODEBUG","value":"panicnil=1"},{"key":"vcs.revision","value":"abc"}],` +
			`"packages":[{"path":"example.com/m","hash":"0011223344556677"},{"path":"runtime","hash":"0000000100000000"}],"loading":"works","interpreter":"/lib64/ld-linux-x86-64.so.2",` +
			`"needed":["libc.so.6","/etc/passwd"],"glibc":"2.34","moduledataSize":592,"folders":{"example.com/m":"/src/m"},"cSymbols":"AAECAwQFBgc=","rpath":["$ORIGIN/lib"],"runpath":["/lib"],` +
			`"covered":["fmt"],"linkerStrings":{"example.com/m.V":"host"},"stringVariables":"AAECAwQFBgc=","contract":[{"symbol":"Greet","type":"func(string) string"},{"symbol":"P","type":"a.b/c.I","text":"c.I","interface":"interface { M() }"},{"symbol":"V"}]}`,
		`{"schema":"plugtool.host/v1","file":"h","kind":"executable","platform":"linux/arm64","loading":"stub"}`,
	}
}

// FuzzDescriptor: a descriptor that lies is one whose signer lied; it cannot make
// plugtool fail, and what was read is written again as it was.
func FuzzDescriptor(f *testing.F) {
	for _, seed := range descriptorSeeds() {
		f.Add([]byte(seed))
	}
	data := sharedObjectFor(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := parseDescriptor("h.json", text)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has several lines: %q", err)
			}
			return
		}
		once, err := h.Descriptor()
		if err != nil {
			t.Fatalf("a descriptor that was read cannot be written: %v", err)
		}
		again, err := parseDescriptor("h.json", once)
		if err != nil {
			t.Fatalf("%v: %s", err, once)
		}
		if twice, err := again.Descriptor(); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("written twice it differs: %v\n%s\n%s", err, once, twice)
		}
		p := NewPlugin("p.so", data)
		p.Binary = &Binary{File: p.File, GoVersion: "go1.26.8", Settings: []Setting{{"GOAMD64", "v3"}, {"DefaultGODEBUG", "panicnil=0"}}}
		p.mod = &goelf.Plugin{Path: "p", Packages: []goelf.PackageHash{{Path: "runtime", Hash: Hash{3: 1}}, {Path: "example.com/m", Hash: Hash{1}}}}
		if _, err := (Options{Costs: true}).AnyOrder(h, []*Plugin{p, NewPlugin("q.so", data)}); err != nil {
			t.Errorf("judging: %v", err)
		}
		d, err := Options{}.Diff(h, again, nil)
		if err != nil || d.Breaks != BreaksNone || len(d.Changed)+len(d.Gone)+len(d.Added)+len(d.Settings)+len(d.C) > 0 {
			t.Errorf("a host differs from itself: %+v, %v", d, err)
		}
	})
}

func sharedObjectFor(tb testing.TB) []byte {
	data, err := os.ReadFile("/lib64/ld-linux-x86-64.so.2")
	if err != nil {
		return []byte("\x7fELF")
	}
	_ = tb
	return data
}

// TestDescriptorMemory: a descriptor of the size that is allowed costs little, whatever
// is in it.
func TestDescriptorMemory(t *testing.T) {
	most := maxElements - 3
	fill := func(start, entry, end string) []byte {
		var b bytes.Buffer
		b.WriteString(start)
		for i := 0; b.Len() < maxDescriptor-200 && i < most; i++ {
			b.WriteString(strings.ReplaceAll(entry, "%x", strconv.FormatInt(int64(i), 16)))
		}
		b.WriteString(end)
		return b.Bytes()
	}
	long := strings.Repeat("x", 40)
	const head = `{"schema":"plugtool.host/v1","file":"h","kind":"host","platform":"linux/amd64","loading":"works",`
	for name, data := range map[string][]byte{
		"packages": fill(head+`"packages":[{"path":"x","hash":"0011223344556677"}`, `,{"path":"%x/`+long[:14]+`","hash":"0011223344556677"}`, `]}`),
		"modules":  fill(head+`"deps":[{}`, `,{"path":"m%x","replace":{"path":"m%x","replace":{}}}`, `],"packages":[{"path":"x","hash":"0011223344556677"}]}`),
		"settings": fill(head+`"settings":[{}`, `,{"key":"%x","value":"`+long+`"}`, `],"packages":[{"path":"x","hash":"0011223344556677"}]}`),
		"folders":  fill(head+`"folders":{"x":""`, `,"%x":"`+long+`"`, `},"packages":[{"path":"x","hash":"0011223344556677"}]}`),
		"covered":  fill(head+`"covered":[""`, `,"`+long+`%x"`, `],"packages":[{"path":"x","hash":"0011223344556677"}]}`),
		"names":    fill(`{"x":1`, `,"%x":1`, `}`),
		"too many": []byte(head + `"covered":["x"` + strings.Repeat(`,""`, 1<<20) + "]}"),
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		start := time.Now()
		h, err := parseDescriptor("h.json", data)
		took := time.Since(start)
		runtime.GC()
		runtime.ReadMemStats(&after)
		kept := int64(after.HeapAlloc) - int64(before.HeapAlloc)
		t.Logf("%s: %d bytes, %v: allocated %d MB, kept %d MB, %v", name, len(data), took, (after.TotalAlloc-before.TotalAlloc)>>20, kept>>20, err)
		if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; allocated > 64 {
			t.Errorf("%s: %d MB are allocated", name, allocated)
		}
		runtime.KeepAlive(h)
	}
}

// TestOpenCheckedHost: what is judged is what was checked.
func TestOpenCheckedHost(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "h.json")
	if err := os.WriteFile(file, []byte(descriptorSeeds()[0]), 0o644); err != nil {
		t.Fatal(err)
	}
	h, err := OpenCheckedHost(file, func(data []byte) error {
		if string(data) != descriptorSeeds()[0] {
			t.Errorf("the check gets %q", data)
		}
		return os.WriteFile(file, []byte("{}"), 0o644) // too late
	})
	if err != nil || len(h.known) != 1 {
		t.Errorf("host is %+v, %v", h, err)
	}
	want := errors.New("not signed")
	if _, err := OpenCheckedHost(file, func([]byte) error { return want }); !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

// TestSeedsAreRead: the seeds of the fuzz test are descriptors that say what they say.
func TestSeedsAreRead(t *testing.T) {
	t.Parallel()
	for _, seed := range descriptorSeeds() {
		h, err := parseDescriptor("h", []byte(seed))
		if err != nil {
			t.Errorf("%v: %s", err, seed)
			continue
		}
		text, err := h.Descriptor()
		if err != nil {
			t.Error(err)
		}
		again, err := parseDescriptor("h", text)
		if err != nil || !reflect.DeepEqual(h.bin.Deps, again.bin.Deps) || !reflect.DeepEqual(h.known, again.known) || !reflect.DeepEqual(h.csymbols, again.csymbols) {
			t.Errorf("%v: %s becomes %s", err, seed, text)
		}
	}
}
