// Package state is internal to the host's module.
package state

// Visits are shared by the host and all of its plugins.
var Visits int
