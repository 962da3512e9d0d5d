package report

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector"
)

//go:embed schema/*.json
var schemas embed.FS

// SchemaNames names the documents that Schema knows, sorted.
func SchemaNames() []string {
	names := []string{VerifySchema, InspectSchema, BaselineSchema, BuildSchema, DiffSchema, inspector.DescriptorSchema}
	slices.Sort(names)
	return names
}

// Schema gives the JSON Schema (2020-12) of a document, by the name in the
// document's schema field. A name that is not in SchemaNames is an error.
func Schema(name string) ([]byte, error) {
	if !slices.Contains(SchemaNames(), name) {
		return nil, fmt.Errorf("no schema is called %q: have %s", name, strings.Join(SchemaNames(), ", "))
	}
	if name == inspector.DescriptorSchema {
		name = InspectSchema // the same facts; one schema describes both
	}
	return schemas.ReadFile("schema/" + strings.ReplaceAll(name, "/", ".") + ".json")
}
