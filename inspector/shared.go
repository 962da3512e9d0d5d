package inspector

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// hostString is the value of a string variable in the host: of a descriptor that -X
// did not set, only a hash is known.
type hostString struct {
	value string
	set   bool // by -X
	sum   uint32
}

func (v hostString) words() string {
	if v.set {
		return quoteShort(v.value)
	}
	return "what the source says"
}

func (v hostString) is(value string) bool {
	if v.set {
		return v.value == value
	}
	return v.sum == shortSum(value)
}

// shortSum tells one host's variables, and one variable's values, apart.
func shortSum(s string) uint32 {
	sum := sha256.Sum256([]byte(s))
	return binary.BigEndian.Uint32(sum[:])
}

// stringVar gives the value of a variable that is known to be a string, by its symbol,
// where the host defines it.
func (h *Host) stringVar(symbol string) (hostString, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.image == nil {
		if v, ok := h.strings.set[symbol]; ok {
			return hostString{value: v, set: true}, true
		}
		sum, ok := h.strings.rest[shortSum(symbol)]
		return hostString{sum: sum}, ok
	}
	value, ok, err := h.image.StringVar(symbol)
	if err != nil || !ok {
		return hostString{}, false
	}
	_, set, err := h.image.Lookup(symbol + ".str")
	return hostString{value: value, set: set && err == nil, sum: shortSum(value)}, true
}

// stringVars are the string variables of a descriptor's host that plugins could share.
type stringVars struct {
	set  map[string]string // by symbol: what -X set
	rest map[uint32]uint32 // shortSum of the symbol → of the value
}

// stringVars collects what the descriptor keeps of the host's variables, those of the
// standard library apart. Which ones are strings the file does not say: all of that
// size whose value reads as a string may be.
func (h *Host) stringVars() (set map[string]string, rest string, err error) {
	if h.image == nil {
		return h.strings.set, h.strings.encoded(), nil
	}
	var v stringVars
	if err := guard(func() (err error) { v, err = h.readStringVars(); return err }); err != nil {
		return nil, "", fmt.Errorf("read host %s: %w", h.bin.File, err)
	}
	return v.set, v.encoded(), nil
}

func (h *Host) readStringVars() (v stringVars, err error) {
	list, err := h.image.LinkerStrings()
	if err != nil {
		return v, err
	}
	v = stringVars{set: make(map[string]string), rest: make(map[uint32]uint32)}
	for _, s := range list {
		v.set[s.Symbol] = s.Value
	}
	size := 2 * h.image.WordSize()
	for s, err := range h.image.Symbols() {
		if err != nil {
			return v, err
		}
		first, _, _ := strings.Cut(s.Name, "/")
		if !s.Defined || s.Size != size || !strings.Contains(first, ".") || strings.Contains(s.Name, ":") || v.set[s.Name] != "" {
			continue
		}
		if h.bin.ModuleOf(goelf.SymbolPackage(s.Name)) == nil {
			continue
		}
		if value, ok, err := h.image.StringVar(s.Name); err == nil && ok {
			v.rest[shortSum(s.Name)] = shortSum(value)
		}
	}
	return v, nil
}

// encoded writes the pairs of rest in the order of their names' sums.
func (v stringVars) encoded() string {
	var b []byte
	keys := make([]uint32, 0, len(v.rest))
	for k := range v.rest {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		b = binary.BigEndian.AppendUint32(b, k)
		b = binary.BigEndian.AppendUint32(b, v.rest[k])
	}
	return base64.StdEncoding.EncodeToString(b)
}

// readStringVars reads what encoded wrote.
func readStringVars(set map[string]string, rest string) (stringVars, error) {
	v := stringVars{set: set, rest: make(map[uint32]uint32)}
	b, err := base64.StdEncoding.Strict().DecodeString(rest)
	if err != nil || len(b)%8 != 0 {
		return v, errors.New("its field stringVariables is not base64 of pairs of sums")
	}
	for ; len(b) > 0; b = b[8:] {
		v.rest[binary.BigEndian.Uint32(b)] = binary.BigEndian.Uint32(b[4:])
	}
	return v, nil
}

// linkerStrings lists the variables that -X set in the plugin; of what cannot be read
// there are none.
func (p *Plugin) linkerStrings() []goelf.LinkerString {
	p.stringsOnce.Do(func() {
		if p.image != nil {
			p.strings, _ = p.image.LinkerStrings()
		}
	})
	return p.strings
}

// ownCopies notes what the plugin costs in memory. A plugin shares variables with its
// host, and never code.
func (p *process) ownCopies(plug *Plugin) (Finding, bool) {
	if !p.options.Costs {
		return Finding{}, false
	}
	var twice, own uint64
	both, alone := make(map[string]bool), make(map[string]bool)
	err := plug.image.PluginCode(plug.mod, func(pkg string, size uint64) {
		if _, ok, err := p.host.Package(pkg); err == nil && ok {
			twice += size
			both[pkg] = true
			return
		}
		own += size
		alone[pkg] = true
	})
	if err != nil || twice == 0 {
		return Finding{}, false
	}
	f := ownCopies.finding(fmt.Sprintf("%s has its own copy of %s of code of %s that the host has as well", plug.File, byteCount(twice), packageCount(len(both))))
	f.Severity = Note
	f.Detail = fmt.Sprintf("loaded, its segments take %s of memory; a plugin shares variables with its host, and never code", byteCount(plug.image.MemorySize()))
	f.Plugin = fmt.Sprintf("%s of code that the host has, %s of %s of its own", byteCount(twice), byteCount(own), packageCount(len(alone)))
	return f, true
}

func packageCount(n int) string {
	if n == 1 {
		return "1 package"
	}
	return fmt.Sprintf("%d packages", n)
}

func byteCount(n uint64) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%d MB", n>>20)
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d kB", (n+1023)>>10)
}
