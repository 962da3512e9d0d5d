package builder

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What the statement says its kind is. The build type is a page of docs that explains
// the parameters.
const (
	statementType  = "https://in-toto.io/Statement/v1"
	predicateType  = "https://slsa.dev/provenance/v1"
	buildType      = "https://github.com/plugtool/plugtool/blob/main/docs/provenance/plugin-v1.md"
	builderID      = "https://github.com/plugtool/plugtool/cmd/plugtool"
	sourceDateName = "SOURCE_DATE_EPOCH" // reproducible-builds.org/specs/source-date-epoch
)

// The types below are the part of in-toto's Statement v1 and SLSA's provenance v1 that
// plugtool writes, by the names of those specifications. docs/dependencies.md says why
// not the Go types of in-toto/attestation; a test holds the output against those.

type statement struct {
	Type          string               `json:"_type"`
	Subject       []resourceDescriptor `json:"subject"`
	PredicateType string               `json:"predicateType"`
	Predicate     slsaProvenance       `json:"predicate"`
}

type resourceDescriptor struct {
	Name        string            `json:"name,omitempty"`
	URI         string            `json:"uri,omitempty"`
	Digest      map[string]string `json:"digest,omitempty"` // lower-case hexadecimal by algorithm
	Annotations map[string]any    `json:"annotations,omitempty"`
}

type slsaProvenance struct {
	BuildDefinition buildDefinition `json:"buildDefinition"`
	RunDetails      runDetails      `json:"runDetails"`
}

type buildDefinition struct {
	BuildType            string               `json:"buildType"`
	ExternalParameters   any                  `json:"externalParameters"` // externalParameters, or those of a reconstruction
	InternalParameters   any                  `json:"internalParameters"`
	ResolvedDependencies []resourceDescriptor `json:"resolvedDependencies"`
}

// externalParameters are what whoever ran the build chose.
type externalParameters struct {
	Package   string             `json:"package"` // import path
	Host      resourceDescriptor `json:"host"`
	Flags     []string           `json:"flags"` // of go build, after --
	Toolchain string             `json:"toolchain,omitempty"`
	Contract  []string           `json:"contract"` // what is asked of the plugin's symbols
}

// internalParameters are what follows from those: plugtool's plan.
type internalParameters struct {
	Plan any `json:"plan"`
}

type runDetails struct {
	Builder  slsaBuilder    `json:"builder"`
	Metadata *buildMetadata `json:"metadata,omitempty"`
}

type slsaBuilder struct {
	ID      string            `json:"id"`
	Version map[string]string `json:"version"`
}

type buildMetadata struct {
	StartedOn  time.Time `json:"startedOn"`
	FinishedOn time.Time `json:"finishedOn"`
}

// Provenance says how a plugin was built, as an in-toto statement with a predicate of
// SLSA provenance v1. Its Make is a Document's.
type Provenance struct {
	HostFile   string // the host binary, or the descriptor that stood for it
	HostSHA256 string // of what was read there, in hexadecimal digits; "" where that is not known
	Version    string // of the plugtool that builds
}

// Make writes the statement. But for the times, which SOURCE_DATE_EPOCH replaces, equal
// builds of equal sources give equal statements: folders of this machine are named by
// what they are for ($source, $GOROOT, $GOMODCACHE, $HOME).
func (p Provenance) Make(ctx context.Context, b *Built) ([]byte, error) {
	host, err := hostDescriptor(p.HostFile, b.Host.Binary())
	if err != nil {
		return nil, err
	}
	if now := host.Digest["sha256"]; p.HostSHA256 != "" && now != p.HostSHA256 {
		return nil, fmt.Errorf("host %s was replaced while the plugin was built for it: it has sha256 %s, and had %s; build again", p.HostFile, now, p.HostSHA256)
	}
	deps, err := b.dependencies(ctx, host)
	if err != nil {
		return nil, err
	}
	plan, err := b.portablePlan()
	if err != nil {
		return nil, err
	}
	times, err := b.times()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b.Data)
	contract := []string{}
	for _, r := range b.opts.Contract {
		contract = append(contract, r.String())
	}
	return encodeStatement(statement{
		Type:          statementType,
		Subject:       []resourceDescriptor{{Name: subjectName(b.Output), Digest: map[string]string{"sha256": hex.EncodeToString(sum[:])}}},
		PredicateType: predicateType,
		Predicate: slsaProvenance{
			BuildDefinition: buildDefinition{
				BuildType: buildType,
				ExternalParameters: externalParameters{
					Package: b.src.Path, Host: host, Flags: append([]string{}, b.opts.Flags...),
					Toolchain: b.portable(b.opts.Toolchain), Contract: contract,
				},
				InternalParameters:   internalParameters{Plan: plan},
				ResolvedDependencies: deps,
			},
			RunDetails: runDetails{
				Builder:  slsaBuilder{ID: builderID, Version: map[string]string{"plugtool": p.Version}},
				Metadata: &times,
			},
		},
	})
}

