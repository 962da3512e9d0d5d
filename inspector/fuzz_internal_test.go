package inspector

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/plugtool/plugtool/inspector/goelf"
)

func FuzzLibraryCache(f *testing.F) {
	data, err := os.ReadFile("/etc/ld.so.cache")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[:min(len(data), 4096)], "libc.so.6")
	f.Add(data, "libm.so.6")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		for _, target := range []goelf.Target{
			{Is64: true, Order: binary.LittleEndian, Machine: 62}, {Order: binary.LittleEndian, Machine: 40}, {Is64: true, Order: binary.BigEndian, Machine: 22},
		} {
			c := readLibraryCache(data, target)
			c.find(name, func() []string { return []string{"x86-64-v3"} })
			for _, n := range c.names() {
				if n == "" {
					t.Errorf("a library without a name")
				}
			}
		}
	})
}

func FuzzLibraryFolders(f *testing.F) {
	f.Add("include ld.so.conf.d/*.conf\n/usr/local/lib # comment\n")
	f.Add("include ld.so.conf\nhwcap 0 nosegneg\n/a,/b /c\n")
	f.Fuzz(func(t *testing.T, conf string) {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "etc", "ld.so.conf.d"), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"ld.so.conf", "ld.so.conf.d/a.conf", "ld.so.conf.d/b.conf"} {
			if err := os.WriteFile(filepath.Join(dir, "etc", name), []byte(conf), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for _, d := range cacheFolders(target{dir}, "/etc/ld.so.conf") {
			if d != "" && d[0] != '/' {
				t.Errorf("folder %q does not begin at the root", d)
			}
		}
	})
}
