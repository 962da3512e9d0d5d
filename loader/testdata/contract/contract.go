// Package contract is what the test host and its plugins share.
package contract

// Greeter greets.
type Greeter interface {
	Greet(name string) string
}

// Version is no interface.
type Version struct{ Major, Minor int }

// Box is generic.
type Box[T any] struct{ Value T }

// Handler is a function with a name.
type Handler func(string) string

// Taker takes a Version.
type Taker interface{ Take(Version) }
