package inspector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/plugtool/plugtool/inspector/goelf"
)

// DescriptorSchema names the format of a host's descriptor.
const DescriptorSchema = "plugtool.host/v1"

// maxDescriptor caps a descriptor's size in bytes; golangci-lint's has 130 kB. Read, a
// hostile one of that size allocates some 50 MB.
const maxDescriptor = 2 << 20

// descriptor is a host's facts in a file: it stands for the binary wherever a host
// is asked for.
type descriptor struct {
	Schema string `json:"schema"`
	Binary
	// Folders holds where the packages lay whose folder does not follow from the
	// module's path and version.
	Folders map[string]string `json:"folders,omitempty"`
	// CSymbols stands for the names that C code could refer to: base64 of the first
	// eight bytes of the SHA-256 of each. One that has a version is there as NAME@VERSION
	// and as NAME@. Go symbols are not among them: a plugin has its own.
	CSymbols string `json:"cSymbols,omitempty"`
	// Rpath and Runpath are where the dynamic linker looks for the host's libraries;
	// $ORIGIN in them is the descriptor's folder.
	Rpath   []string `json:"rpath,omitempty"`
	Runpath []string `json:"runpath,omitempty"`
	// TLS is the host's thread-local block, and StackExec says that its stack is
	// executable: libraries that are opened later depend on both.
	TLS       *descriptorTLS `json:"tls,omitempty"`
	StackExec bool           `json:"stackExec,omitempty"`
	// Covered are the packages with coverage counters.
	Covered []string `json:"covered,omitempty"`
	// LinkerStrings holds the values of variables that -ldflags=-X set, by symbol.
	LinkerStrings map[string]string `json:"linkerStrings,omitempty"`
	// StringVariables stands for the other variables that may be strings: base64 of
	// pairs of four bytes, of the SHA-256 of a symbol and of its value.
	StringVariables string `json:"stringVariables,omitempty"`
	// Contract is what the host asserts of its plugins' symbols.
	Contract []required `json:"contract,omitempty"`
}

// descriptorTLS is goelf.TLSSegment in a descriptor; sizes are bytes.
type descriptorTLS struct {
	Size  uint64 `json:"size"`
	Align uint64 `json:"align"`
	First uint64 `json:"first,omitempty"`
}

