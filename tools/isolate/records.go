package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// record is a case of modules.txt.
type record struct {
	name       string
	versions   [2][]string // modules with versions: the host's, the plugin's
	imports    []string
	expr       string
	says       [2]string
	once       []string
	parsedLine int
}

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
		if r.name == "" || len(r.versions[0]) == 0 || len(r.versions[1]) == 0 || len(r.imports) == 0 || r.expr == "" {
			return "", nil, fmt.Errorf("modules.txt:%d: the record lacks name, host, plugin, import or expr", r.parsedLine)
		}
	}
	return header, records, nil
}

func (r *record) set(key, value string) bool {
	switch key {
	case "name":
		r.name = value
	case "host":
		r.versions[0] = append(r.versions[0], value)
	case "plugin":
		r.versions[1] = append(r.versions[1], value)
	case "import":
		r.imports = append(r.imports, value)
	case "expr":
		r.expr = value
	case "host-says":
		r.says[0] = value
	case "plugin-says":
		r.says[1] = value
	case "once":
		r.once = append(r.once, value)
	default:
		return false
	}
	return value != ""
}

// format writes records as parse reads them.
func format(header string, records []*record) string {
	var b bytes.Buffer
	b.WriteString(header)
	for _, r := range records {
		fmt.Fprintf(&b, "\nname %s\n", r.name)
		for i, side := range sides {
			for _, v := range r.versions[i] {
				fmt.Fprintf(&b, "%s %s\n", side, v)
			}
		}
		for _, v := range r.imports {
			fmt.Fprintf(&b, "import %s\n", v)
		}
		fmt.Fprintf(&b, "expr %s\n", r.expr)
		for i, side := range sides {
			if r.says[i] != "" {
				fmt.Fprintf(&b, "%s-says %s\n", side, r.says[i])
			}
		}
		for _, v := range r.once {
			fmt.Fprintf(&b, "once %s\n", v)
		}
	}
	return b.String()
}

// source is the program of a record: the same for host and plugin.
func (r *record) source() string {
	var b strings.Builder
	b.WriteString("package main\n\nimport (\n\t\"fmt\"\n\t\"io\"\n\t\"reflect\"\n\n")
	for _, imp := range r.imports {
		if name, path, ok := strings.Cut(imp, " "); ok {
			fmt.Fprintf(&b, "\t%s %q\n", name, path)
		} else {
			fmt.Fprintf(&b, "\t%q\n", imp)
		}
	}
	fmt.Fprintf(&b, ")\n\nvar _, _ = reflect.TypeOf, io.Discard\n\nfunc main() { fmt.Println(%s) }\n", r.expr)
	return b.String()
}

func readRecords(file string) (string, []*record, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", nil, err
	}
	return parse(string(text))
}
