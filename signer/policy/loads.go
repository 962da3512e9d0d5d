package policy

import "time"

// Loads is the predicate of a statement of [LoadsType]: a verdict that somebody answers
// for. docs/attestation/loads-v1.md describes it for those who write it or read it.
type Loads struct {
	Hosts      []LoadsHost `json:"hosts"` // into each of which the plugin loads, by itself; at least one
	Plugin     LoadsPlugin `json:"plugin"`
	Plugtool   string      `json:"plugtool"` // version of what found it out
	VerifiedAt time.Time   `json:"verifiedAt"`
}

// A LoadsHost is a host that a plugin was proved to load into.
type LoadsHost struct {
	Name      string `json:"name"`      // of its file, for people
	Identity  string `json:"identity"`  // what decides; see inspector's Host.Identity
	GoVersion string `json:"goVersion"` // for people, like the platform
	Platform  string `json:"platform"`
}

// A LoadsPlugin says what the plugin's own build information says of it. Which file it is
// the statement's subject says.
type LoadsPlugin struct {
	Path      string `json:"path,omitempty"`    // import path of its main package
	Module    string `json:"module,omitempty"`  // that holds it
	Version   string `json:"version,omitempty"` // of the module
	GoVersion string `json:"goVersion,omitempty"`
}
