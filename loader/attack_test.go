//go:build linux

package loader_test

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/plugtool/plugtool/loader"
	"github.com/plugtool/plugtool/signer/bundle"
)

// A scene is a folder with what an attacker has to hand: plugins/p.so and its
// sidecar, which the host opens, and files to put in their places.
type scene struct {
	t                   *testing.T
	dir, plugins        string // the folder and the one in it that the host opens
	path, sidecar       string // of the plugin that the host opens
	good, hostile       string // contents for path
	goodSig, hostileSig string // contents for sidecar: the host's key's, a stranger's over hostile
	goodData            []byte
	hostileData         []byte
	badData             []byte // good, other code where patch writes
}

func newScene(t *testing.T, key signer) *scene {
	t.Helper()
	dir := t.TempDir()
	s := &scene{t: t, dir: dir, plugins: filepath.Join(dir, "plugins")}
	if err := os.Mkdir(s.plugins, 0o755); err != nil {
		t.Fatal(err)
	}
	s.path = put(t, "twin.so", s.plugins, "p.so")
	key.sign(t, s.path)
	s.sidecar = bundle.Path(s.path)
	s.good, s.hostile = put(t, "twin.so", dir, "good"), put(t, "hostile.so", dir, "hostile")
	newSigner(t).sign(t, s.hostile)
	s.hostileSig, s.goodSig = bundle.Path(s.hostile), filepath.Join(dir, "good.sigstore.json")
	s.goodData, s.hostileData = read(t, s.good), read(t, s.hostile)
	s.badData = slices.Clone(s.goodData)
	for i := range 4096 {
		s.badData[patched+i] ^= 0xff
	}
	write(t, dir, "good.sigstore.json", read(t, s.sidecar))
	return s
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// must is called off the test's goroutine.
func (s *scene) must(err error) {
	if err != nil {
		s.t.Error(err)
	}
}

// place puts a link to a file into the place of another, at once.
func (s *scene) place(file, at string) {
	s.must(os.Link(file, at+".new"))
	s.must(os.Rename(at+".new", at))
	_ = os.Remove(at + ".new") // rename leaves it where both are one file
}

// copy is place with a new file.
func (s *scene) copy(file, at string) {
	data, err := os.ReadFile(file)
	s.must(err)
	s.must(os.WriteFile(at+".new", data, 0o600))
	s.must(os.Rename(at+".new", at))
}

func (s *scene) symlink(target, at string) {
	s.must(os.Symlink(target, at+".new"))
	s.must(os.Rename(at+".new", at))
}

func (s *scene) overwrite(data []byte, at string) {
	s.must(os.WriteFile(at, data, 0o600))
}

// patch writes a part of some bytes into a file that stays the same one.
func (s *scene) patch(data []byte, at string) {
	f, err := os.OpenFile(at, os.O_WRONLY, 0)
	if err != nil {
		s.must(err)
		return
	}
	_, err = f.WriteAt(data[patched:patched+4096], patched)
	s.must(err)
	s.must(f.Close())
}

const patched = 1 << 20 // where patch does so

// folder makes a second folder with a hostile plugin beside the good one's sidecar.
func (s *scene) folder(name string) string {
	other := filepath.Join(s.dir, name)
	s.must(os.Mkdir(other, 0o755))
	s.must(os.Link(s.hostile, filepath.Join(other, "p.so")))
	s.must(os.Link(s.goodSig, filepath.Join(other, "p.so.sigstore.json")))
	return other
}

func (s *scene) exchange(a, b string) {
	s.must(os.Rename(a, a+".old"))
	s.must(os.Rename(b, a))
	s.must(os.Rename(a+".old", b))
}

// An attack is what is done again and again while a host opens the plugin.
type attack struct {
	name  string
	steps func(s *scene) []func()
	never bool // the signed plugin is never to be had
	loses bool // the host may find no file, no regular one, or a link out of its folder
}

var attacks = []attack{
	{name: "rename", steps: func(s *scene) []func() {
		return []func(){func() { s.place(s.hostile, s.path) }, func() { s.place(s.good, s.path) }}
	}},
	{name: "overwrite in place", steps: func(s *scene) []func() {
		return []func(){func() { s.overwrite(s.hostileData, s.path) }, func() { s.overwrite(s.goodData, s.path) }}
	}},
	{name: "patch in place", steps: func(s *scene) []func() {
		return []func(){func() { s.patch(s.badData, s.path) }, func() { s.patch(s.goodData, s.path) }}
	}},
	{name: "patch through a hard link", steps: func(s *scene) []func() {
		other := filepath.Join(s.dir, "link")
		s.must(os.Link(s.path, other))
		return []func(){func() { s.patch(s.badData, other) }, func() { s.patch(s.goodData, other) }}
	}},
	{name: "link swap", loses: true, steps: func(s *scene) []func() {
		return []func(){func() { s.symlink(s.hostile, s.path) }, func() { s.symlink(s.good, s.path) }}
	}},
	{name: "folder is a link that is swapped", steps: func(s *scene) []func() {
		real, other := s.plugins+".good", s.folder("other")
		s.must(os.Rename(s.plugins, real))
		s.symlink(real, s.plugins)
		return []func(){func() { s.symlink(other, s.plugins) }, func() { s.symlink(real, s.plugins) }}
	}},
	{name: "folder swap", loses: true, steps: func(s *scene) []func() {
		other := s.folder("other")
		swap := func() { s.exchange(s.plugins, other) }
		return []func(){swap, swap}
	}},
	{name: "deleted name", loses: true, steps: func(s *scene) []func() {
		s.must(os.Link(s.hostile, s.path+" (deleted)"))
		return []func(){func() { s.must(os.Remove(s.path)) }, func() { s.must(os.Link(s.good, s.path)) }}
	}},
	{name: "pipe", loses: true, steps: func(s *scene) []func() {
		return []func(){
			func() { s.must(os.Remove(s.path)); s.must(syscall.Mkfifo(s.path, 0o600)) },
			func() { s.must(os.Remove(s.path)); s.must(os.Link(s.good, s.path)) },
		}
	}},
	{name: "truncate", steps: func(s *scene) []func() {
		return []func(){func() { s.must(os.Truncate(s.path, 1<<20)) }, func() { s.overwrite(s.goodData, s.path) }}
	}},
	{name: "sidecar swap", steps: func(s *scene) []func() {
		return []func(){func() { s.place(s.hostileSig, s.sidecar) }, func() { s.must(os.Remove(s.sidecar)) }, func() { s.place(s.goodSig, s.sidecar) }}
	}},
	{name: "sidecar swap for the hostile plugin", never: true, steps: func(s *scene) []func() {
		s.place(s.hostile, s.path)
		return []func(){func() { s.place(s.hostileSig, s.sidecar) }, func() { s.place(s.goodSig, s.sidecar) }}
	}},
	{name: "both swapped", steps: func(s *scene) []func() {
		return []func(){
			func() { s.place(s.hostile, s.path) }, func() { s.place(s.hostileSig, s.sidecar) },
			func() { s.place(s.good, s.path) }, func() { s.place(s.goodSig, s.sidecar) },
		}
	}},
}

// run runs the attack until f returns, and leaves the scene as it was set.
func (a attack) run(s *scene, f func()) {
	steps := a.steps(s)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				if i%len(steps) == 0 {
					return
				}
			default:
			}
			steps[i%len(steps)]()
			// The host takes milliseconds to read and check the file: each of them is to
			// see some moments of the attack, and some a whole good file.
			time.Sleep([]time.Duration{0, 3 * time.Millisecond, 0, 10 * time.Millisecond, time.Millisecond}[i/len(steps)%5])
		}
	})
	f()
	close(stop)
	wg.Wait()
}

