// Package demo is what the linter looks at.
package demo

// TODO: say more
func Hello() string { return "hello" }

// TODO(gopher): say it in other languages
func Bye() string { return "bye" }
