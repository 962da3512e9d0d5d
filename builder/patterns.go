package builder

import (
	"regexp"
	"sync"
)

// lazily compiles an expression when it is first used. There are two dozen in this
// package, and compiling them all at start would cost every command of a program
// that imports it half a millisecond.
func lazily(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
