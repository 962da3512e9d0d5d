package inspector_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// foreignFiles are beginnings of files that are no ELF shared objects, with the
// finding that each earns as a plugin and what it is said to be.
var foreignFiles = []struct{ name, data, id, what string }{
	{"macos-amd64", "\xcf\xfa\xed\xfe\x07\x00\x00\x01\x03\x00\x00\x00\x06\x00\x00\x00", "PT203", "darwin/amd64"},
	{"macos-arm64", "\xcf\xfa\xed\xfe\x0c\x00\x00\x01\x00\x00\x00\x00\x08\x00\x00\x00", "PT203", "darwin/arm64"},
	{"macos-fat", "\xca\xfe\xba\xbe\x00\x00\x00\x02\x01\x00\x00\x07\x00\x00\x00\x03", "PT203", "darwin/universal"},
	{"java", "\xca\xfe\xba\xbe\x00\x00\x00\x34\x00\x10\x0a\x00\x03\x00\x0d\x07", "PT202", "bytes that do not begin like an ELF file"},
	{"wasm", "\x00asm\x01\x00\x00\x00", "PT202", "a WebAssembly module"},
	{"script", "#!/bin/sh\nexec go build\n", "PT202", "a script"},
	{"archive", "!<arch>\n/               0           0     0     0       14        `\n", "PT202", "an archive of object files"},
	{"package", "!<arch>\n__.PKGDEF       0           0     0     644     1056      `\ngo object linux amd64 go1.26.8\n", "PT202", "a Go package archive"},
	{"ldscript", "/* GNU ld script */\nGROUP ( libc.so.6 )\n", "PT202", "a linker script"},
	{"lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "PT202", "a Git LFS pointer"},
	{"gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00", "PT202", "a gzip archive"},
	{"page", "<!DOCTYPE html><title>404</title>", "PT202", "a web page"},
	{"windows", "MZ\x90\x00", "PT203", "windows/"},
	{"nothing", "", "PT202", "an empty file"},
	{"tiny", "\x7fELF", "PT202", "a damaged ELF file"},
}

// TestForeignFiles opens each for real and compares outcome and text, and what the
// finding says that it is.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var files []string
	for _, f := range foreignFiles {
		data := f.data
		if len(data) > 4 {
			data += strings.Repeat("\x00", 600-len(data))
		}
		file := filepath.Join(dir, f.name+".so")
		if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	host := shop.file(t, "host")
	compareVerdict(t, host, files, reallyOpen(t, host, files))
	for i, p := range verdict(t, host, files).Plugins {
		want := foreignFiles[i]
		if f := p.Findings[0]; f.ID != want.id || !strings.Contains(f.Plugin, want.what) {
			t.Errorf("%s: %s says %q, want %s and %q", want.name, f.ID, f.Plugin, want.id, want.what)
		}
	}
}

// TestObjectsOfOtherKinds: what the header's fields alone make of a plugin.
func TestObjectsOfOtherKinds(t *testing.T) {
	t.Parallel()
	host := shop.file(t, "host")
	for _, test := range []struct{ name, id, what string }{
		{"object:plain.so", "PT202", "an object file (.o) that was not linked"},
		{"core:plain.so", "PT202", "a core dump"},
		{"osabi:plain.so", "PT203", "freebsd/amd64"},
		{"machine:plain.so", "PT203", "linux/arm64"},
		{"class:plain.so", "PT203", "/amd64p32"},
	} {
		files := []string{shop.file(t, test.name)}
		compareVerdict(t, host, files, reallyOpen(t, host, files))
		if f := verdict(t, host, files).Plugins[0].Findings[0]; f.ID != test.id || !strings.HasSuffix(f.Plugin, test.what) {
			t.Errorf("%s: %s says %q, want %s and %q", test.name, f.ID, f.Plugin, test.id, test.what)
		}
	}
}

// TestHostsElsewhere: programs for systems that plugtool does not cover are named, in
// one plain sentence.
func TestHostsElsewhere(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "host")
	for data, want := range map[string]string{
		"\xcf\xfa\xed\xfe\x0c\x00\x00\x01\x00\x00\x00\x00\x02\x00\x00\x00": "it is a darwin/arm64 program; plugtool covers plugins on Linux, and not on darwin yet",
		"\x00asm\x01\x00\x00\x00": "it is a WebAssembly module, want an ELF file",
		"!<arch>\n":               "it is an archive of object files (.a), as -buildmode=c-archive makes, want an ELF file",
	} {
		if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := inspector.OpenHost(file)
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
		if _, err := inspector.Inspect(file); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("inspect gives %v, want %q", err, want)
		}
	}
}
