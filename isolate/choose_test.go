package isolate_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plugtool/plugtool/isolate"
)

// graph reads packages from lines: MODULE[@VERSION][=>REPLACEMENT] SUB: IMPORTS. A sub
// of . is the module's root. The first line is the main package's.
func graph(t *testing.T, text string) *isolate.Graph {
	t.Helper()
	g := &isolate.Graph{Plugin: "example.com/p", Module: "example.com/p"}
	for line := range strings.Lines(text) {
		head, imports, ok := strings.Cut(strings.TrimSpace(line), ":")
		mod, sub, _ := strings.Cut(head, " ")
		if !ok {
			continue
		}
		mod, fork, forked := strings.Cut(mod, "=>")
		path, version, _ := strings.Cut(mod, "@")
		p := isolate.Package{ImportPath: path, Module: &isolate.Module{Path: path, Version: version, Main: path == g.Module}, Imports: strings.Fields(imports)}
		if forked {
			path, version, _ := strings.Cut(fork, "@")
			p.Module.Replace = &isolate.Module{Path: path, Version: version}
		}
		if sub != "." {
			p.ImportPath += "/" + sub
		}
		g.Packages = append(g.Packages, p)
	}
	return g
}

// host has modules as MODULE@VERSION, and all packages of a graph that are of those.
func host(g *isolate.Graph, modules string, without ...string) isolate.Host {
	h := isolate.Host{Module: "example.com/host", Modules: map[string]*isolate.Module{}, Linked: map[string]bool{}}
	for _, word := range strings.Fields(modules) {
		path, version, _ := strings.Cut(word, "@")
		h.Modules[path] = &isolate.Module{Path: path, Version: version}
	}
	for _, p := range g.Packages {
		if p.Module != nil && h.Modules[p.Module.Path] != nil && !slices.Contains(without, p.ImportPath) {
			h.Linked[p.ImportPath] = true
		}
	}
	return h
}

const usualHost = "example.com/host a.org/x@v1.0.0 a.org/y@v1.0.0 a.org/z@v1.0.0"

