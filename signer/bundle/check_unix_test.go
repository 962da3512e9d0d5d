//go:build unix

package bundle_test

import (
	"crypto/elliptic"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/plugtool/plugtool/signer/bundle"
)

// What is no file is refused at once, even a pipe that nobody writes to.
func TestCheckSpecialFile(t *testing.T) {
	p, s := newPlugin(t), newSigner(t, elliptic.P256())
	sidecar := bundle.Path(p.name)
	check := func(what, bundleFile, reason string) {
		t.Helper()
		done := make(chan bundle.Result, 1)
		go func() {
			done <- bundle.Check(p.name, p.data, bundleFile, bundle.Trust{Keys: []*bundle.PublicKey{s.public}})
		}()
		select {
		case got := <-done:
			want := bundleFile
			if want == "" {
				want = sidecar
			}
			expect(t, what, got, bundle.Invalid, want, reason)
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: hangs", what)
		}
	}
	if err := syscall.Mkfifo(sidecar, 0o600); err != nil {
		t.Fatal(err)
	}
	check("pipe", "", "is a named pipe, expected a regular file")
	check("zeros without end", "/dev/zero", "is a device")

	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(sidecar, link); err != nil {
		t.Fatal(err)
	}
	check("link to a pipe", link, "is a named pipe")
	loop := filepath.Join(t.TempDir(), "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	check("link to itself", loop, "cannot be read: too many levels of symbolic links")
}

// A sidecar may be a link, as where a folder of them is mounted.
func TestCheckLink(t *testing.T) {
	p, s := newPlugin(t), newSigner(t, elliptic.P256())
	target := write(t, filepath.Join(t.TempDir(), "target"), s.bundle(t, p.data))
	if err := os.Symlink(target, bundle.Path(p.name)); err != nil {
		t.Fatal(err)
	}
	expect(t, "link", p.check(t, "", s.public), bundle.Verified, bundle.Path(p.name), "")
	if err := os.Remove(target); err != nil {
		t.Fatal(err)
	}
	expect(t, "dangling link", p.check(t, "", s.public), bundle.Missing, "", "no file")
}

// While a plugin is replaced by the next, and that by the next, whoever has
// its bytes and looks for a sidecar finds one for the old or the new.
func TestCheckDuringRename(t *testing.T) {
	p, s := newPlugin(t), newSigner(t, elliptic.P256())
	good := s.bundle(t, p.data)
	p.sidecar(t, "", good)
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			if err := os.WriteFile(p.name+".tmp", good, 0o600); err != nil {
				stopped <- err
				return
			}
			if err := os.Rename(p.name+".tmp", bundle.NextPath(p.name)); err != nil {
				stopped <- err
				return
			}
			if err := os.Rename(bundle.NextPath(p.name), bundle.Path(p.name)); err != nil {
				stopped <- err
				return
			}
		}
	}()
	for range 2000 {
		if got := bundle.Check(p.name, p.data, "", bundle.Trust{Keys: []*bundle.PublicKey{s.public}}); got.Status != bundle.Verified {
			t.Errorf("%s: %s", got.Status, got.Reason)
			break
		}
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
}
