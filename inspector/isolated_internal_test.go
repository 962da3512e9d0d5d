package inspector

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRecordIsolation(t *testing.T) {
	states := []SharedState{
		{Package: "b", Registry: "expvar", Key: "x", Consequence: "panics", Seen: "reuse", Apart: true},
		{Package: "b", Registry: "goroutines", Consequence: "doubles", Seen: "twice"},
		{Package: "a", Registry: "encoding/gob names", Key: "y", Consequence: "panics", Seen: "duplicate", With: []string{"c"}},
		{Package: "b", Registry: "goroutines", Consequence: "doubles", Seen: "twice"},
	}
	text, err := RecordIsolation("all,!c", states, []string{"u"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := readIsolation(text)
	if err != nil {
		t.Fatal(err)
	}
	want := &Isolated{Rules: "all,!c", Unknown: []string{"u"}, Process: []SharedState{states[2], states[1], states[0]}} // the worst first, each once
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	states[0], states[2] = states[2], states[0]
	if again, err := RecordIsolation("all,!c", states, []string{"u"}); err != nil || again != text {
		t.Errorf("in another order the record is %s (%v), want %s", again, err, text)
	}
}

// What there is no room for is counted, and what is written can be read.
func TestRecordIsolationIsBounded(t *testing.T) {
	for _, seen := range []string{"x", strings.Repeat("é", 1000)} {
		var states []SharedState
		for i := range 3 * maxStates {
			states = append(states, SharedState{Package: fmt.Sprintf("p%05d", i), Registry: "expvar", Consequence: statePanics, Seen: seen, Key: seen})
		}
		text, err := RecordIsolation("auto", states, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readIsolation(text)
		if err != nil || len(got.Process)+got.Left != len(states) || len(got.Process) < 100 {
			t.Errorf("%d of %d are read, and %d counted (%v)", len(got.Process), len(states), got.Left, err)
		}
	}
}

// A record that nobody else would read in the same way is none.
func TestHostileIsolation(t *testing.T) {
	state := `{"package":"p","registry":"expvar","consequence":"panics","seen":"s"}`
	record := func(states string) string { return `{"rules":"all","process":[` + states + `]}` }
	if _, err := readIsolation(record(state)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing":              "",
		"no object":            "[]",
		"null":                 "null",
		"no list":              `{"rules":"all"}`,
		"a name twice":         `{"rules":"all","rules":"auto","process":[]}`,
		"other case":           `{"rules":"all","Rules":"auto","process":[]}`,
		"a field more":         `{"rules":"all","process":[],"more":1}`,
		"something follows":    record(state) + record(state),
		"says it is damaged":   `{"rules":"all","process":[],"damaged":"x"}`,
		"less than none":       `{"rules":"all","process":[],"left":-1}`,
		"no package":           record(`{"registry":"expvar","consequence":"panics","seen":"s"}`),
		"unknown consequence":  record(strings.Replace(state, "panics", "sings", 1)),
		"too many":             record(strings.Repeat(state+",", maxStates) + state),
		"too many unknown":     `{"rules":"all","process":[],"unknown":["x"` + strings.Repeat(`,"x"`, maxStates) + `]}`,
		"too many do the same": record(strings.Replace(state, `"seen"`, `"with":["x"`+strings.Repeat(`,"x"`, maxSameWith)+`],"seen"`, 1)),
		"too long":             record(strings.Replace(state, `"s"`, `"`+strings.Repeat("s", maxRecord)+`"`, 1)),
		"tells too much":       record(strings.Replace(state, `"s"`, `"`+strings.Repeat("s", maxText+1)+`"`, 1)),
		"too deep":             record(strings.Repeat("[", 100) + strings.Repeat("]", 100)),
	} {
		b := Binary{Settings: []Setting{{"a", "b"}, {IsolationSetting, text}, {"c", "d"}}}
		b.takeIsolation()
		if b.Isolated == nil || b.Isolated.Damaged == "" || len(b.Isolated.Process) > 0 || len(b.Settings) != 2 {
			t.Errorf("%s: %+v, settings %v", name, b.Isolated, b.Settings)
		}
	}
	twice := Binary{Settings: []Setting{{IsolationSetting, record(state)}, {IsolationSetting, record("")}}}
	if twice.takeIsolation(); twice.Isolated.Damaged == "" {
		t.Error("two records are none")
	}
	var none Binary
	if none.takeIsolation(); none.Isolated != nil {
		t.Errorf("without a setting there is %+v", none.Isolated)
	}
}

// What a hostile plugin's record costs is bounded, and so is what is told of it.
func TestHostileCopies(t *testing.T) {
	b := &Binary{Main: Module{Path: "p"}, Isolated: &Isolated{Rules: "x'\n--key=evil", Process: []SharedState{}}}
	for i := range 2 * maxStates {
		b.Deps = append(b.Deps, Module{Path: fmt.Sprintf("p/internal/isolated/m%d", i), Version: "v1.0.0", Replace: &Module{Path: fmt.Sprintf("m%d", i), Version: "v1.0.0", Sum: "h1:"}})
	}
	for i := range maxStates {
		b.Isolated.Process = append(b.Isolated.Process, SharedState{Package: fmt.Sprintf("p%d", i), Registry: "expvar", Key: strings.Repeat("k", 100), Consequence: statePanics})
	}
	list := CheckCopies(&Plugin{File: "x.so", Binary: b})
	if len(list) != 2 || !strings.Contains(list[0].Detail, fmt.Sprintf("and %d more", 2*maxStates-copiesTold)) || !strings.HasSuffix(list[1].Plugin, ", …") {
		t.Fatalf("%+v", list)
	}
	for _, f := range list {
		if n := len(f.Title) + len(f.Detail) + len(f.Plugin); n > 8<<10 || f.Severity != Note {
			t.Errorf("%s is a %s of %d bytes", f.ID, f.Severity, n)
		}
	}
	p := &process{host: &Host{bin: Binary{File: "host"}}}
	if got := p.buildCommand(&Plugin{File: "x.so", Binary: b}); !strings.Contains(got, " --isolate='x'\\''\n--key=evil'") {
		t.Errorf("the command is %s", got)
	}
}

// Who sets up the same: the host with the very package, or with one that is known to; a
// copy that does so apart is nobody's trouble.
func TestDoesToo(t *testing.T) {
	host := &Host{bin: Binary{Main: Module{Path: "h"}, Deps: []Module{{Path: "a.org/x", Version: "v1.0.0"}}}, known: map[string]foundHash{"a.org/x/sub": {ok: true}, "a.org/y": {ok: true}}}
	plug := &Plugin{File: "x.so", Binary: &Binary{Main: Module{Path: "p"}, Isolated: &Isolated{}}}
	for _, c := range []struct {
		state SharedState
		want  string
	}{
		{SharedState{Package: "a.org/x/sub"}, "the host has a copy of a.org/x/sub v1.0.0"},
		{SharedState{Package: "a.org/y"}, "the host has a copy of a.org/y"},
		{SharedState{Package: "a.org/x/sub", Apart: true}, ""},
		{SharedState{Package: "a.org/none"}, ""},
		{SharedState{Package: "a.org/none", With: []string{"a.org/other", "a.org/y"}}, "the host's a.org/y does so too"},
	} {
		p := &process{host: host}
		if got := p.doesToo(plug, &c.state); got != c.want {
			t.Errorf("%+v: %q, want %q", c.state, got, c.want)
		}
		c.state.Consequence = statePanics
		plug.Binary.Isolated.Process = []SharedState{c.state}
		list := p.doneTwice(plug)
		if len(list) == 1 != (c.want != "") {
			t.Errorf("%+v: %+v", c.state, list)
		}
		if fixed := len(list) == 1 && len(list[0].Fix) == 1; fixed != (c.want != "" && c.state.With == nil) { // what the host does not have cannot be shared
			t.Errorf("%+v is mended by %+v", c.state, list)
		}
	}
	plug.Binary.Packages = []Package{{Path: "p"}, {Path: "p/internal/isolated/a.org/x/sub"}, {Path: "fmt"}}
	if got := strings.Join(plug.Counterparts(), " "); got != "a.org/other a.org/x/sub a.org/y" {
		t.Errorf("counterparts are %s", got)
	}
}

// FuzzIsolation: whatever a record is, reading it ends, and what is read can be written and
// told.
func FuzzIsolation(f *testing.F) {
	for _, states := range [][]SharedState{nil, {{Package: "p", Registry: "expvar", Key: "k", Consequence: statePanics, Seen: "s", With: []string{"q"}, Apart: true}}} {
		text, err := RecordIsolation("auto,!x", states, []string{"u"})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := readIsolation(text)
		if err != nil {
			return
		}
		again, err := RecordIsolation(r.Rules, r.Process, r.Unknown)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readIsolation(again); err != nil || len(got.Process)+got.Left > len(r.Process) || got.Rules != r.Rules {
			t.Errorf("%s is read again as %+v (%v), want %+v", again, got, err, r)
		}
		b := &Binary{Main: Module{Path: "p"}, Deps: []Module{{Path: "p/internal/isolated/x", Replace: &Module{Path: "x"}}}, Isolated: r}
		p := &process{host: &Host{bin: Binary{File: "host"}}}
		plug := &Plugin{File: "x.so", Binary: b}
		if n := len(CheckCopies(plug)); n > 3 {
			t.Errorf("%d findings", n)
		}
		p.noteStates(plug)
	})
}
