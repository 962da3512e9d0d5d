package builder

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// TestNumberOf compiles runtime/cgo as a host's Makefile does, in a work folder whose name
// only that compiled package has, and finds the folder's number by the hash alone. Both
// the package as it was found and the one that is compiled by way of the wrapper, as if
// in the folder, have to give the hash.
func TestNumberOf(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "wrapper"), "#!/bin/sh\nexec '"+os.Args[0]+"' toolexec \"$@\"\n")
	if err := os.Chmod(filepath.Join(dir, "wrapper"), 0o700); err != nil {
		t.Fatal(err)
	}
	compile := func(flags ...string) []byte {
		cmd := exec.Command("go", append([]string{"list", "-export", "-f={{.Export}}", "-gcflags=runtime/cgo=" + strings.Join(flags, " "), "-toolexec=" + filepath.Join(dir, "wrapper")}, "runtime/cgo")...)
		cmd.Stderr = os.Stderr
		// The go command puts its work folder there.
		cmd.Env = append(os.Environ(), "CGO_ENABLED=1", "GOTMPDIR="+dir)
		if len(flags) == 1 {
			cmd.Args = append(cmd.Args[:len(cmd.Args)-2], "runtime/cgo")
		}
		file, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(strings.TrimSpace(string(file)))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	// Of a folder that no build has had, so that the package comes from no cache.
	theirs := compile("-trimpath=" + dir + "/away")
	data := exportData(theirs)
	want := sha256.Sum256(data)
	if hash, ok := strings.CutPrefix(string(theirs[strings.Index(string(theirs), string(data)):]), string(data)); !ok || hash[:8] != string(want[:8]) {
		t.Fatalf("behind the export data stands %s, want the start of its SHA-256, %x", hex.EncodeToString([]byte(hash[:8])), want[:8])
	}
	m := regexp.MustCompile(regexp.QuoteMeta(dir) + `/go-build[0-9]+/(b[0-9]{3})/`).FindSubmatch(data)
	if m == nil {
		t.Fatal("the compiled package does not name the work folder")
	}
	folder, number := strings.TrimSuffix(string(m[0]), "/"), string(m[1])

	guess := filepath.Dir(folder) + "/b000"
	ours := exportData(compile("-trimpath="+dir+"/away", "-trimpath="+workMarkFolder+guess))
	if n, ok := numberOf(ours, guess, 3, inspector.Hash(want[:8])); !ok || n != number {
		t.Errorf("found the number %q, want %q", n, number)
	}
	if n, ok := numberOf(ours, guess, 3, inspector.Hash{}); ok {
		t.Errorf("found the number %q for a hash that no folder gives", n)
	}
	exact := exportData(compile("-trimpath="+dir+"/away", "-trimpath="+workMarkFolder+folder))
	if sum := sha256.Sum256(exact); sum != want {
		t.Error("compiled as if in the folder, the package has another hash")
	}
}

// TestExportData gives archives that are none, and data that holds the mark at its end.
func TestExportData(t *testing.T) {
	archive := func(size, content string) string {
		return "!<arch>\n" + "__.PKGDEF       0           0     0     644     " + size + strings.Repeat(" ", 10-len(size)) + "`\n" + content
	}
	const content = "go object linux\n\n$$B\nudata\n$$\nmore12345678\n$$\n"
	for _, c := range []struct{ archive, want string }{
		{archive(strconv.Itoa(len(content)), content+"\n$$B\nuother12345678\n$$\n"), "data\n$$\nmore"},
		{"", ""},
		{content, ""},
		{archive("x", content), ""},
		{archive("-1", content), ""},
		{archive("999999999", content), ""},
		{archive("20", content), ""},
		{archive(strconv.Itoa(len(content)-4), content), ""},
		{archive("12", "\n$$B\nux\n$$\n"), ""},
	} {
		if got := string(exportData([]byte(c.archive))); got != c.want {
			t.Errorf("of %q: %q, want %q", c.archive, got, c.want)
		}
	}
}
