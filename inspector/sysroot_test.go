//go:build linux && libraries

package inspector_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// rootTools prepare a folder that a host can run in as its root: the running machine's
// dynamic linker and C library, the host, and plugins.
const rootTools = libTools + `
mkdir -p etc lib64 lib/x86_64-linux-gnu usr/lib/x86_64-linux-gnu opt/foo
cp -L $(ldd $HOST | grep -o '/[^ ]*ld-linux[^ ]*') lib64
cp -L $(ldd $HOST | grep -o '/[^ ]*libc\.so\.6') lib/x86_64-linux-gnu
cp $HOST host; cp $P p.so; cp $PLAIN plain.so
patchelf --remove-rpath p.so
`

var rootScenes = []scene{
	{"plain", "", "plain.so"},
	{"missing", "good opt/foo", "p.so plain.so"},
	{"default folder", "good usr/lib/x86_64-linux-gnu", "p.so"},
	{"usr/lib", "good usr/lib", "p.so"},
	{"lib64 is none", "good lib64", "p.so"},
	{"cache", "good opt/foo; mkdir etc/ld.so.conf.d; echo 'include /etc/ld.so.conf.d/*.conf' > etc/ld.so.conf; echo /opt/foo > etc/ld.so.conf.d/foo.conf; /sbin/ldconfig -r .", "p.so"},
	{"cache before default", "good opt/foo; lib usr/lib $LIBFOO/foo.map $LIBFOO/foo.c; echo /opt/foo > etc/ld.so.conf; /sbin/ldconfig -r .", "p.so"},
	{"stale cache", "good opt/foo; echo /opt/foo > etc/ld.so.conf; /sbin/ldconfig -r .; rm opt/foo/libfoo.so.1; good lib", "p.so"},
	{"cache for the processor", "good opt/foo; for v in 2 3 4; do lib opt/foo/glibc-hwcaps/x86-64-v$v $LIBFOO/foo.map $LIBFOO/foo.c; done; echo /opt/foo > etc/ld.so.conf; /sbin/ldconfig -r .", "p.so"},
	{"absolute link", "good opt/foo; ln -s /opt/foo/libfoo.so.1 usr/lib/libfoo.so.1", "p.so"},
	{"absolute link of a folder", "good opt/foo; rmdir usr/lib/x86_64-linux-gnu; ln -s /opt/foo usr/lib/x86_64-linux-gnu", "p.so"},
	{"link to above", "good opt/foo; ln -s ../../../../../../../../../opt/foo/libfoo.so.1 usr/lib/libfoo.so.1", "p.so"},
	{"link out", "good ../out; ln -s $PWD/../out/libfoo.so.1 usr/lib/libfoo.so.1", "p.so"},
	{"rpath in the root", "good opt/foo; patchelf --set-rpath /opt/foo p.so", "p.so"},
	{"origin", "good l; patchelf --set-rpath '$ORIGIN/l' p.so", "p.so"},
	{"undefined", "lib usr/lib $LIBS/swapped.map $LIBFOO/foo.c $LIBFOO/foo2.c", "p.so"},
	{"text", "echo text > text.so", "text.so plain.so"},
}

// TestSysrootIsWhatHappens runs hosts with a folder as their root and compares that
// with the verdict on that folder.
func TestSysrootIsWhatHappens(t *testing.T) {
	t.Parallel()
	for _, s := range rootScenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			root := setRoot(t, s)
			var files, inside []string
			for _, f := range strings.Fields(s.files) {
				files, inside = append(files, filepath.Join(root, f)), append(inside, "/"+f)
			}
			want := openInRoot(t, root, inside)
			v := verdictIn(t, inspector.Options{Sysroot: root}, filepath.Join(root, "host"), files)
			for i, p := range v.Plugins {
				t.Logf("host %s: %s %q", filepath.Base(p.File), want[i].outcome, want[i].refusal)
				if p.Outcome != want[i].outcome || p.Refusal != want[i].refusal {
					t.Errorf("%s:\n verdict %s %q\n really  %s %q", p.File, p.Outcome, p.Refusal, want[i].outcome, want[i].refusal)
				}
			}
		})
	}
}

func setRoot(t *testing.T, s scene) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-ec", rootTools+s.script)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "HOST="+shop.file(t, "host"), "PLAIN="+shop.file(t, "plain.so"), "P="+shop.build(t, "lib-plugin.so", libPlugin),
		"LIBFOO="+filepath.Join(shop.dir, "libfoo"), "LIBS="+filepath.Join(shop.dir, "libs"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", s.script, err, out)
	}
	return root
}

// openInRoot runs the host with the folder as its root.
func openInRoot(t *testing.T, root string, plugins []string) []opened {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/host", plugins...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	if uid := os.Getuid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	list := readOpened(stdout.String())
	if err != nil && len(list) == 0 {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	return list
}

// TestSysrootIsChecked: a folder that is no machine's is an error, not a verdict.
func TestSysrootIsChecked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "empty", "lib"), 0o755); err != nil {
		t.Fatal(err)
	}
	h, err := inspector.OpenHost(shop.file(t, "host"))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for root, want := range map[string]string{
		filepath.Join(dir, "gone"):  "no such file",
		file:                        "is a file, want the folder",
		dir:                         "has no folder lib",
		filepath.Join(dir, "empty"): "it has no /lib64/ld-linux-x86-64.so.2",
	} {
		if _, err := (inspector.Options{Sysroot: root}).Check(h, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("sysroot %s: %v, want %q", root, err, want)
		}
	}
}

// TestMaxGlibc: what needs a newer glibc is a finding that names symbols and callers;
// the outcome stays that of this machine.
func TestMaxGlibc(t *testing.T) {
	t.Parallel()
	host, plain, fortified := shop.file(t, "host"), shop.file(t, "plain.so"), shop.build(t, "lib-plugin-fortified.so", fortifiedPlugin)
	for version, want := range map[string]string{"2.2.5": "pthread_create", "2.28": "pthread_create", "2.99": ""} {
		v := verdictIn(t, inspector.Options{MaxGlibc: version}, host, []string{plain})
		detail, id := "", ""
		for _, f := range v.Plugins[0].Findings {
			if f.ID == "PT705" {
				id, detail = f.ID, f.Detail
			}
		}
		if v.Plugins[0].Outcome != inspector.Loads || want == "" != (id == "") || !strings.Contains(detail, want) {
			t.Errorf("--max-glibc %s: %s %s %q, want loads and %q", version, v.Plugins[0].Outcome, id, detail, want)
		}
	}
	v := verdictIn(t, inspector.Options{MaxGlibc: "2.3"}, host, []string{fortified})
	f := v.Plugins[0].Findings[0]
	if f.ID != "PT705" || !strings.Contains(f.Detail, "__fprintf_chk, __snprintf_chk, __vfprintf_chk in GLIBC_2.3.4") {
		t.Errorf("finding is %+v", f)
	}
}
