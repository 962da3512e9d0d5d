package gotype

import (
	"strings"
	"testing"
)

// TestCanonical: what String writes, Parse reads as the same type.
func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		"func(ctx context.Context, a, b int, more ...string) (n int, err error)": "func(context.Context, int, int, ...string) (int, error)",
		"func()":              "func()",
		"func() func() (int)": "func() func() int",
		"any":                 "interface {}",
		"interface{}":         "interface {}",
		"struct{}":            "struct {}",
		"[]byte":              "[]uint8",
		"*map[rune]*example.com/x.v2/y.Set[[]string,map[string]int]": "*map[int32]*example.com/x.v2/y.Set[[]string, map[string]int]",
		"gopkg.in/yaml.v3.Node":           "gopkg.in/yaml.v3.Node",
		`"gopkg.in/yaml.v3".Node`:         "gopkg.in/yaml.v3.Node",
		`"example.com/ü".T`:               `"example.com/ü".T`,
		`*"a b".T["c d".U]`:               `*"a b".T["c d".U]`,
		"chan<-example.com/x.T":           "chan<- example.com/x.T",
		"<-chan <-chan chan (<-chan int)": "<-chan <-chan chan (<-chan int)",
		"chan chan<- int":                 "chan chan<- int",
		"chan (chan<- int)":               "chan chan<- int",
		"[0x10]int":                       "[16]int",
		"unsafe.Pointer":                  "unsafe.Pointer",
		"interface{ Run(ctx context.Context) error; Name() string }":                                      "interface { Name() string; Run(context.Context) error }",
		"interface{ error; Name() string; example.com/h.hide(int) }":                                      "interface { Error() string; Name() string; example.com/h.hide(int) }",
		"struct { A, B int `json:\"a\"`; *example.com/x.T; error; F func() \"tag\"; G func() \"a b\".T }": `struct { A int "json:\"a\""; B int "json:\"a\""; *example.com/x.T; error; F func() "tag"; G func() "a b".T }`,
		"struct{ example.com/x.f [3]int; X [2]string; example.com/x.T[int] }":                             "struct { example.com/x.f [3]int; X [2]string; example.com/x.T[int] }",
		"struct { example.com/x.int = int; Alias = *example.com/x.T; Anon = struct {} }":                  "struct { example.com/x.int = int; Alias = *example.com/x.T; Anon = struct {} }",
		"func(a ...int)": "func(...int)",
		"func(interface { M() }, ...func(...int) <-chan int)": "func(interface { M() }, ...func(...int) <-chan int)",
		"map[string]chan<- int":                               "map[string]chan<- int",
		"command-line-arguments.T":                            "command-line-arguments.T",
		"plugin/unnamed-0aff.T":                               "plugin/unnamed-0aff.T",
	} {
		typ, err := Parse(in)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := typ.String(); got != want {
			t.Errorf("%s\n is written %s\n want       %s", in, got, want)
		}
		if again, err := Parse(want); err != nil || again.String() != want {
			t.Errorf("%s is read again as %v, %v", want, again, err)
		}
		if linked, err := ParseLinked(typ.Linked()); err != nil || linked.String() != want {
			t.Errorf("%s, linked %s, is read again as %v, %v", want, typ.Linked(), linked, err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for in, want := range map[string]string{
		"":                            "it ends where a type is expected",
		"Plugin":                      `"Plugin" is no type of Go's own: write the import path of its package before it, as in example.com/host/api.Plugin`,
		"func(":                       "it ends where",
		"func(a int, string)":         "some parameters have names",
		"func(...int, string)":        "only the last parameter",
		"func() (...int)":             "a result cannot be variadic",
		"[-1]int":                     `"" is no length`,
		"[x]int":                      `"x" is no length`,
		"int int":                     "nothing more is expected",
		"interface{ run() }":          "run is not exported, and so belongs to a package",
		"interface{ a/b.Run() }":      "Run is exported, and so belongs to no package",
		"interface{ a/b.T }":          "write out the methods",
		"interface{ M(); M() }":       "the method M twice",
		"struct { x int }":            "x is not exported",
		"struct { *[]int }":           "cannot be embedded",
		"example.com/x.":              "no name of a type",
		"example.com/x.T[":            "it ends where",
		"example.com/x.func":          "no name of a type",
		"\xff":                        "not valid UTF-8",
		strings.Repeat("*", 70) + "x": "nested too deeply",
		strings.Repeat("x", 1<<17):    "at most 65536",
		`"unclosed`:                   "a string is expected",
	} {
		typ, err := Parse(in)
		if err == nil {
			t.Errorf("%.40q is read as %s", in, typ)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: error %q does not say %q", in, err, want)
		}
	}
}

func TestGoText(t *testing.T) {
	for in, want := range map[string]string{
		"func(*example.com/host/api.Request, gopkg.in/yaml.v3.Node, example.com/m/v2.T) error": "func(*api.Request, yaml.Node, m.T) error",
		"*example.com/api.v2.Pair[example.com/api.v2.Request, []int]":                          "*api.Pair[example.com/api%2ev2.Request,[]int]",
		"interface { example.com/x.hide(); Name() string }":                                    "interface { Name() string; hide() }",
		"struct { example.com/x.f int \"t\"; example.com/x.int = int }":                        "struct { f int \"t\"; int }",
	} {
		typ, err := Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := typ.GoText(); got != want {
			t.Errorf("Go writes %s\n as %s\n want %s", in, got, want)
		}
	}
}

func TestScope(t *testing.T) {
	var types []*Type
	for _, in := range []string{"func(context.Context, a.com/api.T, b.com/api.T, *me.com/x.Own) gopkg.in/yaml.v3.Node", "*a.com/api/v2.T", "*b.com/string.T"} {
		typ, err := Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, typ)
	}
	s := NewScope("me.com/x", types...)
	var got []string
	for _, i := range s.Imports() {
		got = append(got, i.String())
	}
	for i, typ := range types {
		d, _ := s.Declare("S"+string(rune('0'+i)), typ)
		got = append(got, d)
	}
	want := `"a.com/api"
api2 "a.com/api/v2"
api3 "b.com/api"
string2 "b.com/string"
"context"
yaml "gopkg.in/yaml.v3"
func S0(context.Context, api.T, api3.T, *Own) yaml.Node
var S1 api2.T
var S2 string2.T`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

// FuzzParse: whatever is read is written so that it is read as the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"func(ctx context.Context, a, b int, more ...string) (n int, err error)",
		"struct { A, B int `json:\"a\"`; *example.com/x.T; F func() \"tag\"; G func() \"a b\".T; example.com/x.int = int }",
		"interface { error; example.com/h.hide(int); Name() string }",
		"*map[rune]*example.com/x.v2/y.Set[[]string,map[string]int]", "chan (<-chan [3]int)", "a%2eb.T·1[int]", `"\x00".T`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(string) (*Type, error){Parse, ParseLinked} {
			typ, err := parse(text)
			if err != nil {
				continue
			}
			once := typ.String()
			if len(once) > maxText/2 {
				continue
			}
			again, err := Parse(once)
			if err != nil {
				t.Fatalf("%q is written %q, which is not read: %v", text, once, err)
			}
			if twice := again.String(); twice != once {
				t.Fatalf("%q is written %q and then %q", text, once, twice)
			}
			_ = typ.GoText()
			_ = NewScope("x", typ).Write(typ)
		}
	})
}
