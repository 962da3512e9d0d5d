package builder

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The user's settings for the C compiler are what go env says, which is not asked.
func TestCgoSettings(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "goenv")
	content := "# a comment\nCGO_CFLAGS=-O1 '-DX=a b'\r\nCGO_LDFLAGS=-g\nCGO_LDFLAGS=-O2 -lm=x\n\nCGO_CPPFLAGS=\n"
	if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, goenv := range []string{file, "off"} {
		for _, extra := range [][]string{nil, {"CGO_CFLAGS=", "CGO_CPPFLAGS=-DY"}, {"CGO_CFLAGS=-O3", "CGO_LDFLAGS=-s -w"}} {
			env := append(setEnv(os.Environ(), "GOENV="+goenv), extra...)
			settings := cgoSettings(env, goenv)
			for key, unset := range map[string]string{"CGO_CFLAGS": defaultCgoFlags, "CGO_CPPFLAGS": "", "CGO_LDFLAGS": defaultCgoFlags} {
				cmd := exec.Command("go", "env", key)
				cmd.Env = env
				out, err := cmd.Output()
				if err != nil {
					t.Fatal(err)
				}
				if got, want := settings(key, unset), strings.TrimSpace(string(out)); got != want {
					t.Errorf("GOENV=%s with %q: %s is %q, want %q", filepath.Base(goenv), extra, key, got, want)
				}
			}
		}
	}
}
