package once_test

import (
	"os"
	"strings"
	"testing"

	"github.com/plugtool/plugtool/isolate/once"
)

// The table in docs/isolate-once.md has a row for every registry, with the source that
// the code names.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/isolate-once.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.SplitSeq(string(page), "\n") {
		if cells := strings.Split(line, " | "); len(cells) >= 4 {
			rows[strings.TrimPrefix(cells[0], "| ")] = line
		}
	}
	for _, r := range once.Registries() {
		row, ok := rows[r.ID]
		if !ok {
			t.Errorf("docs/isolate-once.md has no row for %s", r.ID)
		} else if !strings.Contains(row, r.Evidence) {
			t.Errorf("docs/isolate-once.md does not name %s for %s", r.Evidence, r.ID)
		}
	}
}
