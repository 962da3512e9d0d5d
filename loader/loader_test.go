//go:build linux

package loader_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/loader"
	"github.com/plugtool/plugtool/signer/bundle"
)

func TestOpenSigned(t *testing.T) {
	s := newSigner(t)
	plugin := put(t, "shapes.so", t.TempDir(), "shapes.so")
	s.sign(t, plugin)
	lines, inits := run(t, "-key", s.file, "check="+plugin, "open="+plugin, "lookup=New:func() Greeter")
	if l := lines[0]; l.Error != "" || l.Status != string(bundle.Verified) || l.Value != "loads" {
		t.Errorf("check: %+v", l)
	}
	if l := lines[1]; l.Error != "" || l.Status != string(bundle.Verified) {
		t.Errorf("open: %+v", l)
	}
	if want := []string{"read", "signature", "verdict", "open", "end"}; !slices.Equal(lines[1].Stages, want) {
		t.Errorf("stages %v, want %v", lines[1].Stages, want)
	}
	if lines[2].Value != "hello you" {
		t.Errorf("lookup: %+v", lines[2])
	}
	if !slices.Equal(inits, []string{"shapes"}) {
		t.Errorf("inits %v, want one of shapes", inits)
	}
}

func TestRefusedStandsInNobodysWay(t *testing.T) {
	dir := t.TempDir()
	for name, file := range map[string]string{"a.so": "mismatch.so", "b.so": "c.so", "c.so": "undefined.so", "d.so": "shapes.so"} {
		put(t, file, dir, name)
	}
	lines, inits := run(t, "-allow-unsigned", "opendir="+dir)
	if want := []string{filepath.Join(dir, "d.so")}; !slices.Equal(lines[0].Files, want) {
		t.Errorf("opened %v, want %v", lines[0].Files, want)
	}
	for _, name := range []string{"a.so", "b.so", "c.so"} {
		if !strings.Contains(lines[0].Error, name) {
			t.Errorf("error %q does not name %s", lines[0].Error, name)
		}
	}
	if !slices.Equal(inits, []string{"shapes"}) {
		t.Errorf("inits %v, want one of shapes", inits)
	}
}

func TestOpenAgain(t *testing.T) {
	dir := t.TempDir()
	twin, link := put(t, "twin.so", dir, "twin.so"), filepath.Join(dir, "link.so")
	if err := os.Symlink("twin.so", link); err != nil {
		t.Fatal(err)
	}
	copied, evil := put(t, "twin.so", dir, "copy.so"), put(t, "twin-evil.so", dir, "other.so")
	shapes := put(t, "shapes.so", dir, "shapes.so")
	lines, inits := run(t, "-allow-unsigned", "open="+twin, "open="+twin, "open="+link, "open="+copied, "open="+evil, "check="+evil, "open="+shapes)
	for _, i := range []int{0, 1, 2, 6} {
		if lines[i].Error != "" {
			t.Errorf("%s: %s", lines[i].Step, lines[i].Error)
		}
	}
	for _, i := range []int{3, 4, 5} {
		if l := lines[i]; l.Class != loader.ClassVerdict || !strings.Contains(l.Error, "plugin already loaded") {
			t.Errorf("%s: class %q, error %q; want that it is loaded already", l.Step, l.Class, l.Error)
		}
	}
	if want := []string{"twingood", "shapes"}; !slices.Equal(inits, want) {
		t.Errorf("inits %v, want %v", inits, want)
	}
}

// TestReplacedOnDisk is a host that runs on while its plugin is updated.
func TestReplacedOnDisk(t *testing.T) {
	dir := t.TempDir()
	path, good, evil := put(t, "twin.so", dir, "p.so"), put(t, "twin.so", dir, "good"), put(t, "twin-evil.so", dir, "evil")
	lines, inits := run(t, "-allow-unsigned", "open="+path, "race="+path+","+good+","+evil)
	c := counts(t, lines[1].Value)
	if c["opened evil"] > 0 || c["opened good"]+c["verdict"] != 400 {
		t.Errorf("opens ended as %v, want the good one or a verdict", c)
	}
	if want := []string{"twingood"}; !slices.Equal(inits, want) {
		t.Errorf("inits %v, want %v", inits, want)
	}
}

