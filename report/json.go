package report

import (
	"encoding/json"
	"io"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
)

// The names of the JSON documents, as they stand in their schema field.
const (
	VerifySchema  = "plugtool.verify/v1"
	InspectSchema = "plugtool.inspect/v1"
	BuildSchema   = "plugtool.build/v1"
	BuildsSchema  = "plugtool.builds/v1"
	DoctorSchema  = "plugtool.doctor/v1"

	BaselineSchema = "plugtool.baseline/v1"

	PolicyCheckSchema = "plugtool.policy-check/v1"
)

// The documents are spelled out here, apart from the values that they are made
// of, because scripts rely on them: no array is ever null, and a field that is
// added to a verdict appears only when it is added here.
type verifyDocument struct {
	Schema  string         `json:"schema"`
	Results []verifyResult `json:"results"`
}

type verifyResult struct {
	Host    *inspector.HostRef `json:"host"` // null where no host was given
	Plugins []verifyPlugin     `json:"plugins"`
}

type verifyPlugin struct {
	File      string            `json:"file"`
	Outcome   inspector.Outcome `json:"outcome"`
	Refusal   string            `json:"refusal,omitempty"`
	Signature signatureDocument `json:"signature"`
	Findings  []verifyFinding   `json:"findings"`
}

type verifyFinding struct {
	inspector.Finding
	Suppressed *Suppression `json:"suppressed,omitempty"`
}

type signatureDocument struct {
	Status  bundle.Status   `json:"status"`
	Signers []bundle.Signer `json:"signers"`
	Rule    string          `json:"rule,omitempty"`
	Reason  string          `json:"reason,omitempty"`
}

// WriteJSON writes a report as a plugtool.verify/v1 document.
func WriteJSON(w io.Writer, r *Report) error {
	doc := verifyDocument{Schema: VerifySchema, Results: []verifyResult{}}
	for _, result := range r.Results {
		doc.Results = append(doc.Results, r.verifyResult(result))
	}
	return WriteDocument(w, doc)
}

func (r *Report) verifyResult(result Result) verifyResult {
	out := verifyResult{Host: result.Host, Plugins: []verifyPlugin{}}
	for _, p := range result.Plugins {
		findings := []verifyFinding{}
		for _, f := range r.findings(result.Host, p) {
			f.Fix = list(f.Fix)
			findings = append(findings, verifyFinding{f.Finding, f.Suppressed})
		}
		out.Plugins = append(out.Plugins, verifyPlugin{
			File:      p.File,
			Outcome:   p.Outcome,
			Refusal:   p.Refusal,
			Signature: signatureOf(p.Signature),
			Findings:  findings,
		})
	}
	return out
}

func signatureOf(s bundle.Result) signatureDocument {
	return signatureDocument{
		Status:  s.Status,
		Signers: append([]bundle.Signer{}, s.Signers...),
		Rule:    s.Rule,
		Reason:  s.Reason,
	}
}

// WriteInspectJSON writes a binary's facts as a plugtool.inspect/v1 document.
func WriteInspectJSON(w io.Writer, b *inspector.Binary) error {
	return WriteDocument(w, struct {
		Schema string `json:"schema"`
		*inspector.Binary
	}{InspectSchema, b})
}

// WriteDocument writes one indented JSON document with a line break at its
// end. Characters of HTML stay as they are: Go types are full of angle brackets.
func WriteDocument(w io.Writer, doc any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(doc)
}
