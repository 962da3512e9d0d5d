//go:build sweep

package builder_test

import "testing"

func TestSmallHostOfEveryHost(t *testing.T) {
	for _, c := range hostCases {
		t.Run(c.name, func(t *testing.T) { c.testSmallHost(t) })
	}
}
