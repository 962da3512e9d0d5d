// Command loadercost measures what package loader adds to a host. It builds a small host
// that opens plugins with plugin.Open, the same with loader.Open, and the same with
// loader/keyless, and prints what go.mod requires, which packages are linked, the sizes of
// the programs, how long they take to start and to open a plugin, which versions of
// other modules rise, and which plugins that loaded before do not any more.
//
//	go -C tools run ./loadercost
package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plugtool/plugtool/signer/bundle"
)

func main() {
	rounds := flag.Int("rounds", 31, "how often each host starts")
	flag.Parse()
	if err := run(*rounds); err != nil {
		fmt.Fprintln(os.Stderr, "loadercost:", err)
		os.Exit(1)
	}
}

func run(rounds int) error {
	dir, err := os.MkdirTemp("", "plugtool-loadercost-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	root, err := filepath.Abs("..")
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	m := &meter{dir: dir, root: root, key: key, rounds: rounds}
	hosts := []*host{{name: "plugin.Open", source: plainHost}, {name: "loader", source: loaderHost}, {name: "loader, keyless", source: keylessHost}}
	for _, h := range hosts {
		if err := m.build(h); err != nil {
			return err
		}
	}
	if err := m.plugins(); err != nil {
		return err
	}
	for _, h := range hosts {
		if err := m.measure(h); err != nil {
			return err
		}
	}
	table(hosts)
	if err := m.stopped(hosts); err != nil {
		return err
	}
	return m.raised()
}

type meter struct {
	dir, root string
	key       *ecdsa.PrivateKey
	rounds    int
	built     []string // the plugins
}

// A host and what was measured of it.
type host struct {
	name, source  string
	dir, file     string
	direct, other int // lines in go.mod that require, and those that are indirect
	packages      []string
	size, small   int64 // in bytes; without symbols
	inits         time.Duration
	start, open   time.Duration
	cpu           time.Duration     // of a process that opens one plugin
	opened        map[string]string // the error by plugin, "" where it loads
}

// build builds a host, in a module of its own.
func (m *meter) build(h *host) error {
	h.dir = filepath.Join(m.dir, strings.NewReplacer(".", "", ", ", "-").Replace(h.name))
	h.file = filepath.Join(h.dir, "host")
	public, err := bundle.NewPublicKey(m.key.Public())
	if err != nil {
		return err
	}
	err = m.module(h.dir, map[string]string{"main.go": h.source, "key.pub": string(public.PEM()), "policy.json": policyJSON}, "")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(h.dir, "go.mod"))
	if err != nil {
		return err
	}
	required := regexp.MustCompile(`(?m)^(?:require )?\s*[^\s()]+\.[^\s()]+ v\S+( // indirect)?$`)
	for _, line := range required.FindAllStringSubmatch(string(text), -1) {
		if line[1] == "" {
			h.direct++
		} else {
			h.other++
		}
	}
	list, err := command(h.dir, "go", "list", "-deps", ".")
	if err != nil {
		return err
	}
	h.packages = strings.Fields(list)
	for file, size := range map[string]*int64{"small": &h.small, "host": &h.size} {
		args := []string{"build", "-trimpath", "-o", file}
		if file == "small" {
			args = append(args, "-ldflags=-s -w")
		}
		if _, err := command(h.dir, "go", append(args, ".")...); err != nil {
			return err
		}
		info, err := os.Stat(filepath.Join(h.dir, file))
		if err != nil {
			return err
		}
		*size = info.Size()
	}
	return nil
}

// module writes a module that may import plugtool's, and tidies it.
func (m *meter) module(dir string, files map[string]string, require string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	files["go.mod"] = "module example.com/host\n\ngo 1.26.0\n\nreplace github.com/plugtool/plugtool => " + m.root + "\n"
	if require != "" {
		files["go.mod"] += "\nrequire " + require + "\n"
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	_, err := command(dir, "go", "mod", "tidy")
	return err
}

// plugins builds and signs the plugins.
func (m *meter) plugins() error {
	public, err := bundle.NewPublicKey(m.key.Public())
	if err != nil {
		return err
	}
	for _, kind := range pluginKinds {
		dir := filepath.Join(m.dir, "plugins", kind.name)
		source := "package main\n\n"
		for _, path := range kind.imports {
			source += "import _ " + strconv.Quote(path) + "\n"
		}
		source += "\nfunc Hello() string { return \"hello\" }\n\nfunc main() {}\n"
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		for name, text := range map[string]string{"go.mod": "module example.com/" + kind.name + "\n\ngo 1.26.0\n", "main.go": source} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
				return err
			}
		}
		file := filepath.Join(dir, kind.name+".so")
		if _, err := command(dir, "go", "build", "-buildmode=plugin", "-trimpath", "-tags="+kind.tags, "-o", file, "."); err != nil {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		digest := sha256.Sum256(data)
		signature, err := m.key.Sign(rand.Reader, digest[:], crypto.SHA256)
		if err != nil {
			return err
		}
		sidecar, err := bundle.MarshalMessage(public, bundle.NewDigests(data), signature)
		if err != nil {
			return err
		}
		if err := os.WriteFile(bundle.Path(file), sidecar, 0o666); err != nil {
			return err
		}
		m.built = append(m.built, file)
	}
	return nil
}

