// Package state is in the host and in the plugin, which share its variables.
package state

// Version is what -X sets.
var Version = "source"

// Unused is a variable that the host does not use: its linker drops it.
var Unused = "source"

// Opened counts.
var Opened int
