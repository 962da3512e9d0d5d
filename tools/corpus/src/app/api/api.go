// Package api is what host and plugins share.
package api

// Sink is a variable that host and plugins share.
var Sink string

// Options has a private field.
type Options struct {
	Name  string
	level int
}

// Level is inlined.
func (o *Options) Level() int { return o.level + 1 }

// Greet is inlined.
func Greet(name string) string { return "hello " + name }

// Count is not.
//
//go:noinline
func Count(s string) int {
	n := 0
	for range s {
		n++
	}
	return n
}