// TestRace replaces the file while it is being checked and opened: what was
// checked is what runs.
func TestRace(t *testing.T) {
	s := newSigner(t)
	dir := t.TempDir()
	path, good, evil := put(t, "twin.so", dir, "p.so"), put(t, "twin.so", dir, "good"), put(t, "twin-evil.so", dir, "evil")
	s.sign(t, path)
	lines, inits := run(t, "-key", s.file, "race="+path+","+good+","+evil)
	c := counts(t, lines[0].Value)
	if c["opened evil"] > 0 || c["opened good"] == 0 || c["signature"] == 0 || c["opened good"]+c["signature"] != 400 {
		t.Errorf("opens ended as %v, want some of the good one, some refused for the signature, and no others", c)
	}
	if want := []string{"twingood"}; !slices.Equal(inits, want) {
		t.Errorf("inits %v, want %v", inits, want)
	}
}

// TestInitFails holds that a failed init is an error, at the first open and at
// each later one, where plugin.Open would wait for ever.
func TestInitFails(t *testing.T) {
	dir := t.TempDir()
	panics, exits, twin := put(t, "panics.so", dir, "panics.so"), put(t, "exits.so", dir, "exits.so"), put(t, "twin.so", dir, "twin.so")
	copied := put(t, "panics.so", dir, "copy.so")
	lines, inits := run(t, "-allow-unsigned", "open="+panics, "open="+panics, "open="+copied, "goroutine="+exits, "open="+exits, "open="+twin)
	for _, i := range []int{0, 1, 2} {
		if l := lines[i]; l.Class != loader.ClassInit || !strings.Contains(l.Error, "no licence found") {
			t.Errorf("%s: class %q, error %q; want the panic's text", l.Step, l.Class, l.Error)
		}
	}
	if l := lines[3]; l.Error != "goroutine ended" {
		t.Errorf("%s: %+v, want the goroutine ended", l.Step, l)
	}
	if l := lines[4]; l.Class != loader.ClassInit || !strings.Contains(l.Error, "did not return") {
		t.Errorf("%s: class %q, error %q", l.Step, l.Class, l.Error)
	}
	if l := lines[5]; l.Error != "" {
		t.Errorf("%s: %s, want that it loads", l.Step, l.Error)
	}
	if want := []string{"panics", "exits", "twingood"}; !slices.Equal(inits, want) {
		t.Errorf("inits %v, want %v", inits, want)
	}
}

func TestTogether(t *testing.T) {
	dir := t.TempDir()
	files := []string{put(t, "shapes.so", dir, "shapes.so"), put(t, "twin.so", dir, "twin.so")}
	lines, inits := run(t, "-allow-unsigned", "together="+strings.Join(files, ","))
	if lines[0].Error != "" {
		t.Error(lines[0].Error)
	}
	slices.Sort(inits)
	if want := []string{"shapes", "twingood"}; !slices.Equal(inits, want) {
		t.Errorf("inits %v, want %v", inits, want)
	}
}

// TestPolicyDir holds that copies go where the policy says, and only where
// nobody else can put other files in their place.
func TestPolicyDir(t *testing.T) {
	plugin, dir := put(t, "twin.so", t.TempDir(), "twin.so"), t.TempDir()
	lines, inits := run(t, "-allow-unsigned", "-dir", dir, "open="+plugin)
	if lines[0].Error != "" || len(inits) != 1 {
		t.Errorf("open: %+v, inits %v", lines[0], inits)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v (%v)", left, err)
	}
	chmod(t, dir, 0o777)
	lines, inits = run(t, "-allow-unsigned", "-dir", dir, "open="+plugin)
	if lines[0].Class != loader.ClassIO || !strings.Contains(lines[0].Error, "lets others replace") || len(inits) > 0 {
		t.Errorf("open with a folder for all: %+v, inits %v", lines[0], inits)
	}
	chmod(t, dir, 0o777|os.ModeSticky)
	lines, _ = run(t, "-allow-unsigned", "-dir", dir, "open="+plugin)
	if lines[0].Error != "" {
		t.Errorf("open with a folder like /tmp: %+v", lines[0])
	}
}

