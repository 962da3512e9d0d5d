// Package sub is in the module of lib, and not in the host.
package sub

import "example.com/lib"

// Name is inlined.
func Name() string { return lib.Name() + "/sub" }
