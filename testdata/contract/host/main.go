// The host looks up and asserts in earnest, once for each line of its contract, and
// prints what came of it.
package main

import (
	"context"
	"fmt"
	"os"
	"plugin"
	"sort"
	"unsafe"

	api "example.com/contract/api.v2"
)

type private interface {
	Name() string
	hidden()
}

type impl struct{ n int }

func as[T any](s plugin.Symbol) { _ = s.(T) }

// contract holds for each line what its assertion is in Go.
var contract = map[string]func(plugin.Symbol){
	"Impl=example.com/contract/api.v2.Plugin":     as[api.Plugin],
	"Half=example.com/contract/api.v2.Plugin":     as[api.Plugin],
	"Empty=example.com/contract/api.v2.Plugin":    as[api.Plugin],
	"Iface=example.com/contract/api.v2.Plugin":    as[api.Plugin],
	"Iface=*example.com/contract/api.v2.Plugin":   as[*api.Plugin],
	"Indirect=example.com/contract/api.v2.Plugin": as[api.Plugin],
	"APIImpl=example.com/contract/api.v2.Plugin":  as[api.Plugin],
	"Embeds=example.com/contract/api.v2.Plugin":   as[api.Plugin],
	"Hook=example.com/contract/api.v2.Plugin":     as[api.Plugin],
	"Missing=example.com/contract/api.v2.Plugin":  as[api.Plugin],
	"Seal=example.com/contract/api.v2.Sealed":     as[api.Sealed],
	"Unsealed=example.com/contract/api.v2.Sealed": as[api.Sealed],
	"APIWhole=example.com/contract/api.v2.Sealed": as[api.Sealed],
	"Impl=main.private":                           as[private],
	"Impl=interface { Name() string }":            as[interface{ Name() string }],
	"Half=interface { Name() string; Other() }": as[interface {
		Name() string
		Other()
	}],
	"Impl=interface {}": as[any],
	"Hook=any":          as[any],
	"Err=error":         as[error],
	"Impl=error":        as[error],
	"Impl=example.com/contract/api.v2.Source[map[string]*example.com/contract/api.v2.Request]": as[api.Source[map[string]*api.Request]],
	"Impl=example.com/contract/api.v2.Source[string]":                                          as[api.Source[string]],

	"Impl=example.com/contract/api.v2.Source[any]":                        as[api.Source[any]],
	"Impl=example.com/contract/api.v2.Source[func(...int) (error, bool)]": as[api.Source[func(...int) (error, bool)]],
	"Impl=example.com/contract/api.v2.Source[struct { A int \"x\"; main.b int; *example.com/contract/api.v2.Request }]": as[api.Source[struct {
		A int "x"
		b int
		*api.Request
	}]],
	"Impl=example.com/contract/api.v2.Source[main.impl]":         as[api.Source[impl]],
	"Impl=example.com/contract/api.v2.Source[unsafe.Pointer]":    as[api.Source[unsafe.Pointer]],
	"Impl=example.com/contract/api.v2.Source[chan (<-chan int)]": as[api.Source[chan (<-chan int)]],
	"Impl=example.com/contract/api.v2.Source[interface { M(); main.x() }]": as[api.Source[interface {
		M()
		x()
	}]],
	"Impl=example.com/contract/api.v2.Source[[]byte]":                                                as[api.Source[[]byte]],
	"Impl=example.com/contract/api.v2.Source[map[example.com/contract/api.v2.Pair[int, any]]*error]": as[api.Source[map[api.Pair[int, any]]*error]],
	"Impl=example.com/contract/api.v2.Source[[3]rune]":                                               as[api.Source[[3]rune]],
	"Pair=*example.com/contract/api.v2.Pair[any, error]":                                             as[*api.Pair[any, error]],
	"Missing=example.com/contract/api.v2.Source[any]":                                                as[api.Source[any]],
	"Hook=func(int) error":                            as[func(int) error],
	"Hook=func(n int) (err error)":                    as[func(int) error],
	"Hook=func() int":                                 as[func() int],
	"Hook=func(...int) error":                         as[func(...int) error],
	"Hook=*func(int) error":                           as[*func(int) error],
	"Hook=example.com/contract/api.v2.HookFunc":       as[api.HookFunc],
	"HookVar=*example.com/contract/api.v2.HookFunc":   as[*api.HookFunc],
	"HookVar=*func(int) error":                        as[*func(int) error],
	"FuncVar=func(int) error":                         as[func(int) error],
	"FuncVar=*func(int) error":                        as[*func(int) error],
	"Version=*string":                                 as[*string],
	"Version=string":                                  as[string],
	"Version=*[]byte":                                 as[*[]byte],
	"Config=*example.com/contract/api.v2.Request":     as[*api.Request],
	"Config=**example.com/contract/api.v2.Request":    as[**api.Request],
	"New=func() example.com/contract/api.v2.Plugin":   as[func() api.Plugin],
	"New=func() example.com/contract/api.v2.Sealed":   as[func() api.Sealed],
	"New=func() *example.com/contract/api.v2.Request": as[func() *api.Request],
	"Unsafe=*unsafe.Pointer":                          as[*unsafe.Pointer],
	"Channels=*chan (<-chan int)":                     as[*chan (<-chan int)],
	"Channels=*chan (chan<- int)":                     as[*chan (chan<- int)],
	"Any=*any":                                        as[*any],
	"Run=func(ctx context.Context, r *example.com/contract/api.v2.Request, more ...map[string]chan<- int) (example.com/contract/api.v2.Set[string], error)": as[func(context.Context, *api.Request, ...map[string]chan<- int) (api.Set[string], error)],
	"Run=func(context.Context, *example.com/contract/api.v2.Request, []map[string]chan<- int) (example.com/contract/api.v2.Set[string], error)":             as[func(context.Context, *api.Request, []map[string]chan<- int) (api.Set[string], error)],
	"Run=func(context.Context, *example.com/contract/api.v2.Request) (example.com/contract/api.v2.Set[int], error)":                                         as[func(context.Context, *api.Request) (api.Set[int], error)],
	"Pair=*example.com/contract/api.v2.Pair[example.com/contract/api.v2.Request, map[string]*example.com/contract/api.v2.Set[int]]":                         as[*api.Pair[api.Request, map[string]*api.Set[int]]],
	"Pair=*example.com/contract/api.v2.Pair[example.com/contract/api.v2.Request, int]":                                                                      as[*api.Pair[api.Request, int]],
	"Anonymous=*struct { example.com/contract/api.v2.Request; X int \"json:\\\"x\\\"\" }": as[*struct {
		api.Request
		X int `json:"x"`
	}],
	"Anonymous=*struct { example.com/contract/api.v2.Request; X int }": as[*struct {
		api.Request
		X int
	}],
	"Private=*struct { main.x int }": as[*struct{ x int }],
	"Counts=*map[string]main.impl":   as[*map[string]impl],
	"Impl=*main.impl":                as[*impl],
	"Builtin=func(error, any, byte, rune, [4]uintptr, struct {}, interface { error; Foo() })": as[func(error, any, uint8, int32, [4]uintptr, struct{}, interface {
		Error() string
		Foo()
	})],

	"Missing":                    func(plugin.Symbol) {},
	"Missing=func(string) error": as[func(string) error],
	"Missing=*string":            as[*string],
	"Small=func()":               as[func()],
	"Name=func() string":         as[func() string],
	"Generic=func(int) int":      as[func(int) int],
	"Type":                       func(plugin.Symbol) {},
	"Const":                      func(plugin.Symbol) {},
	"Mixedcase=func()":           as[func()],
	"MixedCase":                  func(plugin.Symbol) {},
}

func main() {
	p, err := plugin.Open(os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var lines []string
	for line := range contract {
		lines = append(lines, line)
	}
	sort.Strings(lines)
	for _, line := range lines {
		fmt.Printf("%s\t%s\n", line, try(p, line))
	}
}

// try is ok, or the error of what failed.
func try(p *plugin.Plugin, line string) (result string) {
	defer func() {
		if e := recover(); e != nil {
			result = fmt.Sprint(e)
		}
	}()
	name := line
	for i := range line {
		if line[i] == '=' {
			name = line[:i]
			break
		}
	}
	s, err := p.Lookup(name)
	if err != nil {
		return err.Error()
	}
	contract[line](s)
	return "ok"
}
