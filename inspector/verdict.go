package inspector

// An Outcome is what plugin.Open does with a plugin, after the earlier ones of
// the same list were opened in the same process.
type Outcome string

const (
	Loads   Outcome = "loads"
	Refused Outcome = "refused" // Open returns an error
	Crashes Outcome = "crashes" // Open takes the process down
	Unknown Outcome = "unknown" // nothing was proved: no host, or a process that an earlier plugin took down
)

// A Severity says how much a finding weighs.
type Severity string

const (
	Error   Severity = "error"   // the plugin would not load
	Warning Severity = "warning" // it loads, but misbehaves
	Note    Severity = "note"    // worth knowing
)

// A Verdict is what [Check] says of one host and a list of plugins.
type Verdict struct {
	Host    HostRef         `json:"host"`
	Plugins []PluginVerdict `json:"plugins"`
}

// HostRef names a host in a verdict.
type HostRef struct {
	File      string `json:"file"`
	GoVersion string `json:"goVersion,omitempty"`
	Platform  string `json:"platform,omitempty"`
}

// A PluginVerdict is what becomes of one plugin.
type PluginVerdict struct {
	File    string  `json:"file"`
	Outcome Outcome `json:"outcome"`

	// Refusal is the error's text without Go's plugin.Open("NAME"): prefix,
	// where the outcome is Refused and the files decide the text.
	Refusal  string    `json:"refusal,omitempty"`
	Findings []Finding `json:"findings"`
}

// A Finding is one thing that Check found, with its cause and its cure.
type Finding struct {
	ID       string   `json:"id"` // stable for ever, as in PT401
	Slug     string   `json:"slug"`
	Severity Severity `json:"severity"`
	Title    string   `json:"title"`
	Detail   string   `json:"detail"`
	Package  string   `json:"package"`            // the package, or the first of several
	Packages []string `json:"packages,omitempty"` // all of them, where one cause covers several
	Host     string   `json:"host"`               // what the host has
	Plugin   string   `json:"plugin"`             // what the plugin has
	Fix      []string `json:"fix"`                // commands or edits, in the order in which to apply them
	Docs     string   `json:"docs"`               // where the finding is explained
}

// Worst gives the outcome that matters most for an exit code: Crashes or
// Refused before Unknown before Loads.
func (v *Verdict) Worst() Outcome {
	worst := Loads
	for _, p := range v.Plugins {
		switch p.Outcome {
		case Refused, Crashes:
			return p.Outcome
		case Unknown:
			worst = Unknown
		}
	}
	return worst
}
