//go:build sweep

package builder_test

import (
	"os"
	"syscall"
	"testing"
)

// TestKilledOften ends a hundred builds by each signal.
func TestKilledOften(t *testing.T) {
	for _, signal := range []os.Signal{os.Kill, os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			signals := make([]os.Signal, 100)
			for i := range signals {
				signals[i] = signal
			}
			killBuilds(t, signals)
		})
	}
}

// TestPlaceKilledOften kills two thousand times while files are put in place.
func TestPlaceKilledOften(t *testing.T) { killPlacings(t, 1000) }
