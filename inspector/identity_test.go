package inspector_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

func identity(t *testing.T, file string) string {
	t.Helper()
	h, err := inspector.OpenHost(file)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	id, err := h.Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// What leaves a host the same to plugins leaves its identity, and what plugins see
// changes it.
func TestIdentity(t *testing.T) {
	want := identity(t, shop.file(t, "host"))
	if !regexp.MustCompile(`^sha256:[0-9a-f]{64}$`).MatchString(want) {
		t.Fatalf("identity %s", want)
	}
	host, err := inspector.OpenHost(shop.file(t, "host-strip"))
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	text, err := host.Descriptor()
	if err != nil {
		t.Fatal(err)
	}
	described := filepath.Join(t.TempDir(), "host.json")
	if err := os.WriteFile(described, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"itself again": shop.file(t, "host"),
		"stripped":     shop.file(t, "host-strip"),
		"a descriptor": described,
		"stamped":      shop.build(t, "host-stamped", "go build -trimpath '-ldflags=-X main.version=v2' -o OUT ./host"),
		"another main": shop.build(t, "host-main", "mkdir other-main && { cat host/main.go; echo 'func Extra() string { return shared.Name() }'; } > other-main/main.go && go build -trimpath -o OUT ./other-main"),
	} {
		if got := identity(t, file); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		if file == described {
			continue
		}
		if got := reallyOpen(t, file, []string{shop.file(t, "plain.so")}); got[0].outcome != inspector.Loads {
			t.Errorf("%s: the plugin %s", name, got[0].outcome)
		}
	}
	for _, name := range []string{"host-untrim", "host-cover", "host-race", "host-25", "host-rpath", "host-23"} {
		if got := identity(t, shop.file(t, name)); got == want {
			t.Errorf("%s has the identity of another host", name)
		}
	}
}

// What loads nothing proves nothing.
func TestIdentityOfNoHost(t *testing.T) {
	for _, name := range []string{"host-nocgo", "host-none", "host-internal"} {
		h, err := inspector.OpenHost(shop.file(t, name))
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		if id, err := h.Identity(); err == nil {
			t.Errorf("%s has the identity %s", name, id)
		}
	}
}