// hit says whether the attack met the host at different moments.
func (a attack) hit(ended map[string]int) bool {
	return ended[string(loader.ClassSignature)]+ended[string(loader.ClassIO)] > 0 && (a.never || ended["opened good"] > 0)
}

// TestAttacks changes files while a host opens the plugin that it trusts. Each time the
// host gets that plugin or an error, and nothing hostile runs: in a host that has the
// plugin open already, and in those that are started for it.
func TestAttacks(t *testing.T) {
	key := newSigner(t)
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, key)
			ended := map[string]int{}
			attempt := func(steps ...string) {
				lines, inits := run(t, append([]string{"-key", key.file}, steps...)...)
				if slices.Contains(inits, "hostile") {
					t.Errorf("the attacker's init ran: %v", inits)
				}
				for _, l := range lines {
					for how, n := range l.Counts {
						ended[how] += n
					}
					if l.Error != "" {
						t.Error(l.Error)
					}
				}
			}
			a.run(s, func() {
				attempt("rounds="+number(attackRounds)+":"+s.path, "dirs="+number(attackRounds/2)+":"+s.plugins)
				for range attackStarts {
					attempt("rounds=1:" + s.path)
				}
				// A busy machine may never have let the two meet.
				for start := time.Now(); !a.hit(ended) && time.Since(start) < time.Minute; {
					attempt("rounds=10:" + s.path)
				}
			})
			want := []string{"opened good", string(loader.ClassSignature)}
			if a.loses {
				want = append(want, string(loader.ClassIO))
			}
			if a.never {
				want = want[1:]
			}
			for how := range ended {
				if !slices.Contains(want, how) {
					t.Errorf("%d ended as %q; want %q", ended[how], how, want)
				}
			}
			if !a.hit(ended) {
				t.Errorf("ended as %v; want some opened and some refused", ended)
			}
			// Afterwards all is as before, and loads.
			if !a.never {
				if lines, _ := run(t, "-key", key.file, "open="+s.path); lines[0].Error != "" {
					t.Errorf("after the attack: %s", lines[0].Error)
				}
			}
			t.Logf("%v", ended)
		})
	}
}

