package inspector

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// Breaks says which of the plugins that load into a host an upgrade of it breaks.
type Breaks string

const (
	BreaksAll  Breaks = "all"
	BreaksSome Breaks = "some" // depending on the packages that they have
	BreaksNone Breaks = "none"
)

// A HostDiff is what an upgrade of a host changes for plugins.
type HostDiff struct {
	Old, New HostRef
	Breaks   Breaks
	Reason   string // why, in a sentence

	Causes   []Finding // why packages changed; Host is the new host's value, Plugin the old one's
	Changed  []string  // packages that both have, with different hashes
	Gone     []string  // packages that the old one has: plugins then use their own
	Added    []string  // packages that the new one has: plugins must have the same ones
	Same     int       // how many packages are as before
	Settings []Change
	Modules  []Change // that are linked in, by path
	C        []Change // what counts for C code: libraries, the newest version of glibc
	Plugins  []PluginChange
}

// A Change is one value in two hosts; "" where one does not have it.
type Change struct {
	Name string `json:"name"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

// A PluginChange is one plugin's verdict in both hosts.
type PluginChange struct {
	File     string
	Old, New PluginVerdict
}

// Breaks says whether the plugin loads into the old host and not into the new one.
func (c *PluginChange) Breaks() bool { return c.Old.Outcome == Loads && c.New.Outcome != Loads }

// Diff compares two hosts, the older one first, for the plugins that load into it, and
// judges each of the plugins given by itself in both.
func (o Options) Diff(older, newer *Host, plugins []*Plugin) (*HostDiff, error) {
	a, b := older.Binary(), newer.Binary()
	d := &HostDiff{Old: a.ref(), New: b.ref(), Breaks: BreaksNone}
	mismatches, err := d.packages(older, newer)
	if err != nil {
		return nil, err
	}
	d.Settings = changes(settingsOf(a), settingsOf(b))
	d.Modules = changes(modulesOf(a), modulesOf(b))
	if d.C, err = changesForC(older, newer); err != nil {
		return nil, err
	}
	d.judge(a, b)
	if err := d.explain(o, older, newer, mismatches); err != nil {
		return nil, err
	}
	for _, plug := range plugins {
		c := PluginChange{File: plug.File}
		for _, side := range []struct {
			host *Host
			to   *PluginVerdict
		}{{older, &c.Old}, {newer, &c.New}} {
			v, err := o.Check(side.host, []*Plugin{plug})
			if err != nil {
				return nil, err
			}
			*side.to = v.Plugins[0]
		}
		d.Plugins = append(d.Plugins, c)
	}
	return d, nil
}

func (b *Binary) ref() HostRef {
	return HostRef{File: b.File, GoVersion: b.GoVersion, Platform: b.Platform}
}

// packages compares the hosts' packages by their hashes.
func (d *HostDiff) packages(older, newer *Host) ([]mismatch, error) {
	a, err := older.Packages()
	if err != nil {
		return nil, err
	}
	b, err := newer.Packages()
	if err != nil {
		return nil, err
	}
	was := make(map[string]Hash, len(a))
	for _, p := range a {
		was[p.Path] = p.Hash
	}
	var list []mismatch
	for _, p := range b {
		hash, ok := was[p.Path]
		delete(was, p.Path)
		switch {
		case p.Path == "main": // no plugin has the host's
		case !ok:
			d.Added = append(d.Added, p.Path)
		case hash != p.Hash:
			d.Changed = append(d.Changed, p.Path)
			list = append(list, mismatch{pkg: p.Path, bound: p.Hash, plugin: hash})
		default:
			d.Same++
		}
	}
	for _, p := range a {
		if _, gone := was[p.Path]; gone && p.Path != "main" {
			d.Gone = append(d.Gone, p.Path)
		}
	}
	return list, nil
}

// judge says which plugins break. A plugin that loads into the old host has the old
// host's hash of every package that they share; into the new one it loads where none
// of those changed, and no package that is new there is another one than its own.
func (d *HostDiff) judge(a, b *Binary) {
	all := func(format string, args ...any) {
		d.Breaks, d.Reason = BreaksAll, fmt.Sprintf(format, args...)
	}
	x, y := layoutClass(minorOf(a.GoVersion)), layoutClass(minorOf(b.GoVersion))
	switch everyone := d.inEveryPlugin(minorOf(a.GoVersion)); {
	case a.Loading != LoadingWorks:
		d.Reason = fmt.Sprintf("%s loads no plugins, so none can break", a.File)
	case b.Loading != LoadingWorks:
		all("%s loads no plugins: %s", b.File, loadingText[b.Loading])
	case a.Platform != b.Platform:
		all("%s is for %s, %s for %s", a.File, a.Platform, b.File, b.Platform)
	case x != 0 && y != 0 && x != y:
		all("%s was built with %s, whose runtime misreads the module data of plugins built with %s", b.File, b.GoVersion, a.GoVersion)
	case len(everyone) == 1:
		all("package %s changed, which every plugin has", everyone[0])
	case len(everyone) > 1:
		all("package %s and %d more changed, which every plugin has", everyone[0], len(everyone)-1)
	case len(d.Changed) > 0:
		d.Breaks, d.Reason = BreaksSome, "plugins break that have one of the packages that changed"
		if len(d.Added) > 0 {
			d.Reason += ", or another version of one that is new"
		}
	case len(d.Added) > 0:
		d.Breaks, d.Reason = BreaksSome, "plugins break that have another version of one of the packages that are new"
	case slices.ContainsFunc(d.C, func(c Change) bool { return c.New == "" }):
		d.Breaks, d.Reason = BreaksSome, "plugins break whose C code relies on what the new host lacks"
	default:
		d.Reason = "the packages that plugins share with the host are the same"
	}
}

var loadingText = map[Loading]string{
	LoadingStub:   "it was built with CGO_ENABLED=0",
	LoadingNone:   "it does not import package plugin",
	LoadingStatic: "it was linked statically or internally",
}

// everyPlugin holds the packages that an empty plugin is linked with, and the first
// minor release since 1.21 in which that is so (observed, 1.21 to 1.27).
var everyPlugin = map[string]int{
	"runtime": 21, "runtime/cgo": 21, "sync": 21, "sync/atomic": 21,
	"runtime/internal/atomic": 21, "runtime/internal/math": 21, "runtime/internal/sys": 21, "runtime/internal/syscall": 21,
	"internal/abi": 21, "internal/bytealg": 21, "internal/coverage/rtcov": 21, "internal/cpu": 21, "internal/goarch": 21,
	"internal/godebugs": 21, "internal/goexperiment": 21, "internal/goos": 21, "internal/race": 21,
	"internal/chacha8rand": 22,
	"internal/byteorder":   23, "internal/profilerecord": 23, "internal/runtime/atomic": 23, "internal/runtime/exithook": 23,
	"internal/runtime/syscall": 23, "internal/stringslite": 23,
	"internal/asan": 24, "internal/msan": 24, "internal/runtime/maps": 24, "internal/runtime/math": 24, "internal/runtime/sys": 24,
	"internal/sync":           24,
	"internal/runtime/cgroup": 25, "internal/runtime/gc": 25, "internal/synctest": 25, "internal/trace/tracev2": 25,
}

// inEveryPlugin gives the changed packages that every plugin has, runtime first.
func (d *HostDiff) inEveryPlugin(minor int) []string {
	var list []string
	for _, pkg := range d.Changed {
		if since := everyPlugin[pkg]; since > 0 && minor >= since && minor <= newestMinor {
			list = append(list, pkg)
		}
	}
	if i := slices.Index(list, "runtime"); i > 0 {
		list = append([]string{"runtime"}, slices.Delete(list, i, i+1)...)
	}
	return list
}

// newestMinor is the newest Go release that everyPlugin was observed of.
const newestMinor = 27

// explain names the causes of the changes as it would name them for a plugin that was
// built just as the old host was.
func (d *HostDiff) explain(o Options, older, newer *Host, mismatches []mismatch) error {
	if len(mismatches) == 0 {
		return nil
	}
	sources, err := older.Sources()
	if err != nil {
		return err
	}
	p := o.newProcess(newer)
	like := &Plugin{File: older.bin.File, Binary: &older.bin, mod: &goelf.Plugin{}, folders: sources}
	like.foldersOnce.Do(func() {})
	for _, f := range p.explain(like, mismatches) {
		f.Severity, f.Title, f.Detail, f.Fix = Note, hostsTitle(f.Title), "", nil
		slices.Sort(f.Packages)
		f.Package = f.Packages[0]
		d.Causes = append(d.Causes, f)
	}
	return nil
}

// hostsTitle rewords what is said of a host and a plugin for two hosts.
func hostsTitle(title string) string {
	words := strings.Split(title, " ")
	for i, w := range words {
		switch w {
		case "host":
			words[i] = "the new host"
		case "plugin":
			words[i] = "the old one"
		}
	}
	return strings.Join(words, " ")
}

func settingsOf(b *Binary) map[string]string {
	m := map[string]string{"go": b.GoVersion}
	for _, s := range b.Settings {
		if s.Key != "DefaultGODEBUG" {
			m[s.Key] = s.Value
		}
	}
	for key, value := range debugDefaults(b) {
		m["GODEBUG "+key] = value
	}
	return m
}

func modulesOf(b *Binary) map[string]string {
	m := make(map[string]string)
	for _, d := range append([]Module{b.Main}, b.Deps...) {
		if d.Path != "" {
			m[d.Path] = versionOf(&d)
		}
	}
	return m
}

// changesForC compares what a plugin's C code finds in a host: its libraries, where it
// looks for them, and the symbols that it defines.
func changesForC(older, newer *Host) ([]Change, error) {
	var sides [2]map[string]string
	var symbols [2]nameSums
	for i, h := range []*Host{older, newer} {
		b := h.Binary()
		sides[i] = map[string]string{
			"glibc": b.Glibc, "dynamic linker": b.Interpreter,
			"rpath": strings.Join(h.rpath, ":"), "runpath": strings.Join(h.runpath, ":"),
		}
		for _, lib := range b.Needed {
			sides[i][lib] = "needed"
		}
		var err error
		if symbols[i], err = h.cSymbols(); err != nil {
			return nil, err
		}
	}
	gone := 0
	for sum := range symbols[0] {
		if !symbols[1][sum] {
			gone++
		}
	}
	list := changes(sides[0], sides[1])
	if gone > 0 {
		list = append(list, Change{"symbols that only the old host defines", fmt.Sprint(gone), ""})
	}
	return list, nil
}

// changes lists what differs between two sets of values, by name.
func changes(a, b map[string]string) []Change {
	var list []Change
	for name, v := range a {
		if b[name] != v {
			list = append(list, Change{name, v, b[name]})
		}
	}
	for name, v := range b {
		if _, ok := a[name]; !ok && v != "" {
			list = append(list, Change{name, "", v})
		}
	}
	slices.SortFunc(list, func(x, y Change) int { return cmp.Compare(x.Name, y.Name) })
	return list
}
