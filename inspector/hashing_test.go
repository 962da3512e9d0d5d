package inspector_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

// TestReadSignedPlugin has files read and hashed side by side, of sizes about those of
// the parts in which that happens, and asks for the digest from several at once.
func TestReadSignedPlugin(t *testing.T) {
	const part = 256 << 10
	random := rand.NewChaCha8([32]byte{1})
	for _, size := range []int{0, 1, part - 1, part, part + 1, 3*part + 7} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			data := make([]byte, size)
			random.Read(data)
			file := filepath.Join(t.TempDir(), "p.so")
			if err := os.WriteFile(file, data, 0o644); err != nil {
				t.Fatal(err)
			}
			p := inspector.ReadSignedPlugin(file)
			if p.Err != nil || !bytes.Equal(p.Data, data) {
				t.Fatalf("read %d bytes and %v, want the %d of the file", len(p.Data), p.Err, size)
			}
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					if p.Digest() != sha256.Sum256(data) {
						t.Error("the digest is not the file's")
					}
				})
			}
			all.Wait()
		})
	}
	if p := inspector.ReadSignedPlugin(filepath.Join(t.TempDir(), "none.so")); p.Err == nil || p.Digest() != sha256.Sum256(nil) {
		t.Errorf("a file that does not exist: error %v, digest %x", p.Err, p.Digest())
	}
}
