package main

import (
	"context"
	"unsafe"

	api "example.com/contract/api.v2"
)

type impl struct{ n int }

func (i *impl) Name() string                                  { return "x" }
func (i *impl) Run(ctx context.Context, r *api.Request) error { return nil }
func (i *impl) Next() (map[string]*api.Request, bool)         { return nil, false }
func (i *impl) hidden()                                       {}

type half struct{}

func (half) Name() int { return 0 }

type seal struct{ api.Base }

func (seal) Name() string { return "" }

type unsealed struct{}

func (unsealed) Name() string { return "" }
func (unsealed) sealed(int)   {}

type failure struct{}

func (failure) Error() string { return "" }

type counts map[string]impl

var (
	Impl     impl
	Half     half
	Empty    struct{}
	Seal     seal
	Unsealed unsealed
	Iface    api.Plugin = &Impl
	Indirect            = &impl{}
	APIImpl  api.Impl
	APIWhole api.Whole
	Embeds   struct{ *api.Impl }
	Err      error

	HookVar   api.HookFunc = Hook
	FuncVar                = func(int) error { return nil }
	Version                = "v1"
	Config    *api.Request
	Pair      api.Pair[api.Request, map[string]*api.Set[int]]
	Anonymous struct {
		api.Request
		X int `json:"x"`
	}
	Private  struct{ x int }
	Counts   counts
	Channels chan (<-chan int)
	Unsafe   unsafe.Pointer
	Any      any = struct{ A, b int }{}
)

func Hook(int) error { return nil }

func Run(context.Context, *api.Request, ...map[string]chan<- int) (api.Set[string], error) {
	return nil, nil
}

func New() api.Plugin { return &Impl }

func Builtin(error, any, byte, rune, [4]uintptr, struct{}, interface {
	error
	Foo()
}) {
}

func small() {}

func Generic[T any](t T) T { return t }

var _ = Generic(3)

type Type struct{}

const Const = 3

func MixedCase() { small() }

func main() {}
