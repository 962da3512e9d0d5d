// Package api is shared by host and plugin; its path says neither its name nor is it
// free of what symbols escape.
package api

import "context"

type Request struct{ A, b int }

type Set[T comparable] map[T]struct{}

type Pair[A, B any] struct {
	First  A
	Second B
}

type Plugin interface {
	Name() string
	Run(ctx context.Context, r *Request) error
}

type Sealed interface {
	Name() string
	sealed(int)
}

type Base struct{}

func (Base) sealed(int) {}

type Whole struct{ Base }

func (Whole) Name() string { return "" }

type HookFunc func(int) error

type Impl struct{ N int }

func (*Impl) Name() string                              { return "impl" }
func (*Impl) Run(ctx context.Context, r *Request) error { return nil }

type Source[T any] interface{ Next() (T, bool) }
