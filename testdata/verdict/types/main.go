// Command types is a plugin that exports types of every kind.
package main

import (
	"context"
	"io"
	"net/netip"
)

// Pair is generic.
type Pair[K comparable, V any] struct {
	Key   K
	Value V `json:"value,omitempty"`
}

type table map[string]Pair[int, netip.Addr]

// Get makes table a type with methods.
func (t table) Get(string) (Pair[int, netip.Addr], bool) { return Pair[int, netip.Addr]{}, false }

type handler interface {
	io.Closer
	serve(ctx context.Context, args ...any) error
}

type node struct {
	io.Reader
	next     *node
	children [4]*node
	visit    func(*node, ...string) (done bool, err error)
	in       <-chan handler
	out      chan<- func()
	both     chan (<-chan int64)
	bits     uint64
	rest     struct{ x, y float32 }
}

// Symbols of every kind.
var (
	Table   table
	Handler handler
	Root    node
	Words   map[[2]string][]complex128
	Anon    interface{ M(uintptr) rune }
	Ptr     **Pair[string, *node]
)

// Serve has parameters and results of several kinds.
func Serve(ctx context.Context, n *node, p Pair[string, error], rest ...[]byte) (map[string]table, error) {
	return nil, nil
}
