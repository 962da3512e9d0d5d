package once_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plugtool/plugtool/isolate/once"
)

// list asks the go command for packages and all that they need.
func list(t *testing.T, dir string, patterns ...string) []once.Package {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json"}, patterns...)...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, stderr.String())
	}
	var packages []once.Package
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p once.Package
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func analyze(t *testing.T, packages []once.Package) *once.Facts {
	t.Helper()
	facts, err := once.Analyze(t.Context(), packages, once.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range facts.Incomplete {
		t.Errorf("%s is not understood: %s", i.Package, i.Reason)
	}
	return facts
}

var want = regexp.MustCompile(`// want (.*)$`)

// wanted reads what the sources say about themselves: file:line consequence subject.
func wanted(t *testing.T, packages []once.Package) []string {
	t.Helper()
	var all []string
	for _, p := range packages {
		if p.Standard {
			continue
		}
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(string(text), "\n") {
				if m := want.FindStringSubmatch(line); m != nil {
					for w := range strings.SplitSeq(m[1], "; ") {
						all = append(all, name+":"+strconv.Itoa(i+1)+" "+w)
					}
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

func TestKinds(t *testing.T) {
	packages := list(t, "testdata/kinds", "./...")
	facts := analyze(t, packages)
	var got []string
	for _, f := range facts.Findings {
		got = append(got, f.Position.String()+" "+string(f.Consequence)+" "+f.Subject())
	}
	slices.Sort(got)
	if diff := cmp.Diff(wanted(t, packages), slices.Compact(got)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}
