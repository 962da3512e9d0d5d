// Package mid is a dependency of plugins alone that asks for a newer dep than
// hosts have.
package mid

import "example.com/dep"

// Four is four times a number.
func Four(n int) int { return dep.Twice(dep.Twice(n)) }