var choices = []struct {
	name    string
	graph   string
	host    string
	without []string // packages of the host's modules that it does not link
	rules   string
	named   map[string]string
	share   map[string]string
	move    map[string]string
	moved   string // PACKAGE=WHY, by a semicolon
	pinned  string
	shared  string
	align   string
}{
	{
		name: "what differs, and what imports it",
		graph: `example.com/p .: example.com/host/api a.org/y
			example.com/host api: fmt
			a.org/y@v1.0.0 .: a.org/x/sub
			a.org/x@v2.0.0 sub: a.org/z
			a.org/z@v1.0.0 .:`,
		moved:  "a.org/x/sub=the host has v1.0.0; a.org/y=it imports a.org/x/sub, which is moved",
		pinned: "example.com/host/api=it is of the host's module",
		shared: "a.org/z=the host has the same",
		align:  "",
	},
	{
		name: "a module below the host's is another",
		graph: `example.com/p .: example.com/host/contract example.com/host/tools
			example.com/host/contract@v1.0.0 .:
			example.com/host/tools@v1.0.0 .:`,
		host:   usualHost + " example.com/host/contract@v1.0.0 example.com/host/tools@v1.0.0",
		rules:  "all",
		named:  map[string]string{"example.com/host/contract": "the exported symbol Plugin"},
		moved:  "example.com/host/tools=all but the contract is moved",
		pinned: "example.com/host/contract=it is named by the exported symbol Plugin",
	},
	{
		name: "the contract wins, with the chain",
		graph: `example.com/p .: example.com/host/api a.org/x
			example.com/host api: a.org/y
			a.org/y@v1.0.0 .: a.org/x
			a.org/x@v2.0.0 .: a.org/z
			a.org/z@v2.0.0 .:`,
		pinned: "a.org/x=example.com/host/api imports a.org/y imports a.org/x, and of example.com/host/api: it is of the host's module; " +
			"a.org/y=example.com/host/api imports a.org/y, and of example.com/host/api: it is of the host's module; " +
			"a.org/z=example.com/host/api imports a.org/y imports a.org/x imports a.org/z, and of example.com/host/api: it is of the host's module; " +
			"example.com/host/api=it is of the host's module",
		align: "a.org/x a.org/z",
	},
	{
		name: "all but the contract",
		graph: `example.com/p .: example.com/p/lib a.org/x a.org/c new.org/n
			example.com/p lib: a.org/z
			a.org/c@v1.0.0 .:
			a.org/x@v1.0.0 .:
			a.org/z@v1.0.0 .:
			new.org/n@v0.1.0 .:`,
		host:   usualHost + " a.org/c@v1.0.0",
		rules:  "all",
		named:  map[string]string{"a.org/c": "the exported symbol Plugin", "new.org/n": "the exported symbol Plugin"},
		moved:  "a.org/x=all but the contract is moved; a.org/z=all but the contract is moved; new.org/n=all but the contract is moved",
		pinned: "a.org/c=it is named by the exported symbol Plugin",
	},
	{
		name: "patterns, and what is never moved",
		graph: `example.com/p .: a.org/x/one a.org/x/two a.org/y
			a.org/x@v2.0.0 one:
			a.org/x@v2.0.0 two: a.org/z
			a.org/y@v1.0.0 .:
			a.org/z@v2.0.0 .:`,
		rules:  "a.org/...,!a.org/x/two",
		moved:  "a.org/x/one=it matches a.org/...; a.org/y=it matches a.org/...",
		pinned: "a.org/x/two=!a.org/x/two; a.org/z=a.org/x/two imports a.org/z, and of a.org/x/two: !a.org/x/two",
		align:  "a.org/x a.org/z",
	},
	{
		name: "internal packages go with their importers",
		graph: `example.com/p .: a.org/y/pub
			a.org/y@v1.0.0 pub: a.org/x a.org/y/internal/in
			a.org/y@v1.0.0 internal/in: a.org/z
			a.org/x@v2.0.0 .:
			a.org/z@v1.0.0 .:`,
		moved: "a.org/x=the host has v1.0.0; a.org/y/internal/in=it is internal, and a.org/y/pub is moved; " +
			"a.org/y/pub=it imports a.org/x, which is moved",
		shared: "a.org/z=the host has the same",
	},
	{
		name: "a pinned internal package pins its importer",
		graph: `example.com/p .: example.com/host/api a.org/y/other
			example.com/host api: a.org/y/pub
			a.org/y@v1.0.0 pub: a.org/y/internal/in
			a.org/y@v1.0.0 other: a.org/y/internal/in a.org/x
			a.org/y@v1.0.0 internal/in:
			a.org/x@v2.0.0 .:`,
		pinned: "a.org/x=a.org/y/other imports a.org/x, and of a.org/y/other: it imports the internal package a.org/y/internal/in, and " +
			"example.com/host/api imports a.org/y/pub imports a.org/y/internal/in, and of example.com/host/api: it is of the host's module; " +
			"a.org/y/internal/in=example.com/host/api imports a.org/y/pub imports a.org/y/internal/in, and of example.com/host/api: it is of the host's module; " +
			"a.org/y/other=it imports the internal package a.org/y/internal/in, and " +
			"example.com/host/api imports a.org/y/pub imports a.org/y/internal/in, and of example.com/host/api: it is of the host's module; " +
			"a.org/y/pub=example.com/host/api imports a.org/y/pub, and of example.com/host/api: it is of the host's module; " +
			"example.com/host/api=it is of the host's module",
		align: "a.org/x",
	},
	{
		name: "what cannot exist twice, and what must",
		graph: `example.com/p .: a.org/x a.org/new
			a.org/x@v2.0.0 .:
			a.org/new@v2.0.0 .: a.org/z
			a.org/z@v1.0.0 .:`,
		share:  map[string]string{"a.org/x": "it cannot be twice", "a.org/new": "the host does not have it, so this counts for nothing"},
		move:   map[string]string{"a.org/z": "it has to be twice"},
		moved:  "a.org/new=it imports a.org/z, which is moved; a.org/z=it has to be twice",
		pinned: "a.org/x=it cannot be twice",
		align:  "a.org/x",
	},
	{
		name: "forks and folders",
		graph: `example.com/p .: a.org/x a.org/y a.org/z
			a.org/x@v1.0.0=>b.org/x@v1.0.1 .:
			a.org/y@v1.0.0=>../y .:
			a.org/z@v1.0.0 .:`,
		host:  "a.org/x@v1.0.0 a.org/y@v1.0.0 a.org/z",
		moved: "a.org/x=the host has a.org/x v1.0.0; a.org/y=the host has a.org/y v1.0.0; a.org/z=the host has it from a folder",
	},
	{
		name: "the plugin's own packages that the host has too",
		graph: `example.com/p .: example.com/p/a example.com/p/b
			example.com/p a: example.com/p/b
			example.com/p b:`,
		host:    "example.com/p@v1.0.0",
		without: []string{"example.com/p/a", "example.com/p"},
		moved:   "example.com/p/b=the host has v1.0.0",
	},
	{
		name: "packages of the host's module that it does not link",
		graph: `example.com/p .: example.com/host/extra
			example.com/host extra: a.org/x
			a.org/x@v2.0.0 .:`,
		without: []string{"example.com/host/extra"},
		moved:   "a.org/x=the host has v1.0.0; example.com/host/extra=it imports a.org/x, which is moved",
	},
	{
		name: "a package that came from another module",
		graph: `example.com/p .: a.org/big/sub
			a.org/big/sub@v1.0.0 .:`,
		host:  "a.org/big@v1.0.0",
		named: map[string]string{},
		moved: "a.org/big/sub=the host has it from another module",
	},
}

