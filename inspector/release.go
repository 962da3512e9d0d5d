package inspector

import (
	"fmt"
	"strconv"
	"strings"
)

// minorOf gives the minor release of a Go version, 26 for go1.26.8 and for what
// distributions add behind that, as in go1.22.2 (Red Hat 1.22.2-1.el9); 0 where the
// version names no release, as a development version does not: devel go1.28-0123abc.
func minorOf(version string) int {
	s, ok := strings.CutPrefix(version, "go1.")
	if !ok {
		return 0
	}
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(s[:end])
	if err != nil {
		return 0
	}
	return n
}

// oldestKnown and newestKnown are the minor releases whose runtime.moduledata was
// looked at.
const (
	oldestKnown = 21
	newestKnown = 27
)

// layoutClass numbers the layouts of runtime.moduledata that let one release read
// another's: Go 1.21 and 1.22 read each other's, as do 1.23 to 1.25 (observed on every
// machine; runtime/symtab.go). The other releases that are known read none but their
// own. It is 0 for a release that is not known.
func layoutClass(minor int) int {
	switch {
	case minor < oldestKnown || minor > newestKnown:
		return 0
	case minor == 22:
		return 21
	case minor == 24 || minor == 25:
		return 23
	}
	return minor
}

// moduledataSizes gives the bytes of runtime.moduledata in each class of layouts, with
// pointers of four and of eight bytes.
var moduledataSizes = map[int][2]uint64{
	21: {296, 592},
	23: {292, 584},
	26: {296, 592},
	27: {284, 568},
}

// classOf is layoutClass for a file, 0 too where the size of its moduledata is not that
// of the release that it names.
func classOf(b *Binary) int {
	class := layoutClass(minorOf(b.GoVersion))
	sizes := moduledataSizes[class]
	want := sizes[0]
	if covered[b.Platform].Is64 {
		want = sizes[1]
	}
	if b.ModuledataSize != 0 && want != 0 && b.ModuledataSize != want {
		return 0
	}
	return class
}

// unknownLayout notes that a layout was judged by its size alone.
func (p *process) unknownLayout(plug *Plugin) (Finding, bool) {
	host := p.host.Binary()
	if plug.mod == nil || host.GoVersion == plug.Binary.GoVersion || classOf(host) != 0 && classOf(plug.Binary) != 0 {
		return Finding{}, false
	}
	f := otherLayout.finding(fmt.Sprintf("host was built with %s, plugin with %s, and plugtool knows Go 1.%d to 1.%d", host.GoVersion, plug.Binary.GoVersion, oldestKnown, newestKnown))
	f.Severity = Note
	f.Detail = fmt.Sprintf("whether the host's runtime reads the plugin's module data was judged by its size alone: %d bytes in the host, %d in the plugin", host.ModuledataSize, plug.Binary.ModuledataSize)
	f.Host, f.Plugin = host.GoVersion, plug.Binary.GoVersion
	return f, true
}
