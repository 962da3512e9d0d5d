// Package registry is what other packages register with: its maps are once per process
// where it is shared.
package registry

import (
	"net/http"
	"sync"
)

var (
	mu       sync.Mutex
	drivers  = map[string]any{}
	hooks    []func()
	formats  sync.Map
	cache    map[string]int
	Hook     func()
	Settings struct{ Level int }
)

func init() {
	drivers["builtin"] = 1 // its own affair
	Hook = func() {}
}

// Register panics the second time.
func Register(name string, d any) {
	mu.Lock()
	defer mu.Unlock()
	if _, ok := drivers[name]; ok {
		panic("registered twice: " + name)
	}
	drivers[name] = d // want panics example.com/kinds/registry.drivers "mine"
}

// OnExit adds a hook.
func OnExit(f func()) { hooks = append(hooks, f) } // want overrides example.com/kinds/registry.hooks

// Format is the last one registered.
func Format(name string, f any) {
	formats.Store(name, f) // want overrides example.com/kinds/registry.formats "fmt"
}

// Cached fills the package's own cache, which is nobody's registration.
func Cached() int {
	if cache == nil {
		cache = map[string]int{"x": 1}
	}
	return cache["x"]
}

// Elsewhere is called by another package's init.
func Elsewhere(pattern string) {
	http.Handle(pattern, http.NotFoundHandler()) // want panics net/http.DefaultServeMux "/elsewhere"
}