// Descriptor writes the host's facts as JSON, for use in its place.
func (h *Host) Descriptor() ([]byte, error) {
	d := descriptor{Schema: DescriptorSchema, Binary: h.bin, Rpath: h.rpath, Runpath: h.runpath, StackExec: h.stackExec}
	if h.tls.Size > 0 {
		d.TLS = &descriptorTLS{h.tls.Size, h.tls.Align, h.tls.First}
	}
	d.File = baseName(h.bin.File)
	d.Contract = describeContract(h.contract)
	var err error
	if h.bin.Loading == LoadingWorks {
		if d.Packages, err = h.Packages(); err != nil {
			return nil, err
		}
		sources, err := h.Sources()
		if err != nil {
			return nil, err
		}
		names, err := h.cSymbols()
		if err != nil {
			return nil, err
		}
		d.CSymbols = names.encoded()
		if d.Covered, err = h.CoveredPackages(); err != nil {
			return nil, err
		}
		if d.LinkerStrings, d.StringVariables, err = h.stringVars(); err != nil {
			return nil, err
		}
		d.Folders = unusualFolders(&d.Binary, sources)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(d); err != nil {
		return nil, fmt.Errorf("describe host %s: %w", h.bin.File, err)
	}
	if out.Len() > maxDescriptor {
		return nil, fmt.Errorf("describe host %s: its descriptor would have %d bytes, at most %d are allowed", h.bin.File, out.Len(), maxDescriptor)
	}
	return out.Bytes(), nil
}

func baseName(file string) string {
	if i := strings.LastIndexAny(file, `/\`); i >= 0 {
		return file[i+1:]
	}
	return file
}

// unusualFolders leaves out what [trimmedFolder] tells anyway.
func unusualFolders(b *Binary, sources map[string]string) map[string]string {
	folders := make(map[string]string)
	for pkg, folder := range sources {
		if folder != trimmedFolder(b, pkg) {
			folders[pkg] = folder
		}
	}
	return folders
}

// trimmedFolder is where the compiler says that a package lies under -trimpath:
// its import path, with the version after the module's path where the module came
// from a proxy or was replaced (cmd/go/internal/work, (*Action).trimpath).
func trimmedFolder(b *Binary, pkg string) string {
	m := b.ModuleOf(pkg)
	if m == nil || m.Version == "" || m.Version == "(devel)" || m == &b.Main && m.Sum == "" {
		return pkg
	}
	return m.Path + "@" + m.Version + strings.TrimPrefix(pkg, m.Path)
}

// readDescriptor reads what Descriptor wrote.
func readDescriptor(file string, r io.ReaderAt, size int64) (*Host, error) {
	err := sizeOfDescriptor(size)
	if err == nil {
		var data []byte
		if data, err = io.ReadAll(io.NewSectionReader(r, 0, size)); err == nil {
			return parseDescriptor(file, data)
		}
	}
	return nil, fmt.Errorf("read host %s as a descriptor: %w", file, err)
}

func sizeOfDescriptor(size int64) error {
	if size > maxDescriptor {
		return fmt.Errorf("it has %d bytes, at most %d are allowed", size, maxDescriptor)
	}
	return nil
}

// parseDescriptor takes a descriptor's JSON apart, strictly.
func parseDescriptor(file string, data []byte) (*Host, error) {
	bad := func(err error) error {
		return fmt.Errorf("read host %s as a descriptor: %w", file, err)
	}
	if err := sizeOfDescriptor(int64(len(data))); err != nil {
		return nil, bad(err)
	}
	if err := strictJSON(data); err != nil {
		return nil, bad(err)
	}
	var version struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return nil, bad(err)
	}
	if s := version.Schema; s != DescriptorSchema {
		if strings.HasPrefix(s, strings.TrimSuffix(DescriptorSchema, "1")) {
			return nil, bad(fmt.Errorf("its schema is %q, want %q: a plugtool of another version wrote it; write it anew with plugtool host, or use that version", s, DescriptorSchema))
		}
		return nil, bad(fmt.Errorf("its schema is %q, want %q", s, DescriptorSchema))
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var d descriptor
	if err := dec.Decode(&d); err != nil {
		return nil, bad(err)
	}
	return hostOf(file, &d, bad)
}

func hostOf(file string, d *descriptor, bad func(error) error) (*Host, error) {
	h := &Host{bin: d.Binary, known: make(map[string]foundHash), folders: make(map[string]string)}
	for _, p := range d.Packages {
		if _, dup := h.known[p.Path]; dup || p.Path == "" {
			return nil, bad(fmt.Errorf("package %q is there twice or has no path", p.Path))
		}
		h.known[p.Path] = foundHash{p.Hash, true}
		h.folders[p.Path] = trimmedFolder(&h.bin, p.Path)
	}
	h.bin.indexDeps()
	h.covered, h.rpath, h.runpath = d.Covered, d.Rpath, d.Runpath
	var err error
	if h.strings, err = readStringVars(d.LinkerStrings, d.StringVariables); err != nil {
		return nil, bad(err)
	}
	h.stackExec = d.StackExec
	if t := d.TLS; t != nil {
		if t.Align > 1<<20 || t.Align&(t.Align-1) != 0 || t.Size > 1<<40 || t.First >= max(t.Align, 1) {
			return nil, bad(fmt.Errorf("its thread-local block has %d bytes aligned to %d", t.Size, t.Align))
		}
		h.tls = goelf.TLSSegment{Size: t.Size, Align: t.Align, First: t.First}
	}
	if h.csymbols, err = readNameSums(d.CSymbols); err != nil {
		return nil, bad(err)
	}
	if err := boundsOf(d); err != nil {
		return nil, bad(err)
	}
	for pkg, folder := range d.Folders {
		h.folders[pkg] = folder
	}
	if strings.ContainsFunc(d.GoVersion, unicode.IsControl) {
		return nil, bad(fmt.Errorf("its Go version is %q", d.GoVersion))
	}
	switch d.Loading {
	case LoadingWorks:
		if len(d.Packages) == 0 {
			return nil, bad(errors.New("it names no packages"))
		}
	case LoadingStub, LoadingNone, LoadingStatic:
	default:
		return nil, bad(fmt.Errorf("its field loading is %q", d.Loading))
	}
	if h.contract, err = readContract(d.Contract); err != nil {
		return nil, bad(err)
	}
	var ok bool
	if h.target, ok = targetOf(d.Platform, d.Interpreter); !ok {
		return nil, bad(fmt.Errorf("its platform is %q, which plugtool does not cover", d.Platform))
	}
	h.bin.File, h.bin.Packages = file, nil
	return h, nil
}

// boundsOf refuses lists that are longer than any program's: each entry costs accesses
// to files.
func boundsOf(d *descriptor) error {
	for _, list := range [][]string{d.Needed, d.Rpath, d.Runpath} {
		if len(list) > maxLibraries {
			return fmt.Errorf("it names %d libraries or folders of libraries, at most %d are plausible", len(list), maxLibraries)
		}
	}
	return nil
}

// cSymbols gives the dynamic symbols that the host defines under names that are
// identifiers in C.
func (h *Host) cSymbols() (nameSums, error) {
	if h.image == nil {
		return h.csymbols, nil
	}
	names := make(nameSums)
	err := guard(func() error {
		for s, err := range h.image.Symbols() {
			if err != nil {
				return err
			}
			if !s.Defined || !isCIdentifier(s.Name) || ofCgo(s.Name) {
				continue
			}
			if s.Version == "" {
				names[longSum(s.Name)] = true
				continue
			}
			names[longSum(s.Name+"@"+s.Version)] = true
			names[longSum(s.Name+"@")] = true // for references that ask for no version
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read host %s: %w", h.bin.File, err)
	}
	return names, nil
}

// ofCgo says whether a name is one that cgo made for a single Go package, as in
// _cgo_f7895c2c5a3a_C2func_getaddrinfo: nothing but that package's code refers to it.
func ofCgo(name string) bool {
	rest, ok := strings.CutPrefix(name, "_cgo_")
	return ok && len(rest) > 13 && rest[12] == '_' && strings.Trim(rest[:12], "0123456789abcdef") == ""
}

func isCIdentifier(s string) bool {
	for i, c := range []byte(s) {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// definesC says whether the host defines a symbol that C code refers to, and Go's
// thread-local variable, in that version. A host that cannot be read is given the
// benefit of the doubt. A descriptor has the version behind names that have one.
func (h *Host) definesC(name, version string) bool {
	if h.image == nil {
		if !isCIdentifier(name) {
			return h.bin.Loading == LoadingWorks // a Go symbol
		}
		return h.csymbols[longSum(name)] || h.csymbols[longSum(name+"@"+version)]
	}
	_, ok, err := h.image.Find(name, goelf.VersionRef{Name: version}, true)
	return ok || err != nil
}
