// Package main is a plugin that knows nothing of its host but a contract.
package main

import (
	"strconv"

	"example.com/contract"
)

// Run is what the host calls.
func Run() string {
	contract.Calls++
	return contract.Prefix + strconv.Itoa(contract.Calls)
}
