// Package user registers with another package of a module.
package user

import "example.com/kinds/registry"

var n = registry.Cached()

func init() {
	registry.Register("mine", n)
	registry.OnExit(func() {})
	registry.Format("fmt", 1)
	registry.Hook = func() {}   // want overrides example.com/kinds/registry.Hook
	registry.Settings.Level = 3 // want overrides example.com/kinds/registry.Settings
}
