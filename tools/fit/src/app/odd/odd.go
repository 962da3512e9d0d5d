// Package odd uses modules with odd paths and versions.
package odd

import (
	"example.com/inc"
	"example.com/major/v2"
	"example.com/nest"
	"example.com/nest/inner/deep.er"
	"example.com/pseudo"
	"gopkg.in/odd.v1"
)

// All adds what they say.
func All() int {
	return inc.One() + major.One() + nest.One() + deeper.One() + pseudo.One() + odd.One()
}
