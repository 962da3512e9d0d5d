package report

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/plugtool/plugtool/inspector"
	"github.com/plugtool/plugtool/signer/policy"
)

//go:embed schema/*.json
var schemas embed.FS

// LoadsSchema names the schema of the predicate by which a plugin is attested to load into
// hosts. Its documents do not name it: the statement around them has the predicate's type.
const LoadsSchema = "plugtool.loads/v1"

// SchemaNames names the documents that Schema knows, sorted: those that plugtool writes, the
// predicate among them, and policies, which it reads.
func SchemaNames() []string {
	names := []string{VerifySchema, InspectSchema, BaselineSchema, BuildSchema, BuildsSchema, DiffSchema, DoctorSchema, TestSchema, LoadsSchema, PolicyCheckSchema, policy.Schema, inspector.DescriptorSchema}
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
	switch name {
	default:
		return schemas.ReadFile("schema/" + file)
	case BuildsSchema:
		return buildsSchema(file)
	case InspectSchema, inspector.DescriptorSchema:
	}
	// The same facts: one file describes both, and each has its own name in it.
	both, err := schemas.ReadFile("schema/plugtool.inspect.v1.json")
	own := strings.NewReplacer(
		"plugtool.inspect.v1.json", file,
		fmt.Sprintf(`"enum": ["%s", "%s"]`, InspectSchema, inspector.DescriptorSchema), fmt.Sprintf(`"const": "%s"`, name))
	return []byte(own.Replace(string(both))), err
}

// buildsSchema puts what one build's schema defines into that of many.
func buildsSchema(file string) ([]byte, error) {
	many, err := schemas.ReadFile("schema/" + file)
	if err != nil {
		return nil, err
	}
	one, err := schemas.ReadFile("schema/plugtool.build.v1.json")
	if err != nil {
		return nil, err
	}
	_, defs, found := strings.Cut(string(one), "\n  \"$defs\": {\n")
	if !found {
		return nil, fmt.Errorf("the schema %s has no definitions", BuildSchema)
	}
	defs = strings.TrimSuffix(strings.TrimSpace(defs), "}\n}") // of the definitions, and of the whole
	return []byte(strings.Replace(string(many), "    \"plugtool.build.v1.json\": {}", strings.TrimRight(defs, " \n"), 1)), nil
}
