package builder

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// PlaceForEver puts one plugin after the other in the place of output, with sidecars
// that fit one each, until it is killed.
func PlaceForEver(output string) error {
	built := filepath.Join(filepath.Dir(output), fmt.Sprintf("built-%d", os.Getpid()))
	for i := 0; ; i++ {
		data := fmt.Appendf(nil, "plugin %d of process %d", i, os.Getpid())
		if err := os.WriteFile(built, data, 0o755); err != nil {
			return err
		}
		sum := fmt.Appendf(nil, "%x", sha256.Sum256(data))
		p := placement{built: built, output: output, sidecars: []Sidecar{{sidecarExtension, sum}, {".loads" + attestationExtension, sum}}}
		if err := p.place(context.Background()); err != nil {
			return err
		}
	}
}
