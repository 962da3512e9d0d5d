// Package sbom writes what is in a built plugin as a CycloneDX document: the modules
// that its own build information names, the Go standard library, and the C libraries
// that the dynamic linker has to find.
package sbom

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/plugtool/plugtool/inspector"
)

// Options are what a document says besides what is in the plugin.
type Options struct {
	Version string    // of plugtool
	Time    time.Time // when the document was made; the zero time for none
}

// Make writes the document of the plugin whose bytes are data, as JSON of CycloneDX 1.6.
// Equal plugins of one name give equal documents. The file's name is what the document
// calls the plugin; it is not read.
func (o Options) Make(file string, data []byte) ([]byte, error) {
	bin := inspector.NewPlugin(file, data).Binary
	if bin == nil {
		return nil, fmt.Errorf("list what is in %s: it is no Go binary", file)
	}
	sum := sha256.Sum256(data)
	main := mainComponent(bin, filepath.Base(file), hex.EncodeToString(sum[:]))
	components := components(bin)
	bom := cdx.NewBOM()
	bom.SerialNumber = "urn:uuid:" + uuid(sum)
	bom.Metadata = &cdx.Metadata{
		Component: &main,
		Tools: &cdx.ToolsChoice{Components: &[]cdx.Component{{
			Type: cdx.ComponentTypeApplication, Name: "plugtool", Version: o.Version,
		}}},
	}
	if !o.Time.IsZero() {
		bom.Metadata.Timestamp = o.Time.UTC().Format(time.RFC3339)
	}
	bom.Components = &components
	bom.Dependencies = dependencies(main.BOMRef, components)
	var out bytes.Buffer
	if err := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cdx.SpecVersion1_6); err != nil {
		return nil, fmt.Errorf("write what is in %s: %w", file, err)
	}
	return out.Bytes(), nil
}

// mainComponent is the plugin itself, with the settings that it was built with.
func mainComponent(bin *inspector.Binary, name, sum string) cdx.Component {
	c := cdx.Component{
		Type: cdx.ComponentTypeLibrary, Name: cmp.Or(bin.Path, name), BOMRef: "plugin",
		Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: sum}},
	}
	if m := bin.Main; m.Path != "" {
		c.PackageURL = packageURL(m.Path, release(m.Version), strings.TrimPrefix(strings.TrimPrefix(bin.Path, m.Path), "/"))
		c.Version = release(m.Version)
	}
	properties := []cdx.Property{{Name: "plugtool:file", Value: name}, {Name: "plugtool:platform", Value: bin.Platform}}
	for _, s := range bin.Settings {
		properties = append(properties, cdx.Property{Name: "plugtool:build:" + s.Key, Value: s.Value})
	}
	c.Properties = &properties
	return c
}

// components lists what is in the plugin besides its own module, by name.
func components(bin *inspector.Binary) []cdx.Component {
	list := []cdx.Component{standardLibrary(bin.GoVersion)}
	for _, m := range bin.Deps {
		list = append(list, moduleComponent(m))
	}
	for _, lib := range bin.Needed {
		list = append(list, cdx.Component{
			Type: cdx.ComponentTypeLibrary, Name: lib, BOMRef: "library:" + lib, Scope: cdx.ScopeRequired,
			Description: "shared library that the dynamic linker has to find; it is not in the plugin",
		})
	}
	slices.SortFunc(list, func(a, b cdx.Component) int { return strings.Compare(a.BOMRef, b.BOMRef) })
	return slices.CompactFunc(list, func(a, b cdx.Component) bool { return a.BOMRef == b.BOMRef })
}

// standardLibrary is what vulnerability databases call stdlib.
func standardLibrary(goVersion string) cdx.Component {
	version := strings.TrimPrefix(goVersion, "go")
	version, _, _ = strings.Cut(version, " ") // experiments
	url := packageURL("stdlib", version, "")
	return cdx.Component{
		Type: cdx.ComponentTypeLibrary, Name: "stdlib", Version: version, PackageURL: url, BOMRef: url, Scope: cdx.ScopeRequired,
		Properties: &[]cdx.Property{{Name: "plugtool:goVersion", Value: goVersion}},
	}
}

// moduleComponent is a module: what was compiled, which a replacement may be.
func moduleComponent(m inspector.Module) cdx.Component {
	real := m
	var properties []cdx.Property
	if r := m.Replace; r != nil {
		real = *r
		properties = append(properties, cdx.Property{Name: "plugtool:replaces", Value: strings.TrimSuffix(m.Path+"@"+m.Version, "@")})
		if release(r.Version) == "" { // a folder
			real.Path, real.Version = m.Path, ""
		}
	}
	version := release(real.Version)
	if version == "" {
		properties = append(properties, cdx.Property{Name: "plugtool:source", Value: "folder"})
	}
	c := cdx.Component{
		Type: cdx.ComponentTypeLibrary, Name: real.Path, Version: version, Scope: cdx.ScopeRequired,
		PackageURL: packageURL(real.Path, version, ""),
	}
	c.BOMRef = c.PackageURL
	// As cyclonedx-gomod writes it: the module's h1 sum, which is a SHA-256.
	if raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(real.Sum, "h1:")); err == nil && len(raw) == sha256.Size {
		c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(raw)}}
		properties = append(properties, cdx.Property{Name: "plugtool:h1", Value: real.Sum})
	}
	if len(properties) > 0 {
		c.Properties = &properties
	}
	return c
}

// release gives a module's version, "" for what stands where there is none.
func release(version string) string {
	if !strings.HasPrefix(version, "v") {
		return ""
	}
	return version
}

// packageURL writes a Go package URL (github.com/package-url/purl-spec).
func packageURL(path, version, subpath string) string {
	escape := strings.NewReplacer("%", "%25", "+", "%2B", " ", "%20", "?", "%3F", "#", "%23", "@", "%40")
	url := "pkg:golang/" + escape.Replace(path)
	if version != "" {
		url += "@" + escape.Replace(version)
	}
	if subpath != "" {
		url += "#" + escape.Replace(subpath)
	}
	return url
}

// dependencies says that the plugin depends on everything: which of its modules needs
// which, build information does not say.
func dependencies(main string, components []cdx.Component) *[]cdx.Dependency {
	var refs []string
	all := []cdx.Dependency{{Ref: main}}
	for _, c := range components {
		refs = append(refs, c.BOMRef)
		all = append(all, cdx.Dependency{Ref: c.BOMRef})
	}
	all[0].Dependencies = &refs
	return &all
}

// uuid makes a serial number of the plugin's digest: equal plugins have equal ones. It
// is a UUID of version 8, which is for such uses (RFC 9562).
func uuid(sum [sha256.Size]byte) string {
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
