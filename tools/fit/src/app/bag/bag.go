// Package bag has generic code, embedded files and a linkname.
package bag

import (
	"embed"
	"strings"
	_ "unsafe" // for go:linkname
)

//go:embed text
var files embed.FS

// Text gives the embedded file.
func Text() string {
	data, err := files.ReadFile("text/greeting.txt")
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(data))
}

// A Bag holds values.
type Bag[T any] struct{ list []T }

// Put puts one in.
func (b *Bag[T]) Put(v T) { b.list = append(b.list, v) }

// Join writes them as text.
func (b *Bag[T]) Join(format func(T) string) string {
	var text []string
	for _, v := range b.list {
		text = append(text, format(v))
	}
	return strings.Join(text, ",")
}

//go:linkname nanotime runtime.nanotime
func nanotime() int64

// Later says whether time passes.
func Later() bool { return nanotime() > 0 }
