package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
)

// record is a case of modules.txt, whose beginning says what the fields are.
type record struct {
	name       string
	part       string
	versions   [2][]string // modules with versions: the host's, the plugin's
	imports    []string
	exprs      []string
	own        []string // expressions of the plugin alone
	after      exprs
	refused    string
	shared     sharing
	says       [2]string
	once       []string
	parsedLine int
}

// exprs are expressions that only the host evaluates, when the plugin is loaded.
type exprs struct {
	imports, exprs []string
	says           string
}

// sharing is what comes of a module that cannot be there twice.
type sharing struct{ why, says string }

// sides are the two programs of a record.
var sides = [2]string{"host", "plugin"}

// parse reads modules.txt: the comment at its start, and the records.
func parse(text string) (header string, records []*record, err error) {
	var r *record
	for i, line := range strings.Split(text, "\n") {
		switch {
		case strings.HasPrefix(line, "#") && len(records) == 0:
			header += line + "\n"
			continue
		case line == "":
			r = nil
			continue
		case r == nil:
			r = &record{parsedLine: i + 1}
			records = append(records, r)
		}
		key, value, _ := strings.Cut(line, " ")
		if !r.set(key, value) {
			return "", nil, fmt.Errorf("modules.txt:%d: %q is nothing that a record has", i+1, line)
		}
	}
	for _, r := range records {
		if r.name == "" || len(r.versions[0]) == 0 || len(r.versions[1]) == 0 || len(r.imports) == 0 || len(r.exprs) == 0 {
			return "", nil, fmt.Errorf("modules.txt:%d: the record lacks name, host, plugin, import or expr", r.parsedLine)
		}
		if !r.differs() {
			return "", nil, fmt.Errorf("modules.txt:%d: host and plugin have to name the same modules, at other versions", r.parsedLine)
		}
	}
	return header, records, nil
}

// differs says whether both sides name the same modules in the same order, each at
// another version.
func (r *record) differs() bool {
	return slices.EqualFunc(r.versions[0], r.versions[1], func(a, b string) bool {
		one, version, _ := strings.Cut(a, "@")
		two, other, _ := strings.Cut(b, "@")
		return one == two && version != other
	})
}

// fields gives the fields of a record in the order in which they are written: those that
// occur once, and those that repeat.
func (r *record) fields() []field {
	return []field{
		{key: "name", one: &r.name},
		{key: "part", one: &r.part},
		{key: "host", many: &r.versions[0]},
		{key: "plugin", many: &r.versions[1]},
		{key: "import", many: &r.imports},
		{key: "expr", many: &r.exprs},
		{key: "plugin-expr", many: &r.own},
		{key: "after-import", many: &r.after.imports},
		{key: "after", many: &r.after.exprs},
		{key: "refused", one: &r.refused},
		{key: "shared", one: &r.shared.why},
		{key: "host-says", one: &r.says[0]},
		{key: "plugin-says", one: &r.says[1]},
		{key: "shared-says", one: &r.shared.says},
		{key: "after-says", one: &r.after.says},
		{key: "once", many: &r.once},
	}
}

type field struct {
	key  string
	one  *string
	many *[]string
}

func (r *record) set(key, value string) bool {
	for _, f := range r.fields() {
		switch {
		case f.key != key:
			continue
		case f.many != nil:
			*f.many = append(*f.many, value)
		case *f.one != "":
			return false
		default:
			*f.one = value
		}
		return value != ""
	}
	return false
}

// format writes records as parse reads them.
func format(header string, records []*record) string {
	var b bytes.Buffer
	b.WriteString(header)
	for _, r := range records {
		b.WriteString("\n")
		for _, f := range r.fields() {
			var values []string
			if f.many != nil {
				values = *f.many
			} else if *f.one != "" {
				values = []string{*f.one}
			}
			for _, v := range values {
				fmt.Fprintf(&b, "%s %s\n", f.key, v)
			}
		}
	}
	return b.String()
}

func readRecords(file string) (string, []*record, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", nil, err
	}
	return parse(string(text))
}
