package goelf

import (
	"errors"
	"sync"
)

// memo keeps what was read once. Several goroutines may ask for it.
type memo[T any] struct {
	once  sync.Once
	value T
	err   error
}

var errFault = errors.New("reading it before ended in a fault")

func (m *memo[T]) get(read func() (T, error)) (T, error) {
	m.once.Do(func() {
		m.err = errFault // stays where a mapped file shrank and read did not return
		m.value, m.err = read()
	})
	return m.value, m.err
}
