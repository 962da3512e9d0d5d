package main

import "testing"

func TestRebuilds(t *testing.T) {
	r := &rebuilds{
		given: arranged{flags: []string{"--host", "a host", "-o=x.so", "--quiet", "--toolchain", "auto"}, args: []string{"./p"}, rest: []string{"-race"}},
		kinds: map[string]flagKind{"host": valueFlag, "o": valueFlag, "quiet": boolFlag, "toolchain": valueFlag},
	}
	const given = "--host 'a host' -o=x.so --quiet --toolchain auto ./p -- -race"
	for _, c := range []struct{ hint, want string }{
		{"plugtool build …", "plugtool build " + given},
		{"CC='zig cc' plugtool build … (or not)", "CC='zig cc' plugtool build " + given + " (or not)"},
		{"or: plugtool build … -- -tags=x", "or: plugtool build " + given + " -tags=x"},
		{"plugtool build --toolchain DIR …", "plugtool build --toolchain DIR --host 'a host' -o=x.so --quiet ./p -- -race"},
		{"plugtool build … ./other", "plugtool build --host 'a host' -o=x.so --quiet --toolchain auto ./other -- -race"},
		{"plugtool build --toolchain DIR, with what is there", "plugtool build --toolchain DIR, with what is there"},
		{"plugtool builds plugins …", "plugtool builds plugins …"},
		{"go mod tidy", "go mod tidy"},
	} {
		if got := r.complete(c.hint); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.hint, got, c.want)
		}
	}
	if got := (*rebuilds)(nil).complete("plugtool build …"); got != "plugtool build …" {
		t.Errorf("without a command line: %s", got)
	}
	r.given = arranged{}
	if got := r.complete("plugtool build … -- -tags=x"); got != "plugtool build -- -tags=x" {
		t.Errorf("with nothing given: %s", got)
	}
}
