// Package app is the package in the module's root.
package app

import "example.com/app/internal/state"

// Visit counts the visits of host and plugins alike.
func Visit() int {
	state.Visits++
	return state.Visits
}
