package inspector

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// IsolationSetting is the build setting in which plugtool build --isolate records in a
// plugin what [Isolated] holds.
const IsolationSetting = "plugtool.isolated"

// Isolated is what a plugin with private copies records of its isolation. Nothing proves
// it: it is worth what who built, and signed, the plugin is worth.
type Isolated struct {
	Rules   string        `json:"rules"`             // what was asked for, as in --isolate=RULES
	Process []SharedState `json:"process"`           // the worst first
	Left    int           `json:"left,omitempty"`    // how many more there are, for which the record has no room
	Unknown []string      `json:"unknown,omitempty"` // packages with private copies of which it is not known as a whole what they set up
	Damaged string        `json:"damaged,omitempty"` // why the record cannot be read; then there is nothing else
}

// SharedState is something that exists once per process, that a package with a private
// copy sets up when it starts.
type SharedState struct {
	Package     string   `json:"package"`
	Registry    string   `json:"registry"`
	Key         string   `json:"key,omitempty"`
	Consequence string   `json:"consequence"`     // of doing so twice, as in isolate/once
	Seen        string   `json:"seen"`            // of doing so twice
	With        []string `json:"with,omitempty"`  // packages that are known to do the same
	Apart       bool     `json:"apart,omitempty"` // the copy does so under a key of its own, or with symbols of its own
}

// subject names what is set up: the registry, and the key where it is known.
func (s *SharedState) subject() string {
	if s.Key == "" {
		return s.Registry
	}
	return s.Registry + " " + quoteShort(s.Key)
}

// Bounds of a record. Build information has four megabytes at most.
const (
	maxRecord   = 256 << 10 // bytes
	maxStates   = 1 << 10   // a plugin of grpc, badger, pgx and client-go has 60
	maxSameWith = 64
	maxText     = 1000 // bytes of one key, and of what is seen
)

// statePanics is the consequence that keeps a plugin from loading.
const statePanics = "panics"

// consequences are the known ones, the worst first.
func consequences() []string {
	return []string{statePanics, "interposed", "overrides", "ignored", "doubles", "splits"}
}

// RecordIsolation writes the value of IsolationSetting: what was asked for, what the
// private copies set up, and of which packages that is not known as a whole. What there is
// no room for is counted, the least bad first.
func RecordIsolation(rules string, states []SharedState, unknown []string) (string, error) {
	states = slices.Clone(states)
	slices.SortStableFunc(states, func(a, b SharedState) int {
		return cmp.Or(compareBool(a.Apart, b.Apart),
			cmp.Compare(slices.Index(consequences(), a.Consequence), slices.Index(consequences(), b.Consequence)),
			cmp.Compare(a.Package, b.Package), cmp.Compare(a.Registry, b.Registry), cmp.Compare(a.Key, b.Key))
	})
	states = slices.CompactFunc(states, func(a, b SharedState) bool {
		return a.Package == b.Package && a.Registry == b.Registry && a.Key == b.Key && a.Apart == b.Apart
	})
	for i := range states {
		states[i].Seen, states[i].Key = cut(states[i].Seen), cut(states[i].Key)
	}
	r := Isolated{Rules: rules, Unknown: unknown[:min(len(unknown), maxStates)], Process: append([]SharedState{}, states[:min(len(states), maxStates)]...)}
	for {
		r.Left = len(states) - len(r.Process)
		data, err := json.Marshal(r)
		if err != nil || len(data) <= maxRecord || len(r.Process) == 0 {
			return string(data), err
		}
		r.Process = r.Process[:len(r.Process)*3/4]
	}
}

// cut shortens what nobody reads to its end.
func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText-len("…")], "") + "…"
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// takeIsolation reads a plugin's record, which is no setting of the go command's.
func (b *Binary) takeIsolation() {
	at := slices.IndexFunc(b.Settings, func(s Setting) bool { return s.Key == IsolationSetting })
	if at < 0 {
		return
	}
	var err error
	if b.Isolated, err = readIsolation(b.Settings[at].Value); err == nil && b.repeats(IsolationSetting) {
		err = errors.New("there is more than one")
	}
	if err != nil {
		b.Isolated = &Isolated{Process: []SharedState{}, Damaged: err.Error()}
	}
	b.Settings = slices.DeleteFunc(b.Settings, func(s Setting) bool { return s.Key == IsolationSetting })
}

func (b *Binary) repeats(key string) bool {
	n := 0
	for _, s := range b.Settings {
		if s.Key == key {
			n++
		}
	}
	return n > 1
}

// readIsolation reads what RecordIsolation wrote, and nothing else.
func readIsolation(text string) (*Isolated, error) {
	if len(text) > maxRecord {
		return nil, fmt.Errorf("it has %d bytes, at most %d are read", len(text), maxRecord)
	}
	if err := strictJSON([]byte(text)); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	var r Isolated
	if err := d.Decode(&r); err != nil {
		return nil, err
	}
	switch {
	case d.More():
		return nil, errors.New("something follows it")
	case r.Process == nil || r.Left < 0 || r.Damaged != "":
		return nil, errors.New("it is not as plugtool writes it")
	case max(len(r.Process), len(r.Unknown)) > maxStates:
		return nil, fmt.Errorf("it has %d entries, at most %d are read", max(len(r.Process), len(r.Unknown)), maxStates)
	}
	for i := range r.Process {
		s := &r.Process[i]
		if s.Package == "" || s.Registry == "" || !slices.Contains(consequences(), s.Consequence) || len(s.With) > maxSameWith || len(s.Seen) > maxText || len(s.Key) > maxText {
			return nil, fmt.Errorf("entry %d is not as plugtool writes it", i+1)
		}
	}
	return &r, nil
}
