// Package contract is what the test host and its plugins share.
package contract

// Greeter greets.
type Greeter interface {
	Greet(name string) string
}

// Version is no interface.
type Version struct{ Major, Minor int }
