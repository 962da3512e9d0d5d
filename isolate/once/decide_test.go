package once_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plugtool/plugtool/isolate/once"
)

const kinds = "example.com/kinds/"

// set makes a set of packages of testdata/kinds, or of others by whole path.
func set(names ...string) map[string]bool {
	s := map[string]bool{}
	for _, n := range names {
		if !strings.Contains(n, "/") {
			n = kinds + n
		}
		s[n] = true
	}
	return s
}

// told is decisions as lines: action, whether it collides, subject, edits.
func told(decisions []once.Decision) []string {
	var lines []string
	for _, d := range decisions {
		line := fmt.Sprintf("%s %s", d.Action, d.Finding.Subject())
		if d.Collides {
			line = "collides: " + line
		}
		for _, e := range d.Edits {
			line += fmt.Sprintf("; %s %s → %s", filepath.Base(e.File), e.Old, e.New)
		}
		lines = append(lines, strings.ReplaceAll(line, kinds, ""))
	}
	slices.Sort(lines)
	return lines
}

func TestDecide(t *testing.T) {
	facts := analyze(t, list(t, "testdata/kinds", "./..."))
	allShared := func(string) (bool, string) { return true, "" }
	for _, c := range []struct {
		name   string
		host   once.Host
		policy once.Policy
		want   []string
	}{
		{
			name:   "a module's registry that stays shared has to move along",
			host:   once.Host{Packages: map[string]string{kinds + "user": "v1.2.3"}},
			policy: once.Policy{Moved: set("user")},
			want: []string{
				`collides: move registry.Hook`, `collides: move registry.Settings`, `collides: move registry.drivers "mine"`,
				`collides: move registry.formats "fmt"`, `collides: move registry.hooks`,
			},
		},
		{
			name: "a registry that the contract keeps has who registers stay",
			host: once.Host{Packages: map[string]string{kinds + "user": "v1.2.3"}},
			policy: once.Policy{
				Moved: set("user"), Share: allShared,
				Move: func(string) (bool, string) { return false, "the contract names it" },
			},
			want: []string{
				`collides: share registry.Hook`, `collides: share registry.Settings`, `collides: share registry.drivers "mine"`,
				`collides: share registry.formats "fmt"`, `collides: share registry.hooks`,
			},
		},
		{
			name:   "what the host does not have registers as it would without a copy",
			host:   once.Host{Packages: map[string]string{kinds + "registry": "v1.2.3"}},
			policy: once.Policy{Moved: set("user")},
			want: []string{
				`keep registry.Hook`, `keep registry.Settings`, `keep registry.drivers "mine"`,
				`keep registry.formats "fmt"`, `keep registry.hooks`,
			},
		},
		{
			name:   "a registry that is moved along is the copy's own",
			host:   once.Host{Packages: map[string]string{kinds + "user": ""}},
			policy: once.Policy{Moved: set("user", "registry")},
		},
		{
			name:   "nothing is said of packages that are not moved",
			host:   once.Host{Packages: map[string]string{kinds + "std": ""}},
			policy: once.Policy{Moved: set("quiet")},
		},
		{
			name:   "names are changed where they are asked for; who asks for any name is in the way",
			host:   once.Host{Packages: map[string]string{kinds + "lookups": ""}},
			policy: once.Policy{Moved: set("lookups"), Share: allShared},
			want: []string{
				`collides: rename flag.CommandLine "looked"; lookups.go name → "mine." + (name); lookups.go name → "mine." + (name)`,
				`collides: rename runtime/pprof profiles "lookups.unused"; lookups.go "lookups.unused" → "mine.lookups.unused"`,
				`collides: share expvar "asked"`,
			},
		},
		{
			name:   "a host without the package",
			host:   once.Host{},
			policy: once.Policy{Moved: set("lookups")},
			want: []string{
				`keep expvar "asked"`,
				`rename flag.CommandLine "looked"; lookups.go name → "mine." + (name); lookups.go name → "mine." + (name)`,
				`rename runtime/pprof profiles "lookups.unused"; lookups.go "lookups.unused" → "mine.lookups.unused"`,
			},
		},
		{
			name: "another package of the host's registers the key",
			host: once.Host{Facts: &once.Facts{Findings: []once.Finding{
				{Package: "example.org/h", Registry: "expvar", Key: "asked", KeyKnown: true},
				{Package: "example.org/h", Registry: "flag.CommandLine", Key: "other", KeyKnown: true},
			}}},
			policy: once.Policy{Moved: set("lookups"), Share: allShared},
			want: []string{
				`collides: refuse expvar "asked"`, // what the host does not have cannot be shared
				`rename flag.CommandLine "looked"; lookups.go name → "mine." + (name); lookups.go name → "mine." + (name)`,
				`rename runtime/pprof profiles "lookups.unused"; lookups.go "lookups.unused" → "mine.lookups.unused"`,
			},
		},
		{
			name:   "C code is hidden",
			host:   once.Host{Packages: map[string]string{kinds + "clib": ""}},
			policy: once.Policy{Moved: set("clib")},
			want:   []string{"collides: rename C symbols; clib.go /* → /*\n#cgo CFLAGS: -fvisibility=hidden\n#cgo CXXFLAGS: -fvisibility=hidden\n"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.policy.Prefix = "mine"
			decisions, err := once.Decide(facts, c.host, c.policy)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, told(decisions)); diff != "" {
				t.Errorf("decisions (-want +got):\n%s", diff)
			}
			for _, d := range decisions {
				if d.Reason == "" {
					t.Errorf("%s has no reason", d.Finding.Subject())
				}
			}
		})
	}
}