// TestNames opens the plugin under names of all kinds.
func TestNames(t *testing.T) {
	key, dir := newSigner(t), t.TempDir()
	chmod(t, dir, 0o755)
	if err := os.MkdirAll(filepath.Join(dir, "a\nb", "c"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"p.so (deleted)", "p", "-p.so", "ü ☃.so", "a\nb/p.so", "x\x1b[31m.so", "a\nb/c/../p.so", "./p.so", "100%.so", "=.so", strings.Repeat("n", 200) + ".so"} {
		t.Run(name, func(t *testing.T) {
			file := dir + "/" + name
			if _, err := os.Stat(file); err != nil {
				key.sign(t, put(t, "twin.so", filepath.Dir(file), filepath.Base(file)))
			}
			lines, inits := run(t, "-key", key.file, "check="+file, "open="+file, "open="+file)
			for _, l := range lines[1:] {
				if l.Error != "" {
					t.Error(l.Error)
				}
			}
			if !slices.Equal(inits, []string{"twingood"}) {
				t.Errorf("inits %v", inits)
			}
			lines, _ = run(t, "-key", newSigner(t).file, "open="+file)
			if l := lines[0]; l.Class != loader.ClassSignature || strings.ContainsAny(l.Error, "\n\x1b") {
				t.Errorf("by another key: class %q, error %q; want one plain line", l.Class, l.Error)
			}
		})
	}
}

// TestForeign has a host open plugins with plugin.Open too: the verdict counts them in,
// with those that plugin.Open refused.
func TestForeign(t *testing.T) {
	dir := t.TempDir()
	twin, copied := put(t, "twin.so", dir, "twin.so"), put(t, "twin.so", dir, "copy.so")
	shapes, mismatch := put(t, "shapes.so", dir, "shapes.so"), put(t, "mismatch.so", dir, "mismatch.so")
	for _, test := range []struct {
		name        string
		first, then string
		text        string // of the second's error, "" where it opens
	}{
		{"another plugin", twin, shapes, ""},
		{"a copy", twin, copied, "plugin already loaded"},
		{"the same file", twin, twin, "plugin already loaded"},
		{"one that failed", mismatch, shapes, "plugin was built with a different version of package"},
	} {
		really, _ := run(t, "plain="+test.first, "plain="+test.then)
		if want := test.text; test.name != "the same file" && !strings.Contains(really[1].Error, want) {
			t.Errorf("%s: plugin.Open says %q, want %q", test.name, really[1].Error, want)
		}
		lines, _ := run(t, "-allow-unsigned", "check="+shapes, "plain="+test.first, "open="+test.then)
		l := lines[2]
		if (l.Error != "") != (test.text != "") || !strings.Contains(l.Error, test.text) || test.text != "" && l.Class != loader.ClassVerdict {
			t.Errorf("%s: class %q, error %q; want a verdict with %q", test.name, l.Class, l.Error, test.text)
		}
	}
}

// TestForeignReplaced holds that nobody who can put something in the place of what was
// opened past the loader has a say: a pipe does not keep it waiting, and another plugin is
// not taken for what was opened.
func TestForeignReplaced(t *testing.T) {
	for name, action := range map[string]func(dir, first string) string{
		"a pipe":         func(_, first string) string { return "fifo:" + first },
		"another plugin": func(dir, first string) string { return "rename:" + put(t, "shapes.so", dir, "other.so") + "," + first },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			first, then := put(t, "twin.so", dir, "twin.so"), put(t, "shapes.so", dir, "shapes.so")
			lines, _ := run(t, "-allow-unsigned", "-at", "read="+action(dir, first), "plain="+first, "open="+then)
			if l := lines[1]; l.Error != "" {
				t.Errorf("class %q, error %q; want that it opens", l.Class, l.Error)
			}
		})
	}
}

// TestPolicyDirLink holds that a link is resolved before anything is put behind it.
func TestPolicyDirLink(t *testing.T) {
	top := t.TempDir()
	plugin, dir, link := put(t, "twin.so", top, "twin.so"), filepath.Join(top, "real"), filepath.Join(top, "link")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, arg := range []string{link, dir + "/../real", "."} {
		if lines, inits := run(t, "-allow-unsigned", "-dir", arg, "open="+plugin); lines[0].Error != "" || len(inits) != 1 {
			t.Errorf("%s: %q, inits %v", arg, lines[0].Error, inits)
		}
	}
	// A link into a folder that others can put another in the place of.
	chmod(t, top, 0o777)
	if lines, inits := run(t, "-allow-unsigned", "-dir", link, "open="+plugin); lines[0].Class != loader.ClassIO || len(inits) > 0 {
		t.Errorf("in a folder for all: %+v, inits %v", lines[0], inits)
	}
}

// TestInProcess needs no host: the errors come before anything is opened.
func TestInProcess(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	file := put(t, "twin.so", t.TempDir(), "twin.so")
	_, err := loader.Open(ctx, file, loader.Policy{AllowUnsigned: true})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	_, err = loader.Open(context.Background(), file+"x", loader.Policy{AllowUnsigned: true})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	_, err = loader.OpenDir(context.Background(), file, loader.Policy{Keys: []string{"no key"}})
	if e, ok := errors.AsType[*loader.Error](err); !ok || e.Class != loader.ClassPolicy {
		t.Errorf("no PEM: %v", err)
	}
}
