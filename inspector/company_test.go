package inspector_test

import (
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// companyRecipes are more hosts and plugins, as in recipes.
var companyRecipes = map[string]string{
	"other-21.so":          "GOTOOLCHAIN=go1.21.13 go build -trimpath -buildmode=plugin -o OUT ./other",
	"other-25.so":          "GOTOOLCHAIN=go1.25.12 go build -trimpath -buildmode=plugin -o OUT ./other",
	"host-nobuildinfo":     "go build -trimpath -o OUT ./host && objcopy -R .go.buildinfo OUT",
	"plain-nobuildinfo.so": "go build -trimpath -buildmode=plugin -o OUT ./plain && objcopy -R .go.buildinfo OUT",
	"socket.so":            "python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' OUT",
	"pipe.so":              "mkfifo OUT",
	"other-27.so":          "GOTOOLCHAIN=go1.27.1 go build -trimpath -buildmode=plugin -o OUT ./other",
}

// TestForeignCompany: a plugin whose release keeps moduledata.next elsewhere never gets
// into the host's list of modules, and cuts it: what comes after is not seen either.
func TestForeignCompany(t *testing.T) {
	t.Parallel()
	loadAndCompare(t, []string{
		"host: other.so plain-25.so dep1.so plain.so", "host: other.so plain-27.so dep1.so copy:other.so other.so",
		"host: other.so plain-untrim.so plain-25.so", "host: plain-untrim.so other.so plain-25.so plain-25.so plain-27.so",
		"host-25: other-25.so plain-21.so plain-25.so plain-24.so", "host-25: other-25.so plain.so plain-27.so plain-25.so clib.so",
		"host-27: other-27.so plain-25.so plain-27.so", "host-27: other-27.so plain.so plain-27.so text.so",
		"host-21: other-21.so plain-25.so plain-21.so", "host-21: other-21.so plain-27.so plain-21.so", "host-21: other-21.so plain-23.so",
		"host-21: other-21.so plain.so", "host: other.so plain-21.so", "host-21: other-21.so plain-27.so plain-25.so plain-21.so",
		"host: other.so plain-25.so plain-21.so", "host: clib.so plain-25.so", "host: other.so clib.so plain-25.so plain.so",
	})
}

// TestWithoutBuildInfo: the release is then known from the runtime's own variables.
func TestWithoutBuildInfo(t *testing.T) {
	t.Parallel()
	loadAndCompare(t, []string{
		"host: plain-nobuildinfo.so other.so", "host-nobuildinfo: plain-untrim.so other.so plain-25.so",
		"host-nobuildinfo: plain-nobuildinfo.so dep1.so", "host-25: plain-nobuildinfo.so",
	})
}

// TestNoFiles: a pipe is not really opened, for that takes for ever.
func TestNoFiles(t *testing.T) {
	t.Parallel()
	loadAndCompare(t, []string{"host: socket.so plain.so/ plain.so/x plain.so"})
	p := verdict(t, shop.file(t, "host"), []string{shop.file(t, "pipe.so")}).Plugins[0]
	if p.Outcome != inspector.Crashes || p.Findings[0].ID != "PT207" {
		t.Errorf("a pipe: %+v, want that the process stops, for PT207", p)
	}
}
