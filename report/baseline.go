package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

// A Baseline holds the findings of an earlier run, which are not new. A nil one
// knows nothing.
type Baseline struct {
	known map[string]bool // fingerprints
}

func (b *Baseline) has(fingerprint string) bool { return b != nil && b.known[fingerprint] }

type baselineDocument struct {
	Schema   string            `json:"schema"`
	Findings []baselineFinding `json:"findings"`
}

// baselineFinding is a fingerprint, and for people what it stands for.
type baselineFinding struct {
	Fingerprint string `json:"fingerprint"`
	ID          string `json:"id"`
	Host        string `json:"host,omitempty"`
	Plugin      string `json:"plugin"`
	Title       string `json:"title"`
}

// WriteBaseline writes what was found, but for signatures, as a
// plugtool.baseline/v1 document that ReadBaseline reads.
func WriteBaseline(w io.Writer, r *Report) error {
	doc := baselineDocument{Schema: BaselineSchema, Findings: []baselineFinding{}}
	r.any(func(host *inspector.HostRef, p Plugin) bool {
		for _, f := range r.findings(host, p) {
			if isSignature(f.ID) || f.Suppressed != nil && f.Suppressed.By == ByIgnore {
				continue
			}
			b := baselineFinding{Fingerprint: f.Fingerprint, ID: f.ID, Plugin: p.File, Title: f.Title}
			if host != nil {
				b.Host = host.File
			}
			doc.Findings = append(doc.Findings, b)
		}
		return false
	})
	slices.SortStableFunc(doc.Findings, func(a, b baselineFinding) int {
		return strings.Compare(a.Host+"\x00"+a.Plugin+"\x00"+a.ID+a.Fingerprint, b.Host+"\x00"+b.Plugin+"\x00"+b.ID+b.Fingerprint)
	})
	return WriteDocument(w, doc)
}

// ReadBaseline reads a plugtool.baseline/v1 document. What is anything else is
// an error: a baseline that is not understood must not be taken for an empty
// one, nor for one that knows everything.
func ReadBaseline(data []byte) (*Baseline, error) {
	var doc baselineDocument
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("no %s document: %w", BaselineSchema, err)
	}
	if doc.Schema != BaselineSchema {
		return nil, fmt.Errorf("the document's schema is %q, want %q", doc.Schema, BaselineSchema)
	}
	if doc.Findings == nil {
		return nil, fmt.Errorf("the document has no findings: want a list, which may be empty")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the document")
	}
	b := &Baseline{known: map[string]bool{}}
	form := regexp.MustCompile(`^[0-9a-f]{32}$`)
	for i, f := range doc.Findings {
		if !form.MatchString(f.Fingerprint) {
			return nil, fmt.Errorf("findings[%d] has the fingerprint %q, want 32 hexadecimal digits", i, f.Fingerprint)
		}
		b.known[f.Fingerprint] = true
	}
	return b, nil
}