func told(list []isolate.Decision) string {
	all := map[string]string{}
	for _, d := range list {
		for _, p := range d.Packages {
			all[p] = d.Why
		}
	}
	var lines []string
	for _, p := range slices.Sorted(maps.Keys(all)) {
		lines = append(lines, p+"="+all[p])
	}
	return strings.Join(lines, "; ")
}

func TestChoose(t *testing.T) {
	for _, c := range choices {
		t.Run(c.name, func(t *testing.T) {
			if c.rules == "" {
				c.rules = "auto"
			}
			if c.host == "" {
				c.host = usualHost
			}
			rules, err := isolate.ParseRules(c.rules)
			if err != nil {
				t.Fatal(err)
			}
			g := graph(t, c.graph)
			h := host(g, c.host, c.without...)
			if strings.Contains(c.name, "another module") {
				h.Linked["a.org/big/sub"] = true
			}
			choice, err := isolate.Choose(g, h, rules, isolate.Wishes{Named: c.named, Share: c.share, Move: c.move})
			if err != nil {
				t.Fatal(err)
			}
			got := []string{told(choice.Moved), told(choice.Pinned), told(choice.Shared), strings.Join(choice.Align, " ")}
			if diff := cmp.Diff([]string{c.moved, c.pinned, c.shared, c.align}, got); diff != "" {
				t.Errorf("moved, pinned, shared, align (-want +got):\n%s", diff)
			}
			closed(t, g, choice)
		})
	}
}

// closed checks what has to hold of every choice.
func closed(t *testing.T, g *isolate.Graph, c *isolate.Choice) {
	t.Helper()
	for _, p := range g.Packages {
		for _, i := range p.Imports {
			from, to := c.Fate(p.ImportPath), c.Fate(i)
			if to == isolate.Moved && from != isolate.Moved && from != isolate.Own || from == isolate.Pinned && to != isolate.Pinned && to != "" {
				t.Errorf("%s is %s and imports %s, which is %s", p.ImportPath, from, i, to)
			}
		}
	}
}

func TestChooseTellsWhatMatchesNothing(t *testing.T) {
	g := graph(t, "example.com/p .: a.org/x\na.org/x .:")
	for rules, want := range map[string]string{"all": "", "a.org/...": "", "a.org/y": "a.org/y", "all,!a.org/x": "", "all,!a.org/z/...": "!a.org/z/..."} {
		r, err := isolate.ParseRules(rules)
		if err != nil {
			t.Fatal(err)
		}
		choice, err := isolate.Choose(g, host(g, usualHost), r, isolate.Wishes{})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(choice.Unmatched, " "); got != want {
			t.Errorf("%s: %q match nothing, want %q", rules, got, want)
		}
	}
}

func TestChooseRefuses(t *testing.T) {
	for _, c := range []struct{ name, graph, want string }{
		{"another module's main package", "example.com/other .:", "its main package example.com/p is not of the module example.com/p"},
		{"a place that is taken", "example.com/p .: example.com/p/internal/isolated/x\nexample.com/p internal/isolated/x:", "where private copies are to lie"},
	} {
		g := graph(t, c.graph)
		_, err := isolate.Choose(g, host(g, usualHost), isolate.Rules{Auto: true}, isolate.Wishes{})
		if _, ok := errors.AsType[*isolate.CannotError](err); !ok || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestParseRules(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"auto", "auto"}, {"all", "all"}, {"a.org/...", "a.org/..."}, {"all,!a.org/x", "all,!a.org/x"}, {"!a.org/x/...", "auto,!a.org/x/..."},
		{"", "error"}, {"auto,all", "error"}, {"all,a.org/x", "error"}, {"./x", "error"}, {"a.org/x,", "error"}, {"a b", "error"}, {"../x", "error"},
	} {
		r, err := isolate.ParseRules(c.in)
		got := r.String()
		if err != nil {
			got = "error"
		}
		if got != c.want {
			t.Errorf("%q gives %q (%v), want %q", c.in, got, err, c.want)
		}
	}
}

func TestChoiceAsJSON(t *testing.T) {
	g := graph(t, "example.com/p .: a.org/x\na.org/x@v2.0.0 .:")
	c, err := isolate.Choose(g, host(g, usualHost), isolate.Rules{Auto: true}, isolate.Wishes{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"moved":[{"module":"a.org/x","version":"v2.0.0","host":"v1.0.0","packages":["a.org/x"],"why":"the host has v1.0.0"}],"pinned":[],"shared":[]}`
	if string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
