// Command plugin reports what it sees of the process it is in.
package main

import (
	"fmt"

	"example.com/loadsbut/state"
)

// Report is an exported function.
func Report() string {
	state.Opened++
	return fmt.Sprintf("version %s, unused %s, opened %d, panic(nil) is %v", state.Version, state.Unused, state.Opened, panicNil())
}

func panicNil() (value any) {
	defer func() { value = recover() }()
	panic(nil)
}
