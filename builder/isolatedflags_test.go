package builder

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plugtool/plugtool/isolate"
)

// -X names a variable by its package's true path, wherever the package is.
func TestLinkerFlagsOfCopies(t *testing.T) {
	i := &Isolated{Prefix: "p/internal/isolated/", Choice: &isolate.Choice{Moved: []isolate.Decision{{Module: "a.org/x", Packages: []string{"a.org/x", "a.org/x.y/z"}}}}}
	for flag, want := range map[string]string{
		"-ldflags=-X=a.org/x.V=1":                      "-ldflags=-X=p/internal/isolated/a.org/x.V=1",
		"-ldflags=-s -X a.org/x.y/z.V=1 -w":            "-ldflags=-s -X p/internal/isolated/a.org/x.y/z.V=1 -w",
		"--ldflags=--X=a.org/x.V=1":                    "-ldflags=--X=p/internal/isolated/a.org/x.V=1",
		"-ldflags=all=-X=a.org/x.V=1":                  "-ldflags=all=-X=p/internal/isolated/a.org/x.V=1",
		`-ldflags=-X 'a.org/x.V=two words' -X=b.V=a.b`: `-ldflags=-X 'p/internal/isolated/a.org/x.V=two words' -X=b.V=a.b`,
		"-ldflags=-X=main.V=a.org/x.V":                 "-ldflags=-X=main.V=a.org/x.V",
		"-ldflags=-X=a.org/x/sub.V=1":                  "-ldflags=-X=a.org/x/sub.V=1",
		"-ldflags=-extldflags a.org/x.V=1":             "-ldflags=-extldflags a.org/x.V=1",
		"-ldflags=-X":                                  "-ldflags=-X",
		"-ldflags=":                                    "-ldflags=",
		"-asmflags=-X=a.org/x.V=1":                     "-asmflags=-X=a.org/x.V=1",
	} {
		quoted, err := quoteWord(flag)
		if err != nil {
			t.Fatal(err)
		}
		got, err := i.inCopies(userFlags{flags: []string{"-v", flag}, goflags: "-p=1 " + quoted})
		if diff := cmp.Diff([]string{"-v", want}, got.flags); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", flag, err, diff)
		}
		if words, err := splitQuoted(got.goflags); err != nil || len(words) != 2 || words[1] != want {
			t.Errorf("GOFLAGS with %s is %s (%v)", flag, got.goflags, err)
		}
		if same, err := (*Isolated)(nil).inCopies(userFlags{flags: []string{flag}}); err != nil || same.flags[0] != flag {
			t.Errorf("without isolation %s is %v (%v)", flag, same.flags, err)
		}
	}
	if _, err := i.inCopies(userFlags{flags: []string{"-ldflags=-X 'a"}}); err == nil || !strings.Contains(err.Error(), "unterminated") {
		t.Errorf("an open quote: %v", err)
	}
}
