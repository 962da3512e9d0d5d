package inspector_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
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

// A descriptor can say anything. Where it has the identity of a host, the verdict on it is
// the verdict on that host: no proof can be had for a host by lying about it.
func TestIdentityLies(t *testing.T) {
	plugins := []string{"plain.so", "plain-untrim.so", "plain-race.so", "dep1.so", "clib.so", "plain-asan.so", "plain-25.so"}
	file := shop.file(t, "host")
	host, err := inspector.OpenHost(file)
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	text, err := host.Descriptor()
	if err != nil {
		t.Fatal(err)
	}
	verdicts := func(h *inspector.Host) (list []string) {
		for _, name := range plugins {
			v, err := inspector.Check(h, []*inspector.Plugin{inspector.ReadPlugin(shop.file(t, name))})
			if err != nil {
				list = append(list, name+" fails")
			} else {
				list = append(list, name+" "+string(v.Plugins[0].Outcome))
			}
		}
		return list
	}
	id, truth := identity(t, file), verdicts(host)
	var genuine map[string]any
	if err := json.Unmarshal(text, &genuine); err != nil {
		t.Fatal(err)
	}
	same := 0
	for field := range genuine {
		for i, lie := range liesAbout(genuine[field]) {
			lying := maps.Clone(genuine)
			if lying[field] = lie; lie == nil {
				delete(lying, field)
			}
			text, err := json.Marshal(lying)
			if err != nil {
				t.Fatal(err)
			}
			crafted := filepath.Join(t.TempDir(), "host.json")
			if err := os.WriteFile(crafted, text, 0o600); err != nil {
				t.Fatal(err)
			}
			h, err := inspector.OpenHost(crafted)
			if err != nil {
				continue
			}
			if got, err := h.Identity(); err == nil && got == id {
				same++
				if got := verdicts(h); !slices.Equal(got, truth) {
					t.Errorf("%s, lie %d, with the host's identity: %q, and the truth is %q", field, i, got, truth)
				}
			}
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if same == 0 {
		t.Error("no lie has the identity, not even one about the file's name")
	}
}

// liesAbout gives other values of the same kind, and nil for none at all.
func liesAbout(v any) []any {
	lies := []any{nil}
	switch v := v.(type) {
	case string:
		return append(lies, v+"x", "", strings.ToUpper(v), v[:len(v)/2], v+v)
	case float64:
		return append(lies, v+8, 0.0, 1e9)
	case bool:
		return append(lies, !v)
	case []any:
		lies = append(lies, []any{}, v[1:], v[:len(v)-1], append(slices.Clone(v), v[0]), slices.Concat(v[1:], v[:1]))
		for _, lie := range liesAbout(v[0]) {
			if lie != nil {
				lies = append(lies, slices.Concat([]any{lie}, v[1:]))
			}
		}
	case map[string]any:
		for name := range v {
			for _, lie := range liesAbout(v[name]) {
				other := maps.Clone(v)
				if other[name] = lie; lie == nil {
					delete(other, name)
				}
				lies = append(lies, other)
			}
		}
	}
	return lies
}
