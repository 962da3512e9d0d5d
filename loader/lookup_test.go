//go:build linux

package loader_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/loader"
)

var lookups = []struct {
	symbol, as string
	value      string   // what comes of it
	text       []string // of the error, where one is wanted
}{
	{"New", "func() Greeter", "hello you", nil},
	{"Greet", "func(string) string", "hi you", nil},
	{"Count", "int", "7", nil},
	{"Count", "*int", "8", nil}, // adds one
	{"Count", "int", "8", nil},
	{"Contract", "Version", "{Major:1 Minor:0}", nil},
	{"English", "Greeter", "hello you", nil},
	{"Greeter", "Greeter", "good day you", nil},
	{"Pointer", "Greeter", "hello you", nil},
	{"Empty", "Greeter", "", []string{"variable Empty", "contract.Greeter", "is nil"}},
	{"NoFunc", "func() string", "", []string{"variable NoFunc", "func() string", "is nil"}},
	{"Greet", "func() string", "", []string{"function Greet has type func(string) string", "asks for func() string"}},
	{"Count", "string", "", []string{"variable Count has type int", "asks for string"}},
	{"New", "Greeter", "", []string{"function New", "func() contract.Greeter", "asks for contract.Greeter", "no method Greet"}},
	{"Mute", "Greeter", "", []string{"main.mute", "its method Greet is func(string, bool) string, want func(string) string"}},
	{"Greeter", "otherGreeter", "", []string{"variable Greeter", "contract.Greeter", "no method Leave"}},
	{"Nope", "int", "no symbol", []string{"no such symbol: Nope", "Contract, Count"}},
	{"greet", "int", "no symbol", []string{"no such symbol: greet"}},
	{"hidden", "int", "no symbol", []string{"no such symbol: hidden"}},
	{"Aliased", "Version", "{Major:2 Minor:0}", nil},
	{"Boxed", "Box[int]", "{Value:3}", nil},
	{"Boxed", "Box[string]", "", []string{"contract.Box[int]", "asks for contract.Box[string]"}},
	{"Unbox", "func(Box[string]) int", "", []string{"func(contract.Box[int]) int", "asks for func(contract.Box[string]) int"}},
	{"Other", "Version", "", []string{`variable Other has type "` + testdata + `other/contract".Version, the host asks for "` + testdata + `contract".Version`}},
	{"OtherOnes", "map of Versions", "", []string{`map[string][]"` + testdata + `other/contract".Version`, `asks for map[string][]"` + testdata + `contract".Version`}},
	{"Taker", "Taker", "", []string{`its method Take is func("` + testdata + `other/contract".Version), want func("` + testdata + `contract".Version)`}},
	{"Handler", "Handler", "hi you", nil},
	{"Greet", "Handler", "", []string{"func(string) string", "asks for contract.Handler"}},
	{"NoSlice", "[]string", "[]", nil},
	{"Count", "any", "*int", nil},
}

const testdata = "github.com/plugtool/plugtool/loader/testdata/"

// TestLookupOfNothing is a host that did not look at Open's error.
func TestLookupOfNothing(t *testing.T) {
	for _, p := range []*loader.Plugin{nil, {}} {
		_, err := loader.Lookup[int](p, "Count")
		if e, ok := errors.AsType[*loader.Error](err); !ok || e.Class != loader.ClassSymbol || err.Error() != "Count cannot be looked up: no plugin was opened" {
			t.Errorf("error %v", err)
		}
	}
}

func TestLookup(t *testing.T) {
	args := []string{"-allow-unsigned", "open=" + put(t, "shapes.so", t.TempDir(), "shapes.so")}
	for _, test := range lookups {
		args = append(args, "lookup="+test.symbol+":"+test.as)
	}
	lines, _ := run(t, args...)
	for i, test := range lookups {
		l := lines[i+1]
		if l.Value != test.value || (l.Error != "") != (test.text != nil) {
			t.Errorf("%s: value %q, error %q; want %q", l.Step, l.Value, l.Error, test.value)
		}
		if l.Error != "" && l.Class != loader.ClassSymbol {
			t.Errorf("%s: class %q, want %q", l.Step, l.Class, loader.ClassSymbol)
		}
		for _, text := range test.text {
			if !strings.Contains(l.Error, text) {
				t.Errorf("%s: error %q, want one with %q", l.Step, l.Error, text)
			}
		}
	}
}