// Every kind of registry that package std has is decided in one of these ways.
func TestDecideStandard(t *testing.T) {
	facts := analyze(t, list(t, "testdata/kinds", "./std"))
	decisions, err := once.Decide(facts, once.Host{Packages: map[string]string{kinds + "std": "v1.0.0"}},
		once.Policy{Moved: set("std"), Prefix: "mine"})
	if err != nil {
		t.Fatal(err)
	}
	byKind := map[once.Consequence]map[once.Action]int{}
	for _, d := range decisions {
		c := d.Finding.Consequence
		if byKind[c] == nil {
			byKind[c] = map[once.Action]int{}
		}
		byKind[c][d.Action]++
		if d.Action == once.Warn && !strings.Contains(d.Reason, "the host has a copy of example.com/kinds/std v1.0.0") {
			t.Errorf("%s does not say whose it is", d.Reason)
		}
	}
	want := map[once.Consequence]map[once.Action]int{
		once.Panics:    {once.Rename: 11, once.Refuse: 6},
		once.Ignored:   {once.Warn: 2},
		once.Overrides: {once.Warn: 17},
		once.Doubles:   {once.Warn: 4},
		once.Splits:    {once.Warn: 1},
	}
	if diff := cmp.Diff(want, byKind); diff != "" {
		t.Errorf("decisions by consequence (-want +got):\n%s", diff)
	}
}

func TestKnownRegistrants(t *testing.T) {
	facts := &once.Facts{Findings: []once.Finding{{
		Package: "example.org/driver", Owner: "database/sql", Registry: "database/sql drivers",
		Key: "sqlite", KeyKnown: true, Consequence: once.Panics,
	}}}
	host := once.Host{Packages: map[string]string{"modernc.org/sqlite": "v1.38.2"}}
	decisions, err := once.Decide(facts, host, once.Policy{Moved: set("example.org/driver"), Prefix: "p"})
	if err != nil {
		t.Fatal(err)
	}
	if len(decisions) != 1 || !decisions[0].Collides || !strings.Contains(decisions[0].Reason, "the host's modernc.org/sqlite does so too") {
		t.Errorf("decided is %+v", decisions)
	}
}

func TestPrefixes(t *testing.T) {
	for _, bad := range []string{"", "a b", "a/b", `a"`, "ä", strings.Repeat("a", 101)} {
		if _, err := once.Decide(&once.Facts{}, once.Host{}, once.Policy{Prefix: bad}); err == nil {
			t.Errorf("the prefix %q is taken", bad)
		}
	}
}

func TestEditsThatContradict(t *testing.T) {
	edit := func(offset int, old, now string) once.Decision {
		return once.Decision{Action: once.Rename, Edits: []once.Edit{{File: "f.go", Offset: offset, Old: old, New: now}}}
	}
	same := []once.Decision{edit(5, "x", "y"), edit(0, "ab", "c"), edit(5, "x", "y")}
	got, err := once.Edits(same)
	if err != nil || len(got) != 2 || got[0].Offset != 0 {
		t.Errorf("edits are %v, %v", got, err)
	}
	if _, err := once.Edits([]once.Decision{edit(5, "xy", "y"), edit(6, "y", "z")}); err == nil {
		t.Error("edits that overlap are taken")
	}
}
