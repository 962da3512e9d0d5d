//go:build sweep

package builder_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The same failures with hosts of other Go releases, whose go commands, compilers and
// linkers say them in other words.
func TestRealFailuresOfOtherReleases(t *testing.T) {
	for _, release := range []string{"go1.21.13", "go1.24.13", "go1.27.1"} {
		cmd := exec.Command("go", "env", "GOROOT")
		cmd.Env = append(os.Environ(), "GOTOOLCHAIN="+release)
		root, err := cmd.Output()
		if err != nil {
			t.Fatal(release, err)
		}
		bin := filepath.Join(strings.TrimSpace(string(root)), "bin")
		f := sync.OnceValue(func() *failing { return newFailing(t, bin, release) })
		for _, s := range situations(t) {
			if s.recorded {
				continue
			}
			t.Run(release+"/"+s.name, func(t *testing.T) { s.fail(t, f()) })
		}
	}
}
