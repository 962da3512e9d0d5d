package policy

import (
	"maps"
	"slices"
	"strings"
)

// LoadsType is the type of plugtool's own predicate: that a plugin was proved to load
// into the hosts that it names. docs/attestation/loads-v1.md describes it.
const LoadsType = "https://github.com/plugtool/plugtool/attestation/loads/v1"

// shortTypes are cosign's short names of predicate types, and plugtool's.
var shortTypes = map[string]string{
	"slsaprovenance":   "https://slsa.dev/provenance/v0.2",
	"slsaprovenance02": "https://slsa.dev/provenance/v0.2",
	"slsaprovenance1":  "https://slsa.dev/provenance/v1",
	"link":             "https://in-toto.io/Link/v1",
	"spdx":             "https://spdx.dev/Document",
	"spdxjson":         "https://spdx.dev/Document",
	"cyclonedx":        "https://cyclonedx.org/bom",
	"vuln":             "https://cosign.sigstore.dev/attestation/vuln/v1",
	"openvex":          "https://openvex.dev/ns",
	"custom":           "https://cosign.sigstore.dev/attestation/v1",
	"loads":            LoadsType,
}

// ShortTypes lists the short names of predicate types, in order.
func ShortTypes() []string { return slices.Sorted(maps.Keys(shortTypes)) }

// TypeURI gives the URI of a predicate's type, which may be named by a short name as
// cosign has them, or loads for [LoadsType]. It says false for what is neither.
func TypeURI(name string) (string, bool) {
	if uri, ok := shortTypes[name]; ok {
		return uri, true
	}
	scheme, rest, ok := strings.Cut(name, ":")
	return name, ok && scheme != "" && rest != "" && !strings.ContainsAny(name, " \t\r\n")
}

// ShortType gives a predicate type's short name as it goes into a file's name: custom
// for one that has none.
func ShortType(uri string) string {
	for _, short := range []string{"slsaprovenance1", "slsaprovenance02", "link", "spdxjson", "cyclonedx", "vuln", "openvex", "loads"} {
		if shortTypes[short] == uri {
			return short
		}
	}
	return "custom"
}

// builderPath says where SLSA provenance has the builder's id; nil for other types.
func builderPath(uri string) []string {
	switch uri {
	case "https://slsa.dev/provenance/v1":
		return []string{"runDetails", "builder", "id"}
	case "https://slsa.dev/provenance/v0.1", "https://slsa.dev/provenance/v0.2":
		return []string{"builder", "id"}
	}
	return nil
}
