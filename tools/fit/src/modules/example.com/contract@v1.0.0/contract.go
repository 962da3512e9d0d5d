// Package contract is what hosts and plugins agree on.
package contract

// Prefix heads greetings.
const Prefix = "contract "

// Calls is shared by the host and all of its plugins.
var Calls = 41

// A Greeter greets.
type Greeter interface{ Greet() string }
