package builder_test

import (
	"fmt"
	"testing"

	"github.com/plugtool/plugtool/builder"
)

func TestWatched(t *testing.T) {
	src := builder.Source{
		Dir:     "/w/plugin",
		ModFile: builder.File{Name: "/w/plugin/go.mod", Content: []byte("module p\n\nreplace (\n\tdep => ../dep\n\tother => /abs/other\n\tfork => example.com/fork v1.0.0\n)\n")},
		SumFile: builder.File{Name: "/w/plugin/go.sum"},
		Work: &builder.Work{
			File:    builder.File{Name: "/w/go.work", Content: []byte("go 1.26\n\nuse ./plugin\nuse ./lib\n\nreplace third => ./third\n")},
			Members: []builder.Member{{Dir: "/w/plugin"}, {Dir: "/w/lib"}},
		},
		Given: map[string]string{"host": "/src/host"}, Borrowed: map[string]string{"local": "/src/local"},
	}
	folders, files := src.Watched()
	got := fmt.Sprint(folders, files)
	want := "[/abs/other /src/host /src/local /w/dep /w/lib /w/plugin /w/third] [/w/go.work /w/go.work.sum /w/plugin/go.mod /w/plugin/go.sum]"
	if got != want {
		t.Errorf("watched are\n%s, want\n%s", got, want)
	}
}
