// Package report tells what was found: verdicts and signature results side by
// side, in all formats, and which of it counts by the policy that it is given.
// It reads no file; what it is given is what it tells, and the same input gives
// the same bytes.
package report

import (
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
	"github.com/plugtool/plugtool/signer/policy"
)

// A Report is what `plugtool verify` has to tell.
type Report struct {
	Results []Result // one for each host, in the order of the command line

	Signing Signing

	// RequireHost makes plugins fail of which nothing was proved, for want of a
	// host.
	RequireHost bool

	Policy Policy

	// Where finds the place to which a person goes who mends a finding. Nil:
	// the plugin's file, as it was named.
	Where func(p Plugin, f inspector.Finding) Location
}

// A Location is a place in a source tree.
type Location struct {
	// File has forward slashes and is relative to the root of the tree, or
	// absolute where it lies elsewhere.
	File string
	Line int // counted from 1; 0 for the file as a whole
}

// Signing says what is demanded of signatures. The zero value demands nothing.
type Signing struct {
	Keys     []string // files of the public keys that were given
	Identity bool     // whether an identity was given
	Policy   string   // file of the policy; "" for none
	Types    []string // of predicates: attestations with them instead of a signature
	Required bool     // a signature is required even where nobody is trusted

	// Bundle is the file in which the signature was looked for, "" for the sidecars
	// beside each plugin.
	Bundle string
}

// A Finding is what was found about a plugin, the verdict's or its signature's,
// with what the report has to add.
type Finding struct {
	inspector.Finding
	Fingerprint string       // the same in every run that finds the same; see fingerprint
	Suppressed  *Suppression // nil where it counts
}

// SignatureRequired says whether anything but a verified signature is an error: that is
// so where a key, an identity or a policy was given.
func (r *Report) SignatureRequired() bool {
	s := &r.Signing
	return len(s.Keys) > 0 || s.Identity || s.Policy != "" || s.Required
}

// A Result is what was found about one host and its plugins.
type Result struct {
	Host    *inspector.HostRef // nil where no host was given
	Plugins []Plugin           // every plugin asked for, in order
}

// A Plugin is one plugin's verdict with what its signature is worth.
type Plugin struct {
	inspector.PluginVerdict
	Signature bundle.Result
	Decision  *policy.Decision // nil where there is no policy
}

// lacksVerdict gives in one line what the policy says of the verdict where it asks for
// one that is not there, and nothing else is wrong; else "".
func (p Plugin) lacksVerdict() string {
	if p.Decision == nil || !p.Decision.Verdict {
		return ""
	}
	return "the policy is not fulfilled: " + p.Decision.Result.Reason
}

// New puts a verdict and the signatures of its plugins side by side. The
// signatures stand in the order of the verdict's plugins. Without a host the
// verdict's HostRef is the zero value.
func New(v *inspector.Verdict, signatures []bundle.Result) Result {
	r := FromVerdict(v)
	for i := range r.Plugins {
		r.Plugins[i].Signature = signatures[i]
	}
	return r
}

// FromVerdict is a verdict about plugins whose signatures were not looked at.
func FromVerdict(v *inspector.Verdict) Result {
	r := Result{Plugins: []Plugin{}}
	if v.Host != (inspector.HostRef{}) {
		host := v.Host
		r.Host = &host
	}
	for _, p := range v.Plugins {
		r.Plugins = append(r.Plugins, Plugin{PluginVerdict: p})
	}
	return r
}

// findings gives all findings about a plugin: the verdict's, and one about its
// signature where the report requires one that is not there.
func (r *Report) findings(host *inspector.HostRef, p Plugin) []Finding {
	found := p.Findings
	if r.SignatureRequired() && p.Signature.Status != bundle.Verified {
		found = append(found[:len(found):len(found)], r.signatureFinding(host, p))
	}
	all := make([]Finding, len(found))
	seen := map[string]int{}
	for i, f := range found {
		all[i] = Finding{Finding: f, Fingerprint: fingerprint(host, p, f, seen)}
		all[i].Suppressed = r.Policy.suppress(p, all[i])
	}
	return all
}

// where gives a finding's place.
func (r *Report) where(p Plugin, f Finding) Location {
	if r.Where == nil {
		return Location{File: p.File}
	}
	return r.Where(p, f.Finding)
}

// Untrusted says whether a signature is required and not there.
func (r *Report) Untrusted() bool {
	return r.any(func(_ *inspector.HostRef, p Plugin) bool { return r.untrusted(p) })
}

func (r *Report) untrusted(p Plugin) bool {
	return r.SignatureRequired() && p.Signature.Status != bundle.Verified
}

// Fails says whether anything counts against a plugin by the report's policy.
// Signatures apart, it is what the exit code tells.
func (r *Report) Fails() bool {
	return r.any(func(host *inspector.HostRef, p Plugin) bool { return r.fails(host, p, r.findings(host, p)) })
}

// fails judges one plugin with its findings. What does not load counts whatever
// the threshold is and whatever is ignored; only a baseline, which somebody
// named on the command line, makes it known.
func (r *Report) fails(host *inspector.HostRef, p Plugin, findings []Finding) bool {
	if r.RequireHost && host == nil || p.lacksVerdict() != "" {
		return true
	}
	known, reasons := true, 0
	for _, f := range findings {
		known = known && f.Suppressed != nil && f.Suppressed.By == ByBaseline
		if f.Severity == inspector.Error {
			reasons++
		}
		if f.Suppressed == nil && !isSignature(f.ID) && r.Policy.reaches(f.Severity) {
			return true
		}
	}
	return wouldNotLoad(p) && (!known || reasons == 0)
}

func wouldNotLoad(p Plugin) bool {
	return p.Outcome == inspector.Refused || p.Outcome == inspector.Crashes
}

func (r *Report) any(is func(*inspector.HostRef, Plugin) bool) bool {
	for _, result := range r.Results {
		for _, p := range result.Plugins {
			if is(result.Host, p) {
				return true
			}
		}
	}
	return false
}
