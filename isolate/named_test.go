package isolate_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/isolate"
)

func TestNamed(t *testing.T) {
	const head = `package main

import (
	"a.org/api"
	y "gopkg.in/yaml.v3"
	"a.org/go-lib"
	. "a.org/dot"
)

`
	names := map[string]string{"a.org/api": "api", "gopkg.in/yaml.v3": "yaml", "a.org/go-lib": "lib", "a.org/dot": "dot"}
	for _, c := range []struct{ source, want string }{
		{"func Run(r *api.Request) error { y.Do(); return nil }", "a.org/api"},
		{"var Plugin api.Plugin = impl{lib.New()}\ntype impl struct{ l *lib.Lib }", "a.org/api"},
		{"var Plugin = impl{lib.New()}\ntype impl struct{ l *lib.Lib }\nfunc (impl) Run(api.Request) {}", "a.org/api"},
		{"var Plugin = &impl{l: lib.New()}\ntype impl struct{ L *lib.Lib }", "a.org/go-lib"},
		{"var Plugin impl\ntype impl struct{ *y.Node }", "gopkg.in/yaml.v3"},
		{"var Plugin = lib.New(y.Node{})", "a.org/go-lib"},
		{"var Plugin = make(map[string]y.Node)", "gopkg.in/yaml.v3"},
		{"var Plugin = of(y.Node{})\nfunc of[t any](v t) t { return v }", "gopkg.in/yaml.v3"},
		{"var Plugin = of(y.Node{})\nfunc of(y.Node) *impl { return nil }\ntype impl int\nfunc (*impl) Run() api.Answer { return 0 }", "a.org/api"},
		{"var Plugin = func(y.Node) { lib.New() }", "gopkg.in/yaml.v3"},
		{"var Plugin Dotted", "a.org/dot"},
		{"var Plugin = other\nvar other = api.Default", "a.org/api"},
		{"var Plugin list\ntype list []list\nfunc (list) private(y.Node) {}", ""},
		{"var hidden api.Plugin\nfunc run(y.Node) {}\ntype Exported struct{ L lib.Lib }", ""},
		{"func Run[t y.Node]() {}", "gopkg.in/yaml.v3"},
	} {
		got, err := isolate.Named(map[string][]byte{"main.go": []byte(head + c.source)}, names)
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
		}
		if list := strings.Join(slices.Sorted(maps.Keys(got)), " "); list != c.want {
			t.Errorf("%s\nnames %q, want %q", c.source, list, c.want)
		}
	}
	if _, err := isolate.Named(map[string][]byte{"main.go": []byte("package")}, nil); err == nil {
		t.Error("a file that is no Go source is no error")
	}
}
