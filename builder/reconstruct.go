package builder

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// What a reconstructed statement says of itself: nobody is to take it for the word of
// whoever built.
const (
	reconstructedType    = "https://github.com/plugtool/plugtool/blob/main/docs/provenance/reconstructed-v1.md"
	reconstructedBuilder = "https://github.com/plugtool/plugtool/attest/reconstructed"
)

// ReconstructedType is the predicate's type of what Reconstruct gives.
const ReconstructedType = predicateType

// reconstructedParameters are all that a plugin's file records of how it was built.
type reconstructedParameters struct {
	Package   string            `json:"package"` // import path
	GoVersion string            `json:"goVersion"`
	Platform  string            `json:"platform"`
	Settings  map[string]string `json:"settings"` // as go version -m shows them
}

// Reconstruct gives provenance of a plugin that this program did not build: what the
// build information in the plugin's own file says, as an in-toto statement with a predicate
// of SLSA provenance v1. The builder's id and the build's type say that it is that. Equal
// plugins have equal statements. A plugin that records nothing is an error.
func Reconstruct(plugin *inspector.Plugin, version string) ([]byte, error) {
	b := plugin.Binary
	if b == nil || b.Path == "" {
		return nil, fmt.Errorf("%s records nothing about how it was built", plugin.File)
	}
	settings := map[string]string{}
	for _, s := range b.Settings {
		settings[s.Key] = s.Value
	}
	deps := []resourceDescriptor{recordedModule(b.Main)}
	deps[0].addAnnotation("main", true)
	if revision := b.Setting("vcs.revision"); revision != "" {
		source := resourceDescriptor{Name: "source", Digest: map[string]string{}}
		if b.Setting("vcs") == "git" && isHexadecimal(revision) {
			source.Digest["gitCommit"] = revision
		} else {
			source.addAnnotation("revision", revision)
		}
		source.addAnnotation("modified", b.Setting("vcs.modified") == "true")
		deps = append(deps, source)
	}
	for _, m := range b.Deps {
		deps = append(deps, recordedModule(m))
	}
	deps = append(deps, resourceDescriptor{Name: "go", URI: "pkg:generic/go@" + strings.TrimPrefix(b.GoVersion, "go"),
		Annotations: map[string]any{"version": b.GoVersion}})
	sum := sha256.Sum256(plugin.Data)
	return encodeStatement(statement{
		Type:          statementType,
		Subject:       []resourceDescriptor{{Name: subjectName(plugin.File), Digest: map[string]string{"sha256": hex.EncodeToString(sum[:])}}},
		PredicateType: predicateType,
		Predicate: slsaProvenance{
			BuildDefinition: buildDefinition{
				BuildType:            reconstructedType,
				ExternalParameters:   reconstructedParameters{b.Path, b.GoVersion, b.Platform, settings},
				InternalParameters:   struct{}{},
				ResolvedDependencies: deps,
			},
			RunDetails: runDetails{Builder: slsaBuilder{ID: reconstructedBuilder, Version: map[string]string{"plugtool": version}}},
		},
	})
}

// recordedModule describes a module as build information has it: under the name that
// packages import, what really was compiled.
func recordedModule(m inspector.Module) resourceDescriptor {
	real := m
	if m.Replace != nil {
		real = *m.Replace
	}
	d := resourceDescriptor{Name: m.Path}
	if isVersion(real.Version) {
		d.URI = ModuleURL(real.Path, real.Version)
		if sum := dirHash(real.Sum); sum != "" {
			d.Digest = map[string]string{"dirHash": sum}
			d.addAnnotation("h1", real.Sum)
		}
	} else {
		d.URI = ModuleURL(m.Path, "") // it came from a folder
	}
	if m.Replace != nil {
		d.addAnnotation("replaces", m.Path+"@"+m.Version)
	}
	return d
}

func (d *resourceDescriptor) addAnnotation(name string, value any) {
	if d.Annotations == nil {
		d.Annotations = map[string]any{}
	}
	d.Annotations[name] = value
}

func isHexadecimal(s string) bool { return s != "" && strings.Trim(s, "0123456789abcdef") == "" }
