// Package main is a plugin with symbols of all shapes that Lookup knows.
package main

import (
	"github.com/plugtool/plugtool/loader/testdata/contract"
	"github.com/plugtool/plugtool/loader/testdata/marker"
	other "github.com/plugtool/plugtool/loader/testdata/other/contract"
)

func init() { marker.Leave("shapes") }

type english struct{ calls int }

func (e *english) Greet(name string) string { e.calls++; return "hello " + name }

type polite struct{}

func (polite) Greet(name string) string { return "good day " + name }

type mute struct{}

func (mute) Greet(name string, loud bool) string { return "" }

type aliased = contract.Version

type taker struct{}

func (taker) Take(other.Version) {}

var (
	Aliased   = aliased{Major: 2}
	Boxed     = contract.Box[int]{Value: 3}
	Other     = other.Version{Major: 4}
	OtherOnes map[string][]other.Version
	Taker     taker
	Handler   contract.Handler = Greet
	NoSlice   []string
	hidden    = 1
	Count     = 7
	English   english          // *english implements contract.Greeter
	Greeter   contract.Greeter = polite{}
	Empty     contract.Greeter
	Pointer   = &english{}
	NoFunc    func() string
	Mute      mute
	Contract  = contract.Version{Major: 1}
)

// New is a factory.
func New() contract.Greeter { return &english{} }

// Unbox takes an instance of a generic type.
func Unbox(b contract.Box[int]) int { return b.Value + hidden }

// Greet greets.
func Greet(name string) string { return "hi " + name }

func main() {}
