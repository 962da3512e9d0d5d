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
	names := []string{VerifySchema, InspectSchema, BaselineSchema, BuildSchema, DiffSchema, TestSchema, inspector.DescriptorSchema}
	slices.Sort(names)
	return names
}

// Schema gives the JSON Schema (2020-12) of a document, by the name in the
// document's schema field. A name that is not in SchemaNames is an error.
func Schema(name string) ([]byte, error) {
	if !slices.Contains(SchemaNames(), name) {
		return nil, fmt.Errorf("no schema is called %q: have %s", name, strings.Join(SchemaNames(), ", "))
	}
	file := strings.ReplaceAll(name, "/", ".") + ".json"
	if name != InspectSchema && name != inspector.DescriptorSchema {
		return schemas.ReadFile("schema/" + file)
	}
	// The same facts: one file describes both, and each has its own name in it.
	both, err := schemas.ReadFile("schema/plugtool.inspect.v1.json")
	own := strings.NewReplacer(
		"plugtool.inspect.v1.json", file,
		fmt.Sprintf(`"enum": ["%s", "%s"]`, InspectSchema, inspector.DescriptorSchema), fmt.Sprintf(`"const": "%s"`, name))
	return []byte(own.Replace(string(both))), err
}
