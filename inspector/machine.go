package inspector

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// machine is the machine that a host is to run on, and what is in the host's process
// there once it has started: the same for every list of plugins.
type machine struct {
	target target
	elf    goelf.Target
	musl   bool

	cache      libraryCache
	configured []string // folders of ld.so.conf, where a folder that stands for a machine has no cache

	// What is seldom needed is found out when it is.
	systemDirs func() []string  // compiled into the dynamic linker
	processor  func() processor // the running one

	program *dso
	linker  *dso   // the dynamic linker
	loaded  []*dso // the program, and the libraries that it needs, in order
	tls     tlsBudget

	// why the host does not start there, "" where it does; refused says that the
	// dynamic linker says so, and not that it is another machine's.
	why     string
	refused bool
	empty   bool // it does not even have the host's dynamic linker

	bound sync.Map // lookup → *dso, for what the program and its libraries define
}

// lookup is a search for a symbol in the files that the process began with.
type lookup struct {
	name, version string
	hidden, data  bool
}

// machine gives the machine that a host would run on: the running one, or one whose
// file system is in a folder. It is read once.
func (h *Host) machine(dir string) *machine {
	h.machinesMu.Lock()
	defer h.machinesMu.Unlock()
	if m := h.machines[dir]; m != nil {
		return m
	}
	var m *machine
	if err := guard(func() error { m = newMachine(h, dir); return nil }); err != nil {
		m = &machine{why: err.Error()}
	}
	if h.machines == nil {
		h.machines = make(map[string]*machine)
	}
	h.machines[dir] = m
	return m
}

func (m *machine) close() {
	for _, d := range m.loaded {
		d.close()
	}
}

func newMachine(h *Host, dir string) *machine {
	b := h.Binary()
	m := &machine{target: target{dir}, elf: h.target, musl: h.musl()}
	m.program = &dso{image: h.image, host: h, startup: true, inTLS: true, path: ""}
	switch {
	case b.Interpreter == "" || len(b.Needed) == 0:
		m.why = b.File + " is linked statically"
		return m
	case dir == "" && b.Platform != runtime.GOOS+"/"+runtime.GOARCH:
		m.why = fmt.Sprintf("%s is for %s, and this machine is %s/%s", b.File, b.Platform, runtime.GOOS, runtime.GOARCH)
		return m
	}
	m.program.path = absolute(b.File)
	if dir != "" {
		m.program.path, m.program.outer = m.target.within(m.program.path)
	}
	f, info, err := m.target.open(b.Interpreter)
	if err != nil {
		m.why, m.refused = fmt.Sprintf("%s needs %s, which is not there", b.File, b.Interpreter), true
		m.empty = true
		return m
	}
	if fault := goelf.CheckHeader(f, info.Size(), m.elf); fault != nil {
		f.Close()
		m.why, m.refused = fmt.Sprintf("%s needs %s, which is for another machine or damaged", b.File, b.Interpreter), true
		m.empty = true
		return m
	}
	im, err := goelf.NewLibrary(f, info.Size())
	if err != nil {
		f.Close()
		m.why, m.refused = fmt.Sprintf("%s cannot be read: %v", b.Interpreter, err), true
		return m
	}
	linker := &dso{path: b.Interpreter, names: []string{im.Soname()}, image: im, info: info, file: f, startup: true, inTLS: true, parent: m.program}
	m.configure(linker, info.Size())
	m.start(linker)
	return m
}

// within gives the path that a file of the running machine has on the target, and
// whether it lies outside of it.
func (t target) within(file string) (string, bool) {
	if t.dir == "" {
		return file, false
	}
	root := absolute(t.dir)
	rel, err := filepath.Rel(root, file)
	if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
		return file, true
	}
	return "/" + rel, false
}

// configure finds out where the machine's dynamic linker looks for libraries.
func (m *machine) configure(linker *dso, size int64) {
	m.systemDirs = sync.OnceValue(func() []string { return systemDirs(linker.file, size) })
	m.processor = sync.OnceValue(func() processor {
		if goarch := strings.TrimPrefix(m.program.host.Binary().Platform, "linux/"); goarch == runtime.GOARCH {
			return runningProcessor(goarch)
		}
		return processor{platform: "unknown"}
	})
	if m.musl {
		return
	}
	if data, err := m.target.read("/etc/ld.so.cache", maxCache); err == nil {
		m.cache = readLibraryCache(data, m.elf)
	} else if m.target.dir != "" {
		m.configured = cacheFolders(m.target, "/etc/ld.so.conf")
	}
}

// systemDirs finds the default folders in the dynamic linker, which has them as
// strings one behind the other, the last ones /usr/lib and the like (SYSTEM_DIRS in
// glibc's elf/dl-load.c). Every distribution compiles its own.
func systemDirs(r *os.File, size int64) []string {
	const most = 16 << 20
	data := make([]byte, min(size, most))
	if _, err := r.ReadAt(data, 0); err == nil {
		for rest := data; ; {
			i := bytes.Index(rest, []byte("/lib"))
			if i < 0 {
				break
			}
			if i > 0 && rest[i-1] == 0 {
				if dirs := dirList(rest[i:]); len(dirs) > 1 {
					return dirs
				}
			}
			rest = rest[i+4:]
		}
	}
	return []string{"/lib64", "/usr/lib64", "/lib", "/usr/lib"}
}