// moments are changes that the host itself makes as a step of the loader ends.
var moments = []struct {
	name   string
	action func(s *scene) string
}{
	{"rename", func(s *scene) string { return "rename:" + s.hostile + "," + s.path }},
	{"overwrite", func(s *scene) string { return "overwrite:" + s.hostile + "," + s.path }},
	{"link", func(s *scene) string { return "symlink:" + s.hostile + "," + s.path }},
	{"folders", func(s *scene) string { return "exchange:" + s.plugins + "," + s.folder("other") }},
	{"pipe", func(s *scene) string { return "fifo:" + s.path }},
	{"truncate", func(s *scene) string { return "truncate:" + s.path }},
	{"removed", func(s *scene) string {
		s.must(os.Link(s.hostile, s.path+" (deleted)"))
		return "remove:" + s.path
	}},
}

// TestMoments changes the file at the very moments at which a loader that goes by
// its path again would get other bytes than it checked.
func TestMoments(t *testing.T) {
	key := newSigner(t)
	for _, m := range moments {
		for _, stage := range []loader.Stage{loader.StageRead, loader.StageSignature, loader.StageVerdict} {
			for _, step := range []string{"open", "opendir"} {
				t.Run(m.name+" after "+string(stage)+" in "+step, func(t *testing.T) {
					t.Parallel()
					s := newScene(t, key)
					args := []string{"-key", key.file, "-at", string(stage) + "=" + m.action(s)}
					if step == "open" {
						args = append(args, "open="+s.path)
					} else {
						args = append(args, "opendir="+s.plugins)
					}
					lines, inits := run(t, args...)
					// Exchanged folders bring the sidecar of the same plugin, and OpenDir
					// reads the one that it opened: all of them end well.
					if lines[0].Error != "" || !slices.Equal(inits, []string{"twingood"}) {
						t.Errorf("error %q, inits %v; want the signed plugin", lines[0].Error, inits)
					}
				})
			}
		}
	}
}

// TestMomentsBite is the control: the plugins of these attacks load where nobody checks.
func TestMomentsBite(t *testing.T) {
	s := newScene(t, newSigner(t))
	s.place(s.hostile, s.path)
	if lines, inits := run(t, "plain="+s.path); lines[0].Error != "" || !slices.Equal(inits, []string{"hostile"}) {
		t.Errorf("plugin.Open: %q, inits %v; want that the hostile plugin runs", lines[0].Error, inits)
	}
	if lines, inits := run(t, "-allow-unsigned", "open="+s.path); lines[0].Error != "" || !slices.Equal(inits, []string{"hostile"}) {
		t.Errorf("loader.Open without a key: %q, inits %v; want that the hostile plugin runs", lines[0].Error, inits)
	}
}

// TestSidecarsOfTheFolder holds that OpenDir reads sidecars from the folder that it
// opened: the path leads to one without any by then.
func TestSidecarsOfTheFolder(t *testing.T) {
	key := newSigner(t)
	s := newScene(t, key)
	empty := filepath.Join(s.dir, "empty")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	lines, inits := run(t, "-key", key.file, "-at", "read=exchange:"+s.plugins+","+empty, "opendir="+s.plugins)
	if lines[0].Error != "" || !slices.Equal(inits, []string{"twingood"}) {
		t.Errorf("error %q, inits %v; want the signed plugin", lines[0].Error, inits)
	}
}

// TestLegitimateReplacement replaces plugin and sidecar as a build does, while a
// host checks them: it finds the old or the new plugin each time.
func TestLegitimateReplacement(t *testing.T) {
	key := newSigner(t)
	for _, step := range []string{"checks=" + number(replaceRounds) + ":", "dirs=" + number(replaceRounds/2) + ":"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, key)
			// Two contents, both signed: the second has a byte more, which nothing reads.
			other := write(t, s.dir, "next", append(slices.Clone(s.goodData), 0))
			key.sign(t, other)
			replacement := attack{steps: func(s *scene) []func() {
				to := func(plugin, sidecar string) func() {
					return func() {
						s.copy(sidecar, bundle.NextPath(s.path))
						s.copy(plugin, s.path)
						s.must(os.Rename(bundle.NextPath(s.path), s.sidecar))
						time.Sleep(20 * time.Millisecond) // faster than any build
					}
				}
				return []func(){to(other, bundle.Path(other)), to(s.good, s.goodSig)}
			}}
			arg := s.path
			if step[0] == 'd' {
				arg = s.plugins
			}
			replacement.run(s, func() {
				lines, _ := run(t, "-key", key.file, step+arg)
				for how, n := range lines[0].Counts {
					// What is open already cannot be opened again with other content: then the
					// verdict refuses it, after its signature was found to be good.
					if how != "passed" && how != "opened good" && how != string(loader.ClassVerdict) {
						t.Errorf("%d ended as %q, want the old plugin or the new one", n, how)
					}
				}
			})
		})
	}
}