func encodeStatement(s statement) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("write the provenance: %w", err)
	}
	return out.Bytes(), nil
}

// times gives when the build began and ended, to the second, or twice the time that
// SOURCE_DATE_EPOCH says.
func (b *Built) times() (buildMetadata, error) {
	epoch := getEnv(b.opts.Env, sourceDateName)
	if epoch == "" {
		return buildMetadata{StartedOn: b.began.UTC().Truncate(time.Second), FinishedOn: time.Now().UTC().Truncate(time.Second)}, nil
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	const lastYear = 253402300799 // the end of the year 9999, beyond which RFC 3339 does not go
	if err != nil || seconds < 0 || seconds > lastYear {
		return buildMetadata{}, &UsageError{Reason: fmt.Sprintf("%s=%q: want the seconds since 1970", sourceDateName, epoch)}
	}
	t := time.Unix(seconds, 0).UTC()
	return buildMetadata{StartedOn: t, FinishedOn: t}, nil
}

// portablePlan gives the plan as JSON has it, without folders of this machine.
func (b *Built) portablePlan() (any, error) {
	data, err := json.Marshal(b.Plan)
	if err != nil {
		return nil, err
	}
	var plan map[string]any
	if err := json.Unmarshal(data, &plan); err != nil {
		return nil, err
	}
	delete(plan, "output") // the subject
	delete(plan, "host")   // an external parameter
	delete(plan, "shared") // resolved dependencies; which are newer is what this machine happens to know
	return b.mapStrings(plan), nil
}

func (b *Built) mapStrings(v any) any {
	switch v := v.(type) {
	case string:
		return b.portable(v)
	case []any:
		for i := range v {
			v[i] = b.mapStrings(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = b.mapStrings(v[k])
		}
	}
	return v
}

// portable names folders of this machine by what they are for.
func (b *Built) portable(s string) string {
	for _, f := range b.ownFolders() {
		s = replaceFolder(s, f[0], f[1])
	}
	return s
}

// ownFolders lists folders of this machine with what they are called in a statement,
// longest first, so that one within another is not taken for it.
func (b *Built) ownFolders() [][2]string {
	list := [][2]string{
		{b.src.Dir, "$source"}, {b.src.Go.ModCache, "$GOMODCACHE"}, {b.src.Go.Root, "$GOROOT"},
		{getEnv(b.opts.Env, "HOME"), "$HOME"}, {b.opts.Dir, "$PWD"},
	}
	if len(b.opts.Toolexec) > 0 {
		list = append(list, [2]string{b.opts.Toolexec[0], "plugtool"})
	}
	if b.src.Work != nil {
		list = append(list, [2]string{filepath.Dir(b.src.Work.File.Name), "$workspace"})
	}
	list = slices.DeleteFunc(list, func(f [2]string) bool { return len(f[0]) < 2 })
	slices.SortStableFunc(list, func(a, b [2]string) int { return len(b[0]) - len(a[0]) })
	return list
}

// replaceFolder replaces a folder's name where it stands as a whole.
func replaceFolder(s, folder, by string) string {
	var out strings.Builder
	for {
		i := strings.Index(s, folder)
		if i < 0 {
			out.WriteString(s)
			return out.String()
		}
		rest := s[i+len(folder):]
		whole := rest == "" || !isNameByte(rest[0])
		out.WriteString(s[:i])
		if whole {
			out.WriteString(by)
		} else {
			out.WriteString(folder)
		}
		s = rest
	}
}

// isNameByte says whether a byte goes on with a file's name.
func isNameByte(c byte) bool {
	return c == '-' || c == '_' || c == '.' || c == '+' || c == '@' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0x80
}

// subjectName gives a file's name as it may stand in JSON that is read strictly: a file's
// name is any bytes, and which file is meant the digest says.
func subjectName(file string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(filepath.Base(file), "_"), "\uFFFD", "_")
}