// measure starts a host, with each plugin by itself.
func (m *meter) measure(h *host) error {
	h.opened = map[string]string{}
	for _, file := range m.built {
		_, result, err := m.open(h, file)
		if err != nil {
			return err
		}
		h.opened[filepath.Base(file)] = result
	}
	var starts, opens, cpus, inits []time.Duration
	for range m.rounds {
		began := time.Now()
		if _, err := command(m.dir, h.file); err != nil {
			return err
		}
		starts = append(starts, time.Since(began))
		took, _, err := m.open(h, m.built[0])
		if err != nil {
			return err
		}
		opens = append(opens, took)
		init, err := m.initTime(h)
		if err != nil {
			return err
		}
		inits = append(inits, init)
		cmd := exec.Command(h.file, m.built[0])
		if err := cmd.Run(); err != nil {
			return err
		}
		cpus = append(cpus, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	}
	// The fastest is what tells least of what else the machine did.
	h.start, h.open, h.cpu, h.inits = slices.Min(starts), slices.Min(opens), slices.Min(cpus), slices.Min(inits)
	return nil
}

// initTime gives how long a host's init functions take.
func (m *meter) initTime(h *host) (sum time.Duration, err error) {
	cmd := exec.Command(h.file)
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return 0, err
	}
	for _, clock := range regexp.MustCompile(`, ([0-9.]+) ms clock`).FindAllStringSubmatch(stderr.String(), -1) {
		ms, err := strconv.ParseFloat(clock[1], 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(ms * float64(time.Millisecond))
	}
	return sum, nil
}

// open has a host open a plugin, and gives what it says.
func (m *meter) open(h *host, file string) (time.Duration, string, error) {
	out, err := command(m.dir, h.file, file)
	if err != nil {
		return 0, "", err
	}
	nanoseconds, result, _ := strings.Cut(strings.TrimSpace(out), " ")
	n, err := strconv.ParseInt(nanoseconds, 10, 64)
	if result == "<nil>" {
		result = ""
	}
	return time.Duration(n), result, err
}

func table(hosts []*host) {
	print := func(what string, of func(*host) string) {
		fmt.Printf("%-46s", what)
		for _, h := range hosts {
			fmt.Printf("%18s", of(h))
		}
		fmt.Println()
	}
	print("", func(h *host) string { return h.name })
	print("go.mod: modules required", func(h *host) string { return strconv.Itoa(h.direct) })
	print("go.mod: // indirect", func(h *host) string { return strconv.Itoa(h.other) })
	print("packages linked", func(h *host) string { return strconv.Itoa(len(h.packages)) })
	print("  of which beyond the standard library", func(h *host) string {
		return strconv.Itoa(len(slices.DeleteFunc(slices.Clone(h.packages), func(p string) bool {
			first, _, _ := strings.Cut(p, "/")
			return !strings.Contains(first, ".") || strings.HasPrefix(p, "example.com/")
		})))
	})
	print("program, MB", func(h *host) string { return fmt.Sprintf("%.1f", float64(h.size)/1e6) })
	print("  without symbols (-s -w), MB", func(h *host) string { return fmt.Sprintf("%.1f", float64(h.small)/1e6) })
	print("start to end, without a plugin", func(h *host) string { return h.start.Round(100 * time.Microsecond).String() })
	print("  of which init (GODEBUG=inittrace=1)", func(h *host) string { return h.inits.Round(10 * time.Microsecond).String() })
	print("opening the first plugin", func(h *host) string { return h.open.Round(100 * time.Microsecond).String() })
	print("processor time of a process that opens one", func(h *host) string { return h.cpu.Round(100 * time.Microsecond).String() })
}

// stopped says which plugins load into the host without the loader and not into the
// one with it.
func (m *meter) stopped(hosts []*host) error {
	fmt.Printf("\n%d plugins, opened by each host in a process of its own:\n", len(m.built))
	for _, file := range m.built {
		name, folder := filepath.Base(file), filepath.Dir(file)+"/"
		if before := hosts[0].opened[name]; before != "" {
			fmt.Printf("%s does not load without the loader either: %s\n", name, strings.ReplaceAll(before, folder, ""))
			continue
		}
		for _, h := range hosts[1:] {
			if h.opened[name] != "" {
				fmt.Printf("%s loads with plugin.Open, and not in %q: %s\n", name, h.name, strings.ReplaceAll(h.opened[name], folder, ""))
			}
		}
	}
	return nil
}

// raised says what becomes of the version of a module that the host requires too.
func (m *meter) raised() error {
	dir := filepath.Join(m.dir, "raised")
	if err := m.module(dir, map[string]string{"main.go": withModule}, olderModule); err != nil {
		return err
	}
	path, _, _ := strings.Cut(olderModule, " ")
	now, err := command(dir, "go", "list", "-m", path)
	if err != nil {
		return err
	}
	all, err := command(m.root, "go", "mod", "edit", "-json")
	if err != nil {
		return err
	}
	fmt.Printf("\na host that required %s has %s with the loader; plugtool's go.mod names %d modules\n",
		olderModule, strings.TrimSpace(now), strings.Count(all, `"Version"`))
	return nil
}

// command runs a command and gives what it writes.
func command(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, stderr.String())
	}
	return string(out), nil
}
