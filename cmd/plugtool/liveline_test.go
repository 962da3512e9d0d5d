package main

import (
	"fmt"
	"strings"
	"testing"
)

// A terminal shows one line of what is going on, no wider than it is, below all else.
func TestLiveLine(t *testing.T) {
	var out strings.Builder
	l := newLiveLine(&out)
	l.columns = func() int { return 40 }
	l.begin(0, "./a for host")
	l.begin(1, "./b for \x1b[31mhost")
	l.end(0, "1 of 2")
	fmt.Fprintln(l, "plugtool: error: ./a for host: no")
	fmt.Fprintln(l.passing("plugtool: building "), "plugtool: building ./b with go1.26.8")
	l.end(1, "2 of 2")
	l.stop()
	const clear = "\r\x1b[K"
	want := strings.Join([]string{
		"plugtool: building ./a for host", "plugtool: building ./a for host, ./b f…", `plugtool: 1 of 2 done; building ./b fo…`,
		"plugtool: error: ./a for host: no\n" + `plugtool: 1 of 2 done; building ./b fo…`, "",
	}, clear)
	if out.String() != want {
		t.Errorf("the terminal got\n%q, want\n%q", out.String(), want)
	}
	var none *liveLine // where there is no terminal
	none.begin(0, "x")
	none.end(0, "x")
	none.stop()
}
