//go:build sweep

package builder_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestCheckReproducibleOthers has plugins built again in the ways that differ most.
func TestCheckReproducibleOthers(t *testing.T) {
	for name, c := range map[string]struct {
		setup func(*bench)
		same  bool
	}{
		"installed": {func(b *bench) { trimmedHost(b); published(b) }, true},
		"untrimmed": {checkout(), false},
		"workspace, nested": {func(b *bench) {
			inHost(b)
			b.installHost(nil, "-trimpath")
			b.run(b.dir, nil, "go", "work", "init", "./host")
		}, true},
		"race":           {checkout("-trimpath", "-race"), true},
		"gcflags":        {checkout("-trimpath", "-gcflags=all=-N -l"), true},
		"profile guided": {func(b *bench) { b.profile(); checkout("-trimpath")(b) }, true},
	} {
		t.Run(name, func(t *testing.T) { checkAgain(t, c.setup, c.same) })
	}
}

// TestReproducibleAll builds for every host of the host cases in two folders.
func TestReproducibleAll(t *testing.T) {
	for _, c := range hostCases {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			c.setup(b)
			one, res := b.buildBytes("one.so")
			two, _ := b.elsewhereToo("another user's/deeper/still").buildBytes("two.so")
			if same := bytes.Equal(one, two); same != res.Reproducible.AnyFolder {
				t.Errorf("the same: %v, and reproducible is %+v", same, res.Reproducible)
			}
		})
	}
}

// TestReproducibleUser builds as another user, with another umask and a build cache of
// that user's own. It has to run as root.
func TestReproducibleUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Fatal("building as another user needs root")
	}
	for name, setup := range map[string]func(*bench){
		"trimmed":   func(b *bench) { trimmedHost(b); published(b) },
		"untrimmed": checkout(),
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			setup(b)
			one, _ := b.buildBytes("plugin/plugin.so")
			const uid = 54321
			home := filepath.Join(b.dir, "theirs")
			b.mkdir(filepath.Join(home, "tmp"))
			program := filepath.Join(b.dir, "tests")
			data, err := os.ReadFile(os.Args[0])
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(program, data, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(b.plugin, "plugin.so")); err != nil {
				t.Fatal(err)
			}
			b.run("/", nil, "chown", "-R", strconv.Itoa(uid), home, b.plugin)
			for dir := b.dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
				if err := os.Chmod(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			for _, dir := range []string{filepath.Dir(shared.cache), shared.cache} {
				if err := os.Chmod(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command("sh", "-c", "umask 077; exec "+strings.Join([]string{program, "build", b.bin, b.plugin}, " "))
			cmd.Env = append(b.env, "HOME="+home, "TMPDIR="+filepath.Join(home, "tmp"), "GOCACHE="+filepath.Join(home, "cache"))
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			two, err := os.ReadFile(filepath.Join(b.plugin, "plugin.so"))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(one, two) {
				t.Error("two users get two plugins")
			}
		})
	}
}