// dirList reads strings that are absolute folders.
func dirList(data []byte) []string {
	var dirs []string
	for len(dirs) < 16 {
		s, rest, ok := bytes.Cut(data, []byte{0})
		if !ok || len(s) < 2 || len(s) > 256 || s[0] != '/' || s[len(s)-1] != '/' {
			break
		}
		dirs = append(dirs, string(s[:len(s)-1]))
		data = rest
	}
	return dirs
}

// start maps what the host needs, as rtld does before main.
func (m *machine) start(linker *dso) {
	m.loaded = []*dso{m.program, linker}
	m.linker = linker
	l := m.newLinkage()
	l.starting = true
	var list []*dso
	var stop *stop
	if m.musl {
		list, stop = l.musl.mapDependencies(l, m.program)
	} else if list, stop = l.mapDependencies(m.program); stop == nil {
		stop = l.checkVersions(list)
	}
	if stop != nil {
		m.why, m.refused = stop.text, true
		if stop.text == "" {
			m.why = stop.title
		}
		return
	}
	if !slices.Contains(list, linker) {
		list = append(list, linker)
	}
	m.loaded = list
	for _, d := range list {
		// From here on several processes share it, so that nothing of it changes.
		d.startup, d.inTLS, d.mapped = true, true, true
	}
	m.tls = newTLSBudget(m.program.host.Binary().Platform, list)
}

// definer gives the file among those that the process began with that a symbol binds
// to, nil for none.
func (m *machine) definer(r goelf.Reference) *dso {
	key := lookup{r.Name, r.Version.Name, r.Version.Hidden, r.Kind == goelf.RefData}
	if d, ok := m.bound.Load(key); ok {
		return d.(*dso)
	}
	var found *dso
	for _, d := range m.loaded {
		if d.find(r) {
			found = d
			break
		}
	}
	m.bound.Store(key, found)
	return found
}

// executableStack says whether the program's stack is executable from the start.
func (m *machine) executableStack() bool {
	return m.program.host.stackExec
}

// glibc gives the newest version of glibc's symbols that the machine has, as in 2.36;
// "" where there is none.
func (m *machine) glibc() string {
	newest := ""
	for _, d := range m.loaded {
		if d.image == nil || !strings.HasPrefix(d.image.Soname(), "libc.so.") {
			continue
		}
		defs, err := d.image.VersionDefs()
		if err != nil {
			continue
		}
		for _, def := range defs {
			if v, ok := glibcVersion(def.Name); ok && (newest == "" || compareDotted(v, newest) > 0) {
				newest = v
			}
		}
	}
	return newest
}

// processor is what glibc makes of the processor when it looks for libraries.
type processor struct {
	levels   []string // its glibc-hwcaps folders, best first
	platform string   // what $PLATFORM stands for
}

func (m *machine) levels() []string { return m.processor().levels }

// runningProcessor gives the glibc-hwcaps folders that fit the running processor, best first
// (sysdeps/x86_64/dl-hwcap-subdirs.c and isa-level.h in glibc; the x86-64 psABI names
// the features), and what $PLATFORM stands for: the kernel's AT_PLATFORM, which glibc
// changes on Intel's processors (sysdeps/x86/cpu-features.c).
func runningProcessor(goarch string) processor {
	var levels []string
	names := map[string]string{"amd64": "x86_64", "arm64": "aarch64", "386": "i686", "arm": "v7l", "riscv64": "", "ppc64le": "power8", "s390x": "z900"}
	platform := names[goarch]
	if goarch != "amd64" {
		return processor{nil, platform}
	}
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return processor{nil, platform}
	}
	flags := make(map[string]bool)
	intel := false
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(key) {
		case "flags":
			for _, f := range strings.Fields(value) {
				flags[f] = true
			}
		case "vendor_id":
			intel = strings.TrimSpace(value) == "GenuineIntel"
		}
		if len(flags) > 0 {
			break
		}
	}
	has := func(names string) bool {
		return !slices.ContainsFunc(strings.Fields(names), func(f string) bool { return !flags[f] })
	}
	if has("cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3") {
		levels = append(levels, "x86-64-v2")
		if has("avx avx2 bmi1 bmi2 f16c fma abm movbe xsave") {
			levels = append(levels, "x86-64-v3")
			if has("avx512f avx512bw avx512cd avx512dq avx512vl") {
				levels = append(levels, "x86-64-v4")
			}
		}
	}
	slices.Reverse(levels)
	if intel && has("avx2 fma bmi1 bmi2 abm movbe popcnt") {
		platform = "haswell"
	}
	return processor{levels, platform}
}
