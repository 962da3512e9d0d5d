// Package report tells what was found: verdicts and signature results side by
// side, as text or as JSON. It reads no file and decides nothing; what it is
// given is what it tells, and the same input gives the same bytes.
package report

import (
	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/bundle"
)

// A Report is what `plugtool verify` has to tell.
type Report struct {
	Results []Result // one for each host, in the order of the command line

	// Keys are the files of the public keys that were given. Where there are
	// any, every plugin has to be signed by one of them.
	Keys []string

	// Bundle is the file in which the signature was looked for, "" for the sidecars
	// beside each plugin.
	Bundle string
}

// SignatureRequired says whether anything but a verified signature is an error.
func (r *Report) SignatureRequired() bool { return len(r.Keys) > 0 }

// A Result is what was found about one host and its plugins.
type Result struct {
	Host    *inspector.HostRef // nil where no host was given
	Plugins []Plugin           // every plugin asked for, in order
}

// A Plugin is one plugin's verdict with what its signature is worth.
type Plugin struct {
	inspector.PluginVerdict
	Signature bundle.Result
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
	var r Result
	if v.Host != (inspector.HostRef{}) {
		host := v.Host
		r.Host = &host
	}
	for _, p := range v.Plugins {
		r.Plugins = append(r.Plugins, Plugin{PluginVerdict: p})
	}
	return r
}
