package sbom

import (
	"testing"

	"github.com/plugtool/plugtool/inspector"
)

func TestModuleComponent(t *testing.T) {
	const h1 = "h1:VvmnnRo4AXr+65c8A+wIXsMVNRkK0aiSS/YQ5E1Ov+Q="
	for _, c := range []struct {
		module              inspector.Module
		name, url, hash, of string // of: what it replaces
	}{
		{inspector.Module{Path: "example.com/a", Version: "v1.0.0+incompatible", Sum: h1}, "example.com/a", "pkg:golang/example.com/a@v1.0.0%2Bincompatible", "56f9a79d1a38017afeeb973c03ec085ec31535190ad1a8924bf610e44d4ebfe4", ""},
		{inspector.Module{Path: "example.com/A", Version: "v1.0.0", Replace: &inspector.Module{Path: "example.com/fork", Version: "v2.0.0", Sum: h1}}, "example.com/fork", "pkg:golang/example.com/fork@v2.0.0", "56f9a79d1a38017afeeb973c03ec085ec31535190ad1a8924bf610e44d4ebfe4", "example.com/A@v1.0.0"},
		{inspector.Module{Path: "example.com/a", Version: "v1.0.0", Replace: &inspector.Module{Path: "/home/me/a", Version: "(devel)"}}, "example.com/a", "pkg:golang/example.com/a", "", "example.com/a@v1.0.0"},
		{inspector.Module{Path: "example.com/a", Version: "v1.0.0", Sum: "h1:short"}, "example.com/a", "pkg:golang/example.com/a@v1.0.0", "", ""},
	} {
		got := moduleComponent(c.module)
		hash, of := "", ""
		if got.Hashes != nil {
			hash = (*got.Hashes)[0].Value
		}
		if got.Properties != nil {
			for _, p := range *got.Properties {
				if p.Name == "plugtool:replaces" {
					of = p.Value
				}
			}
		}
		if got.Name != c.name || got.PackageURL != c.url || hash != c.hash || of != c.of {
			t.Errorf("%+v: name %s, url %s, hash %s, replaces %s", c.module, got.Name, got.PackageURL, hash, of)
		}
	}
}
